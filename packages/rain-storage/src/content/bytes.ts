/** Byte strings: joining, comparing, and the unsigned LEB128 integers of multiformats. */
import { StorageError } from '../errors.ts'

/** One array with all of `parts` in order. Cost: one copy. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!
  let length = 0
  for (const part of parts) length += part.length
  const whole = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** True for equal bytes. Not constant in time: never for secrets. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** Lower-case hex of bytes. */
export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0')
  return text
}

/** Bytes of hex text; `undefined` when it is not hex. */
export function fromHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) return undefined
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16))
}

/** Unsigned varint of a non-negative safe integer. */
export function encodeVarint(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = value
  while (rest >= 128) {
    bytes.push((rest % 128) | 128)
    rest = Math.floor(rest / 128)
  }
  bytes.push(rest)
  return Uint8Array.from(bytes)
}

/**
 * Reads a varint at `offset`; `undefined` when the bytes end inside it.
 * @throws StorageError `STORAGE_MALFORMED` for one above 2^53 − 1 or longer than 9 bytes (multiformats limit)
 */
export function decodeVarint(bytes: Uint8Array, offset: number): { value: number; length: number } | undefined {
  let value = 0
  let scale = 1
  for (let i = 0; i < 9; i++) {
    const byte = bytes[offset + i]
    if (byte === undefined) return undefined
    value += (byte & 127) * scale
    if (value > Number.MAX_SAFE_INTEGER) break
    if (byte < 128) return { value, length: i + 1 }
    scale *= 128
  }
  throw new StorageError('STORAGE_MALFORMED', 'A varint is longer than 9 bytes or above 2^53', { offset })
}
