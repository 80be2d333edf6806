/**
 * The part of DAG-CBOR that units use: unsigned integers to 2^53 − 1, byte strings, one text string, arrays, null and links
 * (tag 42 around a CIDv1 of a unit). Writer and reader know one encoding for each value: shortest integers, definite
 * lengths, nothing after the end. Sources: IPLD specification of DAG-CBOR; RFC 8949 §4.2.1.
 */
import { DagError } from '../errors.ts'

const UINT = 0
const BYTES = 2
const TEXT = 3
const ARRAY = 4
const NULL = 0xf6

/** CIDv1, codec dag-cbor 0x71, multihash blake2b-256 (0xb220 as varint) of 32 bytes. */
export const UNIT_CID_PREFIX = Uint8Array.of(0x01, 0x71, 0xa0, 0xe4, 0x02, 0x20)

/** Tag 42, byte string of 39 bytes, the multibase identity prefix 0x00, then the CID. */
const LINK_PREFIX = Uint8Array.of(0xd8, 0x2a, 0x58, 0x27, 0x00, ...UNIT_CID_PREFIX)

/** Appends canonical values to a buffer that grows as needed. */
export class CborWriter {
  #bytes: Uint8Array
  #length = 0

  constructor(sizeHint = 512) {
    this.#bytes = new Uint8Array(sizeHint)
  }

  #reserve(size: number): number {
    const at = this.#length
    this.#length += size
    if (this.#length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#length, this.#bytes.length * 2))
      grown.set(this.#bytes)
      this.#bytes = grown
    }
    return at
  }

  #head(major: number, value: number): void {
    const type = major << 5
    if (value < 24) {
      const at = this.#reserve(1)
      this.#bytes[at] = type | value
    } else if (value < 0x100) {
      const at = this.#reserve(2)
      this.#bytes[at] = type | 24
      this.#bytes[at + 1] = value
    } else if (value < 0x10000) {
      const at = this.#reserve(3)
      this.#bytes[at] = type | 25
      this.#bytes[at + 1] = value >>> 8
      this.#bytes[at + 2] = value
    } else if (value < 0x100000000) {
      this.#word(type | 26, value)
    } else {
      this.#word(type | 27, Math.floor(value / 0x100000000))
      const at = this.#reserve(4)
      this.#put32(at, value % 0x100000000)
    }
  }

  #word(head: number, value: number): void {
    const at = this.#reserve(5)
    this.#bytes[at] = head
    this.#put32(at + 1, value)
  }

  #put32(at: number, value: number): void {
    this.#bytes[at] = value >>> 24
    this.#bytes[at + 1] = value >>> 16
    this.#bytes[at + 2] = value >>> 8
    this.#bytes[at + 3] = value
  }

  array(length: number): this {
    this.#head(ARRAY, length)
    return this
  }

  uint(value: number): this {
    this.#head(UINT, value)
    return this
  }

  bytes(value: Uint8Array): this {
    this.#head(BYTES, value.length)
    const at = this.#reserve(value.length)
    this.#bytes.set(value, at)
    return this
  }

  /** ASCII text. */
  text(value: string): this {
    this.#head(TEXT, value.length)
    const at = this.#reserve(value.length)
    for (let i = 0; i < value.length; i++) this.#bytes[at + i] = value.charCodeAt(i)
    return this
  }

  nothing(): this {
    const at = this.#reserve(1)
    this.#bytes[at] = NULL
    return this
  }

  /** A link to the unit with this 32-byte id. */
  link(id: Uint8Array): this {
    const at = this.#reserve(LINK_PREFIX.length + 32)
    this.#bytes.set(LINK_PREFIX, at)
    this.#bytes.set(id, at + LINK_PREFIX.length)
    return this
  }

  /** What was written, as a copy of its own. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }
}

/** Reads canonical values; anything else throws `DAG_ENCODING` with the offset. Byte strings are copies. */
export class CborReader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    // A Buffer's slice shares memory: what is read must be the reader's own.
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** Throws `DAG_ENCODING`: what was expected at this offset. */
  fail(expected: string): never {
    throw new DagError('DAG_ENCODING', `not canonical at byte ${this.#at}: expected ${expected}`, { offset: this.#at })
  }

  #byte(): number {
    const byte = this.#bytes[this.#at]
    if (byte === undefined) this.fail('more bytes')
    this.#at++
    return byte
  }

  #number(size: number): number {
    let value = 0
    for (let i = 0; i < size; i++) value = value * 256 + this.#byte()
    return value
  }

  #head(major: number, expected: string): number {
    const head = this.#byte()
    if (head >>> 5 !== major) {
      this.#at--
      this.fail(expected)
    }
    const low = head & 31
    if (low < 24) return low
    if (low > 27) this.fail('a definite length')
    const size = 1 << (low - 24)
    const value = this.#number(size)
    const least = size === 1 ? 24 : 2 ** (4 * size)
    if (value < least) this.fail('the shortest form of the integer')
    if (value > Number.MAX_SAFE_INTEGER) this.fail('an integer below 2^53')
    return value
  }

  /** The length of an array of at most `max` items. */
  array(max: number): number {
    const length = this.#head(ARRAY, 'an array')
    if (length > max) this.fail(`at most ${max} items`)
    return length
  }

  uint(max: number = Number.MAX_SAFE_INTEGER): number {
    const value = this.#head(UINT, 'an unsigned integer')
    if (value > max) this.fail(`an integer of at most ${max}`)
    return value
  }

  bytes(max: number): Uint8Array {
    const length = this.#head(BYTES, 'a byte string')
    if (length > max) this.fail(`at most ${max} bytes`)
    if (this.#at + length > this.#bytes.length) this.fail('more bytes')
    const value = this.#bytes.slice(this.#at, this.#at + length)
    this.#at += length
    return value
  }

  bytesOf(length: number): Uint8Array {
    const value = this.bytes(length)
    if (value.length !== length) this.fail(`${length} bytes`)
    return value
  }

  text(expected: string): void {
    const length = this.#head(TEXT, `"${expected}"`)
    if (length !== expected.length) this.fail(`"${expected}"`)
    for (let i = 0; i < length; i++) if (this.#byte() !== expected.charCodeAt(i)) this.fail(`"${expected}"`)
  }

  /** Consumes a null if the next value is one. */
  nothing(): boolean {
    if (this.#bytes[this.#at] !== NULL) return false
    this.#at++
    return true
  }

  /** The 32-byte id behind a link to a unit. */
  link(): Uint8Array {
    for (const byte of LINK_PREFIX)
      if (this.#byte() !== byte) this.fail('a link to a unit (CIDv1, dag-cbor, blake2b-256)')
    if (this.#at + 32 > this.#bytes.length) this.fail('more bytes')
    this.#at += 32
    return this.#bytes.slice(this.#at - 32, this.#at)
  }

  /** Throws unless everything was read. */
  end(): void {
    if (this.#at !== this.#bytes.length) this.fail('the end')
  }
}
