interface Entry<T> {
  bytes: Uint8Array
  value: T
}

/** About what an entry takes in memory: the record of a transfer has 187 bytes and takes 1,000. */
function sizeOf(bytes: Uint8Array): number {
  return 500 + 3 * bytes.length
}

/**
 * What was decoded of stored bytes, as long as the bytes stay the same: reading is quick, decoding is not (a query for logs over blocks in
 * memory spent more than half its time on it). Pruning and repair need not know of it.
 */
export class DecodedCache<T> {
  readonly #maxBytes: number
  readonly #entries = new Map<string, Entry<T>>()
  #bytes = 0

  /** `maxBytes` of memory, about. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get size(): number {
    return this.#entries.size
  }

  decoded(key: string, bytes: Uint8Array, decode: (bytes: Uint8Array) => T): T {
    const known = this.#entries.get(key)
    if (known && Buffer.compare(known.bytes, bytes) === 0) return known.value
    const value = decode(bytes)
    if (sizeOf(bytes) > this.#maxBytes) return value
    if (known) this.#drop(key, known)
    this.#entries.set(key, { bytes, value })
    this.#bytes += sizeOf(bytes)
    for (const [oldest, entry] of this.#entries) {
      if (this.#bytes <= this.#maxBytes) break
      this.#drop(oldest, entry)
    }
    return value
  }

  #drop(key: string, entry: Entry<T>): void {
    this.#entries.delete(key)
    this.#bytes -= sizeOf(entry.bytes)
  }
}
