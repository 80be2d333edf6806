import { CdnError } from '../../errors.ts'

/** The error of bytes that are no WebAssembly module. */
export function malformed(what: string, at: number): CdnError {
  return new CdnError('CDN_EDGE_MALFORMED', `not a WebAssembly module: ${what} at byte ${at}`, { at })
}

/** The error of a module that is one, but not of our profile. */
export function refused(what: string, context: Record<string, unknown> = {}): CdnError {
  return new CdnError('CDN_EDGE_REFUSED', `the module is outside the profile: ${what}`, context)
}

/** Reads the binary format's primitives (WebAssembly core specification, section 5.2) between two offsets; never beyond. */
export class Reader {
  readonly bytes: Uint8Array
  at: number
  readonly end: number

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.bytes = bytes
    this.at = at
    this.end = end
  }

  u8(): number {
    if (this.at >= this.end) throw malformed('unexpected end', this.at)
    return this.bytes[this.at++]!
  }

  /** Unsigned LEB128 of 32 bits: at most five bytes, unused bits zero. */
  u32(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.u8()
      if (shift === 28 && byte > 0x0f) throw malformed('a number beyond 32 bits', this.at - 1)
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    throw malformed('a number of more than five bytes', this.at)
  }

  /** A count that may not exceed `limit`. */
  count(limit: number, of: string): number {
    const value = this.u32()
    if (value > limit) throw refused(`${value} ${of}, ${limit} are allowed`, { of, value, limit })
    return value
  }

  /** Signed LEB128 of `bits` bits (32, 33 or 64), skipped; the last byte's unused bits must repeat the sign. */
  skipSigned(bits: number): void {
    const most = Math.ceil(bits / 7)
    for (let i = 1; ; i++) {
      const byte = this.u8()
      if (i === most) {
        // Of the last byte only `left` bits carry value; those above them must equal its sign bit.
        const left = bits - 7 * (most - 1)
        const high = (byte << 25) >> (25 + left - 1)
        if (byte >= 0x80 || (high !== 0 && high !== -1)) throw malformed(`a number beyond ${bits} bits`, this.at - 1)
        return
      }
      if (byte < 0x80) return
    }
  }

  /** Signed LEB128 of 32 bits. */
  s32(): number {
    const start = this.at
    this.skipSigned(32)
    let value = 0
    let shift = 0
    for (let i = start; i < this.at; i++, shift += 7) value |= (this.bytes[i]! & 0x7f) << shift
    if (shift < 32 && this.bytes[this.at - 1]! & 0x40) value |= -1 << shift
    return value
  }

  skip(length: number): void {
    if (length > this.end - this.at) throw malformed('a length beyond the end', this.at)
    this.at += length
  }

  /** A reader of the next `length` bytes, which this one skips. */
  part(length: number): Reader {
    const start = this.at
    this.skip(length)
    return new Reader(this.bytes, start, this.at)
  }

  name(limit: number): string {
    const length = this.count(limit, 'bytes of a name')
    const start = this.at
    this.skip(length)
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(this.bytes.subarray(start, this.at))
    } catch {
      throw malformed('a name that is not UTF-8', start)
    }
  }

  done(what: string): void {
    if (this.at !== this.end) throw malformed(`${this.end - this.at} bytes too many in ${what}`, this.at)
  }
}
