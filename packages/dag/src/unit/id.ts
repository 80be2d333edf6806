import { DagError } from '../errors.ts'

/** A hexadecimal string with its prefix. */
export type Hex = `0x${string}`

declare const brand: unique symbol

/** The id of a unit: `0x` and 64 lowercase hexadecimal digits (BLAKE2b-256 of the header's canonical bytes). */
export type UnitId = Hex & { readonly [brand]: 'UnitId' }

/** An account: `0x` and 40 lowercase hexadecimal digits, derived as Ethereum does. */
export type Address = Hex & { readonly [brand]: 'Address' }

const UNIT_ID = /^0x[0-9a-f]{64}$/
const ADDRESS = /^0x[0-9a-f]{40}$/
const BYTES = /^0x(?:[0-9a-f]{2})*$/

/** True if `value` is written as a unit id. */
export function isUnitId(value: unknown): value is UnitId {
  return typeof value === 'string' && UNIT_ID.test(value)
}

/** True if `value` is written as an address in lowercase. */
export function isAddress(value: unknown): value is Address {
  return typeof value === 'string' && ADDRESS.test(value)
}

/** Reads a unit id; throws `DAG_INVALID_ARGUMENT` unless it is `0x` and 64 lowercase digits. */
export function toUnitId(value: string): UnitId {
  if (isUnitId(value)) return value
  throw new DagError('DAG_INVALID_ARGUMENT', `not a unit id: ${value} (0x and 64 lowercase hex digits)`, { value })
}

/** Reads an address in any letter case (EIP-55 checksums are not checked); throws `DAG_INVALID_ARGUMENT` otherwise. */
export function toAddress(value: string): Address {
  const lower = value.toLowerCase()
  if (isAddress(lower)) return lower
  throw new DagError('DAG_INVALID_ARGUMENT', `not an address: ${value} (0x and 40 hex digits)`, { value })
}

const HEX_OF_BYTE = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Writes bytes as lowercase hexadecimal with prefix. */
export function bytesToHex(bytes: Uint8Array): Hex {
  let hex = '0x'
  for (let i = 0; i < bytes.length; i++) hex += HEX_OF_BYTE[bytes[i]!]
  return hex as Hex
}

/** The value of the lowercase hexadecimal digit with this character code; digits only, unchecked. */
export function hexDigit(charCode: number): number {
  return charCode < 58 ? charCode - 48 : charCode - 87
}

/** Reads lowercase hexadecimal with prefix; throws `DAG_INVALID_ARGUMENT` for anything else. */
export function hexToBytes(hex: string): Uint8Array {
  if (!BYTES.test(hex)) throw new DagError('DAG_INVALID_ARGUMENT', `not lowercase hex with prefix: ${hex}`, { hex })
  const bytes = new Uint8Array(hex.length / 2 - 1)
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = (hexDigit(hex.charCodeAt(2 * i + 2)) << 4) | hexDigit(hex.charCodeAt(2 * i + 3))
  }
  return bytes
}
