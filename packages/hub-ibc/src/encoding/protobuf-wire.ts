/** The wire format of Protocol Buffers (proto3): varints, fixed numbers and byte strings, written the one canonical way and read strictly. */
import { HubError } from '../errors.ts'
import { EMPTY_BYTES, fromUtf8, utf8 } from './bytes.ts'

/** A message longer than this is refused before it is read: no IBC object comes near it. */
const MAX_MESSAGE_BYTES = 8 * 1024 * 1024

export function malformed(what: string, context: Record<string, unknown> = {}): HubError {
  return new HubError('HUB_DECODE', `protobuf: ${what}`, context)
}

// Buffers of finished writers, for the next ones: nested messages would otherwise allocate one each.
const pool: Uint8Array[] = []
const MAX_POOLED_BYTES = 65_536
const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER)

/** Appends wire format to a growing buffer. Use once: {@link finish} gives the buffer back. */
export class ProtoWriter {
  private buffer = pool.pop() ?? new Uint8Array(1024)
  private at = 0

  private reserve(length: number): void {
    if (this.at + length <= this.buffer.length) return
    const grown = new Uint8Array(Math.max(this.buffer.length * 2, this.at + length))
    grown.set(this.buffer.subarray(0, this.at))
    this.buffer = grown
  }

  varint(value: bigint): void {
    // Nearly all numbers are small, and arithmetic on bigints allocates.
    if (value >= 0n && value <= MAX_SAFE) {
      this.uint(Number(value))
      return
    }
    this.reserve(10)
    let rest = BigInt.asUintN(64, value)
    // Four bytes at a time.
    while (rest > 0xfff_ffffn) {
      const low = Number(rest & 0xfff_ffffn)
      rest >>= 28n
      for (let shift = 0; shift < 28; shift += 7) this.buffer[this.at++] = ((low >>> shift) & 0x7f) | 0x80
    }
    this.uint(Number(rest))
  }

  /** A varint of a non-negative safe integer. */
  uint(value: number): void {
    this.reserve(10)
    if (value < 0x80) {
      this.buffer[this.at++] = value
      return
    }
    let rest = value
    while (rest >= 0x80) {
      this.buffer[this.at++] = (rest % 128) | 0x80
      rest = Math.floor(rest / 128)
    }
    this.buffer[this.at++] = rest
  }

  fixed64(value: bigint): void {
    this.reserve(8)
    new DataView(this.buffer.buffer).setBigUint64(this.at, BigInt.asUintN(64, value), true)
    this.at += 8
  }

  bytes(value: Uint8Array): void {
    this.uint(value.length)
    this.reserve(value.length)
    this.buffer.set(value, this.at)
    this.at += value.length
  }

  /** A string's length and bytes, without an array in between where it is ASCII. */
  text(value: string): void {
    const start = this.at
    this.uint(value.length)
    this.reserve(value.length)
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i)
      if (code > 0x7f) {
        this.at = start
        this.bytes(utf8(value))
        return
      }
      this.buffer[this.at++] = code
    }
  }

  tag(number: number, wireType: number): void {
    this.uint(number * 8 + wireType)
  }

  /** A length-delimited part that `write` appends, without a buffer of its own. */
  nested(write: () => void): void {
    this.reserve(1)
    const start = ++this.at
    write()
    const length = this.at - start
    if (length < 0x80) {
      this.buffer[start - 1] = length
      return
    }
    // The length needs more room than the one byte left for it.
    const extra = length < 0x4000 ? 1 : length < 0x20_0000 ? 2 : 3
    this.reserve(extra)
    this.buffer.copyWithin(start + extra, start, this.at)
    const end = this.at + extra
    this.at = start - 1
    this.uint(length)
    this.at = end
  }

  finish(): Uint8Array {
    const bytes = this.buffer.slice(0, this.at)
    if (this.buffer.length <= MAX_POOLED_BYTES && pool.length < 32) pool.push(this.buffer)
    this.buffer = EMPTY_BYTES
    return bytes
  }
}

/** Strings up to here are read without the platform's decoder, whose call costs more than its work. */
const SHORT_TEXT = 16

/** Reads wire format from a byte string, strictly. Byte fields are views, not copies. */
export class ProtoReader {
  readonly source: Uint8Array
  at = 0

  constructor(source: Uint8Array) {
    if (source.length > MAX_MESSAGE_BYTES) throw malformed('message too long', { length: source.length })
    this.source = source
  }

  get done(): boolean {
    return this.at === this.source.length
  }

  /** A varint below 2^53. */
  uint(): number {
    const first = this.source[this.at]
    if (first !== undefined && first < 0x80) {
      this.at++
      return first
    }
    let value = 0
    let scale = 1
    for (let i = 0; ; i++) {
      if (this.at >= this.source.length) throw malformed('ends inside a varint')
      const byte = this.source[this.at++]!
      value += (byte & 0x7f) * scale
      if (value > Number.MAX_SAFE_INTEGER) throw malformed('varint too large here')
      if (byte < 0x80) {
        if (byte === 0 && i > 0) throw malformed('varint is not minimal', { at: this.at })
        return value
      }
      scale *= 128
    }
  }

  varint(): bigint {
    // Seven bytes fit a number; the three that may follow are added as a bigint.
    let low = 0
    let high = 0
    for (let i = 0; ; i++) {
      if (this.at >= this.source.length) throw malformed('ends inside a varint')
      const byte = this.source[this.at++]!
      if (i === 9 && byte > 1) throw malformed('varint exceeds 64 bits')
      if (i < 7) low += (byte & 0x7f) * 2 ** (7 * i)
      else high += (byte & 0x7f) * 2 ** (7 * (i - 7))
      if (byte < 0x80) {
        if (byte === 0 && i > 0) throw malformed('varint is not minimal', { at: this.at })
        return high === 0 ? BigInt(low) : (BigInt(high) << 49n) | BigInt(low)
      }
    }
  }

  fixed64(): bigint {
    if (this.at + 8 > this.source.length) throw malformed('ends inside a fixed64')
    const value = new DataView(this.source.buffer, this.source.byteOffset + this.at, 8).getBigUint64(0, true)
    this.at += 8
    return value
  }

  bytes(): Uint8Array {
    const length = this.uint()
    if (length > this.source.length - this.at) throw malformed('ends inside a byte string', { length })
    this.at += length
    return this.source.subarray(this.at - length, this.at)
  }

  /** A string; throws `HUB_DECODE` where it is not UTF-8. */
  text(): string {
    const length = this.uint()
    if (length > this.source.length - this.at) throw malformed('ends inside a byte string', { length })
    const start = this.at
    this.at += length
    if (length <= SHORT_TEXT) {
      let text = ''
      let i = start
      for (; i < this.at && this.source[i]! < 0x80; i++) text += String.fromCharCode(this.source[i]!)
      if (i === this.at) return text
    }
    return fromUtf8(this.source.subarray(start, this.at))
  }
}
