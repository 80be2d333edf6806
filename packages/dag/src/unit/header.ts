/** U1: the header of a unit, its canonical bytes (one DAG-CBOR block) and its id. */
import { blake2b } from '@noble/hashes/blake2.js'
import { CborReader, CborWriter } from './cbor.ts'
import type { UnitHeader } from './header-fields.ts'
import { type Address, bytesToHex, hexToBytes, type UnitId } from './id.ts'
import { FORMAT_BOUNDS } from './limits.ts'
import { assertHeaderFields, MAX_ROUND } from './validate.ts'

export type { LastFinal, UnitHeader, ValidatorFields } from './header-fields.ts'

/** A hash with 32 bytes of output. The default is BLAKE2b-256 of `@noble/hashes`; a node may plug a faster one of the same function. */
export type Hash = (data: Uint8Array) => Uint8Array

/** BLAKE2b with 256 bits of output (RFC 7693). */
export const blake2b256: Hash = (data) => blake2b(data, { dkLen: 32 })

/** First item of every header: separates unit ids from every other use of the hash. */
const HEADER_DOMAIN = 'zos-unit'

const USER_ITEMS = 10
const VALIDATOR_ITEMS = 11

/** The canonical bytes of a header. Throws `DAG_UNIT_INVALID` for fields that have no encoding. Cost: linear in the parents. */
export function encodeHeader(header: UnitHeader): Uint8Array {
  assertHeaderFields(header)
  const writer = new CborWriter(192 + 43 * header.parents.length)
  writer
    .array(header.validator ? VALIDATOR_ITEMS : USER_ITEMS)
    .text(HEADER_DOMAIN)
    .uint(header.version)
  writer.uint(header.networkId).array(header.parents.length)
  for (const parent of header.parents) writer.link(hexToBytes(parent))
  writer.bytes(hexToBytes(header.messageRoot)).uint(header.payloadLength).uint(header.timestampMs)
  writer.array(header.authors.length)
  for (const author of header.authors) writer.bytes(hexToBytes(author))
  writer.array(2).uint(header.lastFinal.mci).bytes(hexToBytes(header.lastFinal.id)).uint(header.validUntilMci)
  if (header.validator) writer.uint(header.validator.round)
  return writer.finish()
}

/**
 * Reads a header. Throws `DAG_ENCODING` for every byte string that {@link encodeHeader} would not have written, so
 * `encodeHeader(decodeHeader(b))` equals `b`. Limits of a network are checked by `validateHeaderShape`.
 */
export function decodeHeader(bytes: Uint8Array): UnitHeader {
  const reader = new CborReader(bytes)
  const items = reader.array(VALIDATOR_ITEMS)
  if (items < USER_ITEMS) reader.fail(`${USER_ITEMS} or ${VALIDATOR_ITEMS} items`)
  reader.text(HEADER_DOMAIN)
  const version = reader.uint()
  if (version !== 1) reader.fail('header version 1')
  const networkId = reader.uint(0xffffffff)
  const parents: UnitId[] = []
  for (let left = reader.array(FORMAT_BOUNDS.parents); left > 0; left--)
    parents.push(bytesToHex(reader.link()) as UnitId)
  const messageRoot = bytesToHex(reader.bytesOf(32))
  const payloadLength = reader.uint(FORMAT_BOUNDS.payloadBytes)
  const timestampMs = reader.uint()
  const authors: Address[] = []
  for (let left = reader.array(FORMAT_BOUNDS.authors); left > 0; left--) {
    authors.push(bytesToHex(reader.bytesOf(20)) as Address)
  }
  if (reader.array(2) !== 2) reader.fail('the last final index and id')
  const lastFinal = { mci: reader.uint(), id: bytesToHex(reader.bytesOf(32)) as UnitId }
  const validUntilMci = reader.uint()
  const header = {
    version: 1,
    networkId,
    parents,
    messageRoot,
    payloadLength,
    timestampMs,
    authors,
    lastFinal,
    validUntilMci,
  } as const
  if (items === USER_ITEMS) {
    reader.end()
    return header
  }
  const round = reader.uint(MAX_ROUND)
  reader.end()
  if (parents.length === 0) reader.fail('a self-parent in a validator unit')
  return { ...header, validator: { round, selfParent: parents[0]! } }
}

/** The id of the unit with this header: BLAKE2b-256 of its canonical bytes. */
export function unitId(header: UnitHeader, hash: Hash = blake2b256): UnitId {
  return bytesToHex(hash(encodeHeader(header))) as UnitId
}
