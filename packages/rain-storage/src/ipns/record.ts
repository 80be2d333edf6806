/** IPNS records: a signed pointer from a name to a content path (specs.ipfs.tech/ipns/ipns-record). Only the signature of version 2 counts. */
import * as dagCbor from '@ipld/dag-cbor'
import { ed25519 } from '@noble/curves/ed25519.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import type { CID } from 'multiformats/cid'
import { concat, encodeVarint, sameBytes } from '../content/bytes.ts'
import { hash } from '../content/cid.ts'
import { formatTime, parseTime } from '../content/time.ts'
import { protobufFields } from '../content/unixfs.ts'
import type { CryptoPort } from '../crypto/port.ts'
import { StorageError } from '../errors.ts'
import { keyType } from './name.ts'

/** Largest record, as the specification has it. */
export const MAX_RECORD_BYTES = 10 * 1024
/** What a name without a time to live may be kept for, in seconds. */
const DEFAULT_TTL_S = 300
const PREFIX = new TextEncoder().encode('ipns-signature:')

/** What a record says, checked. */
export interface IpnsRecord {
  /** `/ipfs/…` or `/ipns/…` */
  readonly value: string
  readonly sequence: bigint
  /** milliseconds since 1970 */
  readonly validUntilMs: number
  readonly ttlS: number
}

interface Fields {
  readonly value?: Uint8Array | undefined
  readonly signatureV1?: Uint8Array | undefined
  readonly validityType?: number | undefined
  readonly validity?: Uint8Array | undefined
  readonly sequence?: bigint | undefined
  readonly ttl?: bigint | undefined
  readonly publicKey?: Uint8Array | undefined
  readonly signatureV2?: Uint8Array | undefined
  readonly data?: Uint8Array | undefined
}

/**
 * Checks that `bytes` are a record of `name` that holds at `nowMs`.
 * @throws StorageError `STORAGE_LIMIT`, `STORAGE_MALFORMED`, or `STORAGE_UNAUTHENTIC` for a missing or wrong signature, another key, values of version 1 that
 * differ from those that are signed, and a record that has run out
 */
export async function readRecord(crypto: CryptoPort, name: CID, bytes: Uint8Array, nowMs: number): Promise<IpnsRecord> {
  if (bytes.length > MAX_RECORD_BYTES)
    throw new StorageError('STORAGE_LIMIT', `An IPNS record has at most ${MAX_RECORD_BYTES} bytes`, {
      length: bytes.length,
    })
  const fields = decodeFields(bytes)
  const { signatureV2, data } = fields
  if (signatureV2 === undefined || data === undefined) throw unauthentic('it has no signature of version 2')
  const key = await publicKeyOf(crypto, name, fields.publicKey)
  if (!(await verify(key, concat([PREFIX, data]), signatureV2))) throw unauthentic('its signature is wrong')
  const signed = decodeData(data)
  const old = fields
  if (old.value !== undefined || old.signatureV1 !== undefined) {
    const same =
      sameBytes(old.value ?? new Uint8Array(0), signed.Value) &&
      sameBytes(old.validity ?? new Uint8Array(0), signed.Validity) &&
      (old.validityType ?? 0) === signed.ValidityType &&
      (old.sequence ?? 0n) === signed.Sequence &&
      (old.ttl ?? 0n) === (signed.TTL ?? 0n)
    if (!same) throw unauthentic('its values of version 1 are not those that are signed')
  }
  if (signed.ValidityType !== 0) throw malformed('its kind of validity is not known')
  const text = new TextDecoder()
  const validUntilMs = endOf(signed)
  if (Number.isNaN(validUntilMs)) throw malformed('its end of validity is not a date')
  if (validUntilMs < nowMs) throw unauthentic(`it ran out at ${text.decode(signed.Validity)}`)
  const ttlS = signed.TTL === undefined || signed.TTL === 0n ? DEFAULT_TTL_S : Math.floor(Number(signed.TTL) / 1e9)
  return {
    value: text.decode(signed.Value),
    sequence: signed.Sequence,
    validUntilMs,
    ttlS: Math.max(0, Math.min(ttlS, Math.floor((validUntilMs - nowMs) / 1000))),
  }
}

/** Which of some valid records of one name counts: the one with the highest sequence, then the one that holds longest. */
export function newestRecord(records: readonly Uint8Array[]): number {
  let best = 0
  let first: SignedData | undefined
  for (const [i, bytes] of records.entries()) {
    const { data } = decodeFields(bytes)
    if (data === undefined) continue
    const signed = decodeData(data)
    const newer =
      first === undefined ||
      signed.Sequence > first.Sequence ||
      (signed.Sequence === first.Sequence && endOf(signed) > endOf(first))
    if (!newer) continue
    best = i
    first = signed
  }
  return best
}

function endOf({ Validity }: SignedData): number {
  return parseTime(new TextDecoder().decode(Validity))
}

/** What {@link createRecord} signs. */
export interface RecordInput {
  /** 32 bytes of an Ed25519 key */
  readonly secretKey: Uint8Array
  /** `/ipfs/…` or `/ipns/…` */
  readonly value: string
  /** larger than that of every record before */
  readonly sequence: bigint
  readonly validUntilMs: number
  /** seconds for which readers may keep the answer */
  readonly ttlS: number
}

