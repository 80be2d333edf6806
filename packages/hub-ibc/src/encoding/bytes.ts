/** Small pure functions on byte strings. Nothing here keeps or changes its input. */
import { HubError } from '../errors.ts'

// Every runtime has these two; declared here so that no DOM or Node types are needed.
declare const TextEncoder: new () => { encode(text: string): Uint8Array }
declare const TextDecoder: new (
  label: string,
  options: { fatal: boolean; ignoreBOM: boolean },
) => { decode(bytes: Uint8Array): string }

const UTF8 = new TextEncoder()
const UTF8_STRICT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Up to this length a loop over ASCII is faster than the platform's encoder (three times for 40 characters). */
const SHORT_TEXT = 96

/** The UTF-8 bytes of `text`. */
export function utf8(text: string): Uint8Array {
  const { length } = text
  if (length > SHORT_TEXT) return UTF8.encode(text)
  const bytes = new Uint8Array(length)
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i)
    if (code > 0x7f) return UTF8.encode(text)
    bytes[i] = code
  }
  return bytes
}

function isAscii(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (bytes[i]! > 0x7f) return false
  return true
}

/** Up to this length the decoder's call costs more than its work: 170 ns against 70 for eight characters. */
const SHORT_BYTES = 16

/** The text of UTF-8 `bytes`. Throws `HUB_DECODE` where they are not UTF-8. */
export function fromUtf8(bytes: Uint8Array): string {
  if (bytes.length <= SHORT_BYTES && isAscii(bytes))
    return String.fromCharCode.apply(null, bytes as unknown as number[])
  try {
    return UTF8_STRICT.decode(bytes)
  } catch (cause) {
    throw new HubError('HUB_DECODE', 'bytes are not UTF-8 text', { length: bytes.length }, { cause })
  }
}

export const EMPTY_BYTES: Uint8Array = new Uint8Array(0)

/** All `parts` one after the other. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const out = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

/** True when both hold the same bytes. Not constant time: for public data only. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** Lexicographic order of unsigned bytes, a proper prefix first; below, at or above zero like `Array.sort` wants it. */
export function compare(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const difference = a[i]! - b[i]!
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/** True when `bytes` begins with `prefix`. */
export function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  if (bytes.length < prefix.length) return false
  for (let i = 0; i < prefix.length; i++) if (bytes[i] !== prefix[i]) return false
  return true
}

const HEX_CODES = Uint8Array.from({ length: 16 }, (_, i) => i.toString(16).charCodeAt(0))
/** Characters at a time. Synchronous use only. */
const hexScratch = new Uint8Array(4_096)

/** Lower-case hex without a prefix. */
export function toHex(bytes: Uint8Array): string {
  let out = ''
  for (let from = 0; from < bytes.length; ) {
    let at = 0
    while (from < bytes.length && at < hexScratch.length) {
      const byte = bytes[from++]!
      hexScratch[at++] = HEX_CODES[byte >> 4]!
      hexScratch[at++] = HEX_CODES[byte & 15]!
    }
    // One flat string: put together pair by pair it would have to be flattened when it is read.
    out += UTF8_STRICT.decode(hexScratch.subarray(0, at))
  }
  return out
}

/** The value of each character that is a hex digit; 255 for others. */
const DIGITS = new Uint8Array(128).fill(255)
for (let i = 0; i < 16; i++) {
  DIGITS[i.toString(16).charCodeAt(0)] = i
  DIGITS[i.toString(16).toUpperCase().charCodeAt(0)] = i
}

/** Bytes of a hex string of either case, with or without `0x`. Throws `HUB_DECODE`. */
export function fromHex(hex: string): Uint8Array {
  const start = hex.startsWith('0x') ? 2 : 0
  const out = new Uint8Array((hex.length - start) >> 1)
  let bad = (hex.length - start) & 1
  for (let i = 0, at = start; i < out.length; i++, at += 2) {
    const high = DIGITS[hex.charCodeAt(at)] ?? 255
    const low = DIGITS[hex.charCodeAt(at + 1)] ?? 255
    bad |= (high | low) & 0xf0
    out[i] = (high << 4) | low
  }
  if (bad !== 0)
    throw new HubError('HUB_DECODE', 'not a hex string with an even number of digits', { hex: hex.slice(0, 80) })
  return out
}

const EIGHT = new Uint8Array(8)
const EIGHT_VIEW = new DataView(EIGHT.buffer)

/** `value` as eight bytes, most significant first. */
export function u64be(value: bigint): Uint8Array {
  if (value < 0n || value > 0xffff_ffff_ffff_ffffn) {
    throw new HubError('HUB_INVALID_ARGUMENT', 'not an unsigned 64-bit number', { value })
  }
  EIGHT_VIEW.setBigUint64(0, value)
  return EIGHT.slice()
}

/**
 * Bytes as a string with one character a byte (Latin-1): a cheap `Map` key. Its `<` order is the byte order.
 */
export function byteKey(bytes: Uint8Array): string {
  // The same for ASCII, in one go.
  if (isAscii(bytes)) return UTF8_STRICT.decode(bytes)
  let key = ''
  for (let i = 0; i < bytes.length; i++) key += String.fromCharCode(bytes[i]!)
  return key
}

/** Inverse of {@link byteKey}. */
export function fromByteKey(key: string): Uint8Array {
  const out = new Uint8Array(key.length)
  for (let i = 0; i < key.length; i++) out[i] = key.charCodeAt(i)
  return out
}

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** RFC 4648 base64 with padding. */
export function toBase64(bytes: Uint8Array): string {
  let out = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const word = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0)
    out += BASE64[word >> 18]! + BASE64[(word >> 12) & 63]!
    out += i + 1 < bytes.length ? BASE64[(word >> 6) & 63]! : '='
    out += i + 2 < bytes.length ? BASE64[word & 63]! : '='
  }
  return out
}

/** Bytes of canonical padded base64. Throws `HUB_DECODE`. */
export function fromBase64(text: string): Uint8Array {
  const body = text.replace(/={1,2}$/, '')
  if (text.length % 4 !== 0 || /[^A-Za-z0-9+/]/.test(body)) {
    throw new HubError('HUB_DECODE', 'not padded base64', { text: text.slice(0, 80) })
  }
  const out = new Uint8Array(Math.floor((body.length * 3) / 4))
  let word = 0
  let bits = 0
  let at = 0
  for (const character of body) {
    word = ((word << 6) | BASE64.indexOf(character)) & 0xffff
    bits += 6
    if (bits >= 8) {
      bits -= 8
      out[at++] = (word >> bits) & 0xff
    }
  }
  if ((word & ((1 << bits) - 1)) !== 0)
    throw new HubError('HUB_DECODE', 'base64 with stray bits', { text: text.slice(0, 80) })
  return out
}
