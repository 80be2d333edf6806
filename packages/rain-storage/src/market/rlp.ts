/** RLP (Ethereum Yellow Paper, appendix B): as much as headers and transactions need. */
import { concat, fromHex } from '../content/bytes.ts'

/** A byte string. */
export function encodeBytes(bytes: Uint8Array): Uint8Array {
  if (bytes.length === 1 && bytes[0]! < 0x80) return bytes
  return concat([prefix(bytes.length, 0x80), bytes])
}

/** A number: its bytes without leading zeros, none for zero. */
export function encodeQuantity(value: bigint): Uint8Array {
  return encodeBytes(value === 0n ? new Uint8Array(0) : bigEndian(value))
}

/** A list of what is encoded already. */
export function encodeList(items: readonly Uint8Array[]): Uint8Array {
  const payload = concat([...items, new Uint8Array(0)])
  return concat([prefix(payload.length, 0xc0), payload])
}

function prefix(length: number, base: number): Uint8Array {
  if (length <= 55) return Uint8Array.of(base + length)
  const bytes = bigEndian(BigInt(length))
  return Uint8Array.of(base + 55 + bytes.length, ...bytes)
}

function bigEndian(value: bigint): Uint8Array {
  const digits = value.toString(16)
  return fromHex(digits.length % 2 === 1 ? `0${digits}` : digits)!
}