/** Makes a record (version 2 only). */
export function createRecord({ secretKey, value, sequence, validUntilMs, ttlS }: RecordInput): Uint8Array {
  const text = new TextEncoder()
  const data = dagCbor.encode({
    Value: text.encode(value),
    Validity: text.encode(formatTime(validUntilMs)),
    ValidityType: 0,
    Sequence: sequence,
    TTL: BigInt(ttlS) * 1_000_000_000n,
  })
  const bytes = (field: number, body: Uint8Array) => [encodeVarint(field * 8 + 2), encodeVarint(body.length), body]
  return concat([...bytes(8, ed25519.sign(concat([PREFIX, data]), secretKey)), ...bytes(9, data)])
}

function decodeFields(bytes: Uint8Array): Fields {
  const bodies = new Map<number, Uint8Array>()
  const values = new Map<number, bigint>()
  for (const { field, varint, body } of protobufFields(bytes)) {
    if (body === undefined) values.set(field, bigOf(varint ?? new Uint8Array(0)))
    else bodies.set(field, body)
  }
  return {
    value: bodies.get(1),
    signatureV1: bodies.get(2),
    validityType: values.has(3) ? Number(values.get(3)) : undefined,
    validity: bodies.get(4),
    sequence: values.get(5),
    ttl: values.get(6),
    publicKey: bodies.get(7),
    signatureV2: bodies.get(8),
    data: bodies.get(9),
  }
}

/** A varint of up to 64 bits: times to live are in nanoseconds. */
function bigOf(varint: Uint8Array): bigint {
  return varint.reduce((sum, byte, i) => sum + (BigInt(byte & 127) << BigInt(7 * i)), 0n)
}

interface SignedData {
  readonly Value: Uint8Array
  readonly Validity: Uint8Array
  readonly ValidityType: number
  readonly Sequence: bigint
  readonly TTL?: bigint
}

function decodeData(data: Uint8Array): SignedData {
  let value: Record<string, unknown>
  try {
    value = dagCbor.decode(data)
  } catch (cause) {
    throw new StorageError('STORAGE_MALFORMED', 'The data of the IPNS record is not DAG-CBOR', {}, { cause })
  }
  const { Value, Validity, ValidityType, Sequence, TTL } = value ?? {}
  const whole = (x: unknown): x is number | bigint => (typeof x === 'bigint' || Number.isInteger(x)) && Number(x) >= 0
  if (
    !(Value instanceof Uint8Array) ||
    !(Validity instanceof Uint8Array) ||
    !whole(ValidityType) ||
    !whole(Sequence) ||
    !whole(TTL ?? 0)
  ) {
    throw malformed('a field is missing')
  }
  return {
    Value,
    Validity,
    ValidityType: Number(ValidityType),
    Sequence: BigInt(Sequence),
    ...(TTL === undefined ? {} : { TTL: BigInt(TTL as number) }),
  }
}

interface PublicKey {
  readonly type: number
  readonly bytes: Uint8Array
}

/** The key that the name stands for: in the name itself, or in the record and hashed by the name. */
async function publicKeyOf(crypto: CryptoPort, name: CID, given: Uint8Array | undefined): Promise<PublicKey> {
  const { code, digest } = name.multihash
  if (code === hash.identity) return decodePublicKey(digest)
  if (given === undefined || code !== hash.sha256 || !sameBytes(await crypto.sha256(given), digest))
    throw unauthentic('it does not hold the key of this name')
  return decodePublicKey(given)
}

function decodePublicKey(encoded: Uint8Array): PublicKey {
  let type: number | undefined
  let bytes: Uint8Array | undefined
  for (const { field, value, body } of protobufFields(encoded)) {
    if (field === 1) type = value
    else if (field === 2) bytes = body
  }
  if (type === undefined || bytes === undefined) throw malformed('its key is broken')
  return { type, bytes }
}

async function verify({ type, bytes }: PublicKey, message: Uint8Array, signature: Uint8Array): Promise<boolean> {
  try {
    if (type === keyType.ed25519) return ed25519.verify(signature, message, bytes)
    if (type === keyType.secp256k1) return secp256k1.verify(signature, message, bytes, { format: 'der', lowS: false })
    if (type === keyType.rsa) {
      const { subtle } = globalThis.crypto
      const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
      const key = await subtle.importKey('spki', bytes as Uint8Array<ArrayBuffer>, algorithm, false, ['verify'])
      return await subtle.verify(
        algorithm,
        key,
        signature as Uint8Array<ArrayBuffer>,
        message as Uint8Array<ArrayBuffer>,
      )
    }
  } catch {
    return false // a key or signature that does not parse
  }
  return false
}

function malformed(what: string): StorageError {
  return new StorageError('STORAGE_MALFORMED', `The IPNS record is broken: ${what}`)
}

function unauthentic(what: string): StorageError {
  return new StorageError('STORAGE_UNAUTHENTIC', `The IPNS record does not count: ${what}`)
}
