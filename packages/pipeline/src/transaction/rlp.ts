/**
 * Canonical RLP (Ethereum Yellow Paper, appendix B) read in place: a cursor over the bytes of one list, no intermediate tree.
 * Every encoding has one form: single bytes below 0x80 stand for themselves, long lengths have no leading zero and are at least 56.
 */

/** A violation found while reading; carried to the edge as a verdict. */
export class RlpFault {
  readonly code: 'rlp-truncated' | 'rlp-not-canonical' | 'rlp-type' | 'rlp-integer' | 'rlp-trailing'
  readonly reason: string

  constructor(code: RlpFault['code'], reason: string) {
    this.code = code
    this.reason = reason
  }
}

/** Reads items of `bytes` from `position` to `end`. Methods throw {@link RlpFault}, never anything else. */
export class RlpReader {
  readonly bytes: Uint8Array
  position: number
  readonly end: number

  constructor(bytes: Uint8Array, position = 0, end = bytes.length) {
    this.bytes = bytes
    this.position = position
    this.end = end
  }

  get done(): boolean {
    return this.position === this.end
  }

  /** The content of the next string, a view. */
  string(field: string): Uint8Array {
    const first = this.#first(field)
    if (first < 0x80) return this.bytes.subarray(this.position, ++this.position)
    if (first >= 0xc0) throw new RlpFault('rlp-type', `${field}: a list where a string belongs`)
    const start = this.#header(field, first, 0x80)
    const size = this.#size
    if (size === 1 && this.bytes[start]! < 0x80)
      throw new RlpFault('rlp-not-canonical', `${field}: a byte below 0x80 with a length prefix`)
    this.position = start + size
    return this.bytes.subarray(start, start + size)
  }

  /** A reader over the items of the next list; this reader moves past it. */
  list(field: string): RlpReader {
    const first = this.#first(field)
    if (first < 0xc0) throw new RlpFault('rlp-type', `${field}: a string where a list belongs`)
    const start = this.#header(field, first, 0xc0)
    this.position = start + this.#size
    return new RlpReader(this.bytes, start, this.position)
  }

  /** The next string as an unsigned integer of at most `maxBytes`, without leading zeros. */
  integer(field: string, maxBytes: number): bigint {
    const content = this.string(field)
    const length = content.length
    if (length === 0) return 0n
    if (content[0] === 0) throw new RlpFault('rlp-integer', `${field}: leading zero byte`)
    if (length > maxBytes) throw new RlpFault('rlp-integer', `${field}: ${length} bytes, at most ${maxBytes} allowed`)
    if (length <= 6) {
      let small = 0
      for (let i = 0; i < length; i++) small = small * 256 + content[i]!
      return BigInt(small)
    }
    let value = 0n
    let i = 0
    for (const head = length % 6; i < head; i++) value = (value << 8n) | BigInt(content[i]!)
    for (; i < length; i += 6) {
      let limb = 0
      for (let j = 0; j < 6; j++) limb = limb * 256 + content[i + j]!
      value = (value << 48n) | BigInt(limb)
    }
    return value
  }

  /** Refuses bytes after the last item. */
  finish(field: string): void {
    if (this.position !== this.end)
      throw new RlpFault('rlp-trailing', `${field}: ${this.end - this.position} bytes after the last item`)
  }

  #size = 0

  #first(field: string): number {
    if (this.position >= this.end) throw new RlpFault('rlp-truncated', `${field}: missing`)
    return this.bytes[this.position]!
  }

  /** Reads a length header, sets the content's size and returns its start. */
  #header(field: string, first: number, base: 0x80 | 0xc0): number {
    let start = this.position + 1
    let size = first - base
    if (size > 55) {
      const lengthBytes = size - 55
      // Four bytes of length already exceed every limit of this package.
      if (lengthBytes > 4 || start + lengthBytes > this.end)
        throw new RlpFault('rlp-truncated', `${field}: length runs past the end`)
      size = 0
      for (let i = 0; i < lengthBytes; i++) size = size * 256 + this.bytes[start + i]!
      if (size < 56 || this.bytes[start] === 0)
        throw new RlpFault('rlp-not-canonical', `${field}: length is not minimal`)
      start += lengthBytes
    }
    if (start + size > this.end) throw new RlpFault('rlp-truncated', `${field}: content runs past the end`)
    this.#size = size
    return start
  }
}

/** The header of a list of `size` content bytes. */
export function listHeader(size: number): Uint8Array {
  if (size < 56) return Uint8Array.of(0xc0 + size)
  if (size < 0x100) return Uint8Array.of(0xf8, size)
  if (size < 0x10000) return Uint8Array.of(0xf9, size >> 8, size & 0xff)
  return Uint8Array.of(0xfa, size >> 16, (size >> 8) & 0xff, size & 0xff)
}

/** An unsigned integer as an RLP string. */
export function encodeInteger(value: bigint): Uint8Array {
  if (value === 0n) return Uint8Array.of(0x80)
  if (value < 0x80n) return Uint8Array.of(Number(value))
  let hex = value.toString(16)
  if (hex.length % 2) hex = `0${hex}`
  const out = new Uint8Array(1 + hex.length / 2)
  out[0] = 0x80 + hex.length / 2
  for (let i = 1; i < out.length; i++) out[i] = Number.parseInt(hex.slice(2 * i - 2, 2 * i), 16)
  return out
}
