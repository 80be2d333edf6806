/** Length-prefixed byte strings: the one encoding of checkpoints, committees and evidence. */
import { concatBytes } from '@noble/hashes/utils.js'

/** Joins fields, each behind its length (two bytes, big-endian). */
export function joinFields(fields: readonly Uint8Array[]): Uint8Array {
  return concatBytes(...fields.flatMap((field) => [Uint8Array.of(field.length >> 8, field.length & 255), field]))
}

/** Splits what {@link joinFields} joined; undefined if the lengths do not fit exactly or there are more than `limit` fields. */
export function splitFields(bytes: Uint8Array, limit: number): Uint8Array[] | undefined {
  const fields: Uint8Array[] = []
  let at = 0
  while (at < bytes.length) {
    if (at + 2 > bytes.length || fields.length === limit) return undefined
    const end = at + 2 + (bytes[at]! << 8) + bytes[at + 1]!
    if (end > bytes.length) return undefined
    fields.push(bytes.subarray(at + 2, end))
    at = end
  }
  return fields
}

/** A number as 8 bytes, big-endian. */
export function numberBytes(number: number | bigint): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(number))
  return bytes
}
