import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { CdnError } from '../../errors.ts'
import type { Grants, RunStatus } from '../run/run.ts'
import { type Signer, verifyEd25519 } from './signer.ts'

/** What a runner signs: that this function, given this input and these limits, ends so. */
export interface ResultRecord extends Grants {
  readonly function: CID
  readonly input: CID
  readonly output: CID
  /** How the run ended: the same wherever the function runs. */
  readonly status: RunStatus
  /** What `handle` answered, a signed 32-bit number; 0 where the run did not end by itself. */
  readonly exitCode: number
  /**
   * Fuel used, by the table of the execution profile (docs/edge.md); all of the limit where the run did not end by
   * itself.
   */
  readonly fuel: number
  readonly fuelLimit: number
  /** Pages of memory, 64 KiB each, that the function might have. */
  readonly memoryPages: number
  /** The runner's Ed25519 key. */
  readonly runner: Uint8Array
}

/**
 * A result record under its runner's signature: what a runner can be held to, since anyone may run the function again.
 */
export interface SignedResult {
  readonly record: ResultRecord
  /** Ed25519, 64 bytes, over a tag and the record's encoding. */
  readonly signature: Uint8Array
}

/** Signatures under this tag mean nothing elsewhere, and others nothing here. The number is that of the execution profile. */
const TAG = new TextEncoder().encode('zos/zcdn/edge-result/1\0')
const STATUSES: readonly RunStatus[] = ['done', 'trapped', 'out-of-fuel', 'stack']
const MAX_CID_BYTES = 128
const GRANT_NOW = 1
const GRANT_SEED = 2

/**
 * The record's only encoding: function, input and output CID, each behind its length (u8); status (u8); exit code (i32); fuel and limit (u64); pages
 * of memory (u32); grants (u8: 1 time, 2 seed), then the time (u64) and the seed (32 bytes) where granted; the runner's key (32 bytes).
 * Numbers are little-endian.
 */
export function encodeRecord(record: ResultRecord): Uint8Array {
  return join([encodeStatement(record), record.runner])
}

/** The record without its runner: equal exactly when two runners say the same. */
export function encodeStatement(record: ResultRecord): Uint8Array {
  const numbers = new DataView(new ArrayBuffer(26))
  numbers.setUint8(0, STATUSES.indexOf(record.status))
  numbers.setInt32(1, record.exitCode, true)
  numbers.setBigUint64(5, BigInt(record.fuel), true)
  numbers.setBigUint64(13, BigInt(record.fuelLimit), true)
  numbers.setUint32(21, record.memoryPages, true)
  numbers.setUint8(25, (record.nowMs === undefined ? 0 : GRANT_NOW) | (record.seed ? GRANT_SEED : 0))
  const parts: Uint8Array[] = [record.function, record.input, record.output].flatMap(({ bytes }) => [
    Uint8Array.of(bytes.length),
    bytes,
  ])
  parts.push(new Uint8Array(numbers.buffer))
  if (record.nowMs !== undefined) {
    const now = new DataView(new ArrayBuffer(8))
    now.setBigUint64(0, BigInt(record.nowMs), true)
    parts.push(new Uint8Array(now.buffer))
  }
  if (record.seed) parts.push(record.seed)
  return join(parts)
}

