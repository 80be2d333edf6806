/** Appends to a buffer that doubles. */
export class Writer {
  private buffer: Uint8Array
  length = 0

  constructor(capacity = 256) {
    this.buffer = new Uint8Array(capacity)
  }

  private reserve(more: number): void {
    if (this.length + more <= this.buffer.length) return
    const larger = new Uint8Array(Math.max(this.buffer.length * 2, this.length + more))
    larger.set(this.buffer)
    this.buffer = larger
  }

  u8(...values: number[]): this {
    this.reserve(values.length)
    for (const value of values) this.buffer[this.length++] = value
    return this
  }

  bytes(source: Uint8Array, start = 0, end = source.length): this {
    this.reserve(end - start)
    this.buffer.set(source.subarray(start, end), this.length)
    this.length += end - start
    return this
  }

  /** Unsigned LEB128, up to 2^53. */
  u32(value: number): this {
    this.reserve(8)
    let rest = value
    while (rest > 0x7f) {
      this.buffer[this.length++] = (rest % 128) | 0x80
      rest = Math.floor(rest / 128)
    }
    this.buffer[this.length++] = rest
    return this
  }

  /** Signed LEB128, up to ±2^52. */
  signed(value: number): this {
    this.reserve(8)
    let rest = value
    for (;;) {
      const low = ((rest % 128) + 128) % 128
      rest = Math.floor(rest / 128)
      const last = (rest === 0 && low < 0x40) || (rest === -1 && low >= 0x40)
      this.buffer[this.length++] = last ? low : low | 0x80
      if (last) return this
    }
  }

  name(text: string): this {
    const bytes = new TextEncoder().encode(text)
    return this.u32(bytes.length).bytes(bytes)
  }

  /** What was written: a view that the next write may replace. */
  view(): Uint8Array {
    return this.buffer.subarray(0, this.length)
  }
}
