import { sha256 } from '@noble/hashes/sha2.js'
import type { CacheSnapshot } from './engine.ts'

/** `ZCI` and the version of the format. */
const MAGIC = Uint8Array.of(0x5a, 0x43, 0x49, 1)
const CHECK_BYTES = 8

/**
 * Writes a snapshot: magic, queue count, then for each queue its row count and rows of (key length, key in UTF-8, size, mark), all numbers
 * unsigned LEB128, and eight bytes of SHA-256 over all of it.
 */
export function encodeSnapshot(snapshot: CacheSnapshot<string>): Uint8Array {
  const text = new TextEncoder()
  let bytes = new Uint8Array(1024)
  let at = 0
  const room = (n: number) => {
    if (at + n <= bytes.length) return
    const larger = new Uint8Array(Math.max(bytes.length * 2, at + n))
    larger.set(bytes)
    bytes = larger
  }
  const number = (value: number) => {
    room(8)
    let rest = value
    while (rest >= 128) {
      bytes[at++] = (rest % 128) | 128
      rest = Math.floor(rest / 128)
    }
    bytes[at++] = rest
  }
  bytes.set(MAGIC)
  at = MAGIC.length
  number(snapshot.length)
  for (const rows of snapshot) {
    number(rows.length)
    for (const [key, size, mark] of rows) {
      const name = text.encode(key)
      number(name.length)
      room(name.length)
      bytes.set(name, at)
      at += name.length
      number(size)
      number(mark)
    }
  }
  room(CHECK_BYTES)
  bytes.set(sha256(bytes.subarray(0, at)).subarray(0, CHECK_BYTES), at)
  return bytes.slice(0, at + CHECK_BYTES)
}

/** Reads what {@link encodeSnapshot} wrote; `undefined` when the bytes are damaged or of another version. */
export function decodeSnapshot(bytes: Uint8Array): CacheSnapshot<string> | undefined {
  const end = bytes.length - CHECK_BYTES
  if (end < MAGIC.length || MAGIC.some((byte, i) => bytes[i] !== byte)) return undefined
  const check = sha256(bytes.subarray(0, end))
  for (let i = 0; i < CHECK_BYTES; i++) if (bytes[end + i] !== check[i]) return undefined
  const text = new TextDecoder()
  let at = MAGIC.length
  const number = () => {
    let value = 0
    for (let unit = 1; ; unit *= 128) {
      const byte = bytes[at++]!
      value += (byte & 127) * unit
      if (byte < 128) return value
    }
  }
  return Array.from({ length: number() }, () =>
    Array.from({ length: number() }, (): [string, number, number] => {
      const length = number()
      const key = text.decode(bytes.subarray(at, at + length))
      at += length
      return [key, number(), number()]
    }),
  )
}