/** @throws CdnError `CDN_EDGE_BAD_RESULT` for anything that {@link encodeRecord} does not write */
export function decodeRecord(bytes: Uint8Array): ResultRecord {
  const bad = (what: string) =>
    new CdnError('CDN_EDGE_BAD_RESULT', `no result record: ${what}`, { bytes: bytes.length })
  const own = new Uint8Array(bytes)
  let at = 0
  const take = (length: number): Uint8Array<ArrayBuffer> => {
    if (length > own.length - at) throw bad('too short')
    at += length
    return own.slice(at - length, at)
  }
  const cid = (): CID => {
    const length = take(1)[0]!
    if (length > MAX_CID_BYTES) throw bad('a CID that is too long')
    const encoded = take(length)
    let decoded: CID
    try {
      decoded = CID.decode(encoded)
    } catch (cause) {
      throw new CdnError('CDN_EDGE_BAD_RESULT', 'no result record: a CID that is none', {}, { cause })
    }
    // Numbers in a CID can be written longer than need be; here they may not.
    const { version, code, multihash } = decoded
    const digest = createDigest(multihash.code, multihash.digest)
    if (version !== 1 || !sameBytes(CID.createV1(code, digest).bytes, encoded)) throw bad('a CID in another encoding')
    return decoded
  }
  const safe = (value: bigint): number => {
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw bad('a number that is too large')
    return Number(value)
  }
  const [code, input, output] = [cid(), cid(), cid()]
  const numbers = new DataView(take(26).buffer)
  const status = STATUSES[numbers.getUint8(0)]
  const grants = numbers.getUint8(25)
  if (!status) throw bad(`status ${numbers.getUint8(0)}`)
  if (grants > (GRANT_NOW | GRANT_SEED)) throw bad(`grants ${grants}`)
  const nowMs = grants & GRANT_NOW ? safe(new DataView(take(8).buffer).getBigUint64(0, true)) : undefined
  const seed = grants & GRANT_SEED ? take(32) : undefined
  const record: ResultRecord = {
    function: code!,
    input: input!,
    output: output!,
    status,
    exitCode: numbers.getInt32(1, true),
    fuel: safe(numbers.getBigUint64(5, true)),
    fuelLimit: safe(numbers.getBigUint64(13, true)),
    memoryPages: numbers.getUint32(21, true),
    ...(nowMs !== undefined && { nowMs }),
    ...(seed && { seed }),
    runner: take(32),
  }
  if (at !== bytes.length) throw bad(`${bytes.length - at} bytes too many`)
  return record
}

/** Signs what a run came to. */
export async function signResult(record: Omit<ResultRecord, 'runner'>, signer: Signer): Promise<SignedResult> {
  const full = { ...record, runner: signer.publicKey }
  return { record: full, signature: await signer.sign(join([TAG, encodeRecord(full)])) }
}

/** Record and signature in one piece, for headers and files. */
export function encodeSignedResult({ record, signature }: SignedResult): Uint8Array {
  return join([signature, encodeRecord(record)])
}

/** @throws CdnError `CDN_EDGE_BAD_RESULT`; the signature is not checked, see {@link verifyResult} */
export function decodeSignedResult(bytes: Uint8Array): SignedResult {
  if (bytes.length < 64)
    throw new CdnError('CDN_EDGE_BAD_RESULT', 'no signed result: too short', { bytes: bytes.length })
  return { signature: new Uint8Array(bytes.subarray(0, 64)), record: decodeRecord(bytes.subarray(64)) }
}

/** What a requester knows of the run that it asked for; each that is given must be as in the record. */
export interface ExpectedResult {
  readonly function?: CID
  readonly input?: CID
  readonly output?: CID
  readonly fuelLimit?: number
  readonly memoryPages?: number
  readonly nowMs?: number
  readonly seed?: Uint8Array
  /** Keys of runners that are believed. */
  readonly runners?: readonly Uint8Array[]
}

/** Whether a signed result counts as what was asked for; `reason` says in words why not. */
export type Verdict = { readonly status: 'valid' } | { readonly status: 'invalid'; readonly reason: string }

/** Whether the signature is the runner's and the record is about what was asked. Never throws for foreign records. */
export async function verifyResult(
  { record, signature }: SignedResult,
  expected: ExpectedResult = {},
): Promise<Verdict> {
  const invalid = (reason: string): Verdict => ({ status: 'invalid', reason })
  for (const name of ['function', 'input', 'output'] as const)
    if (expected[name] && !expected[name].equals(record[name])) return invalid(`another ${name}`)
  for (const name of ['fuelLimit', 'memoryPages', 'nowMs'] as const)
    if (expected[name] !== undefined && expected[name] !== record[name]) return invalid(`another ${name}`)
  if (expected.seed && !(record.seed && sameBytes(record.seed, expected.seed))) return invalid('another seed')
  if (record.fuel > record.fuelLimit) return invalid('more fuel than the limit')
  if (expected.runners && !expected.runners.some((key) => sameBytes(key, record.runner)))
    return invalid('an unknown runner')
  if (!(await verifyEd25519(record.runner, join([TAG, encodeRecord(record)]), signature)))
    return invalid('the signature is not of this record')
  return { status: 'valid' }
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}
