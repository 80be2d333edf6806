/**
 * What is known of senders, in flat memory: fixed-size records found by a key of fixed size. Set-associative: a secret hash draws a set of
 * four places, and in a full set what was idle longest is replaced, so it is bounded and nobody can choose keys that crowd others out.
 */
export class KeyMemory {
  readonly #keyBytes: number
  readonly #recordBytes: number
  readonly #bytes: Uint8Array
  /** Last use of each place; 0: empty. */
  readonly #used: Uint32Array
  readonly #sets: number
  readonly #secret = crypto.getRandomValues(new Uint32Array(1))[0]!
  #clock = 0

  /** For `capacity` keys of `keyBytes` with values of `valueBytes` each, taken as they are used. */
  constructor(capacity: number, keyBytes: number, valueBytes: number) {
    this.#sets = Math.max(1, Math.floor(capacity / WAYS))
    this.#keyBytes = keyBytes
    this.#recordBytes = keyBytes + valueBytes
    this.#bytes = new Uint8Array(this.#sets * WAYS * this.#recordBytes)
    this.#used = new Uint32Array(this.#sets * WAYS)
  }

  /** The value of the key at `at` in `from`, a view that the next `set` may overwrite; undefined when it is not known. */
  get(from: Uint8Array, at = 0): Uint8Array | undefined {
    const place = this.#find(from, at)
    if (place < 0) return undefined
    this.#used[place] = ++this.#clock
    const start = place * this.#recordBytes
    return this.#bytes.subarray(start + this.#keyBytes, start + this.#recordBytes)
  }

  set(key: Uint8Array, value: Uint8Array): void {
    let place = this.#find(key, 0)
    if (place < 0) {
      place = this.#firstOf(key, 0)
      for (let other = place + 1; other % WAYS !== 0; other++)
        if (this.#used[other]! < this.#used[place]!) place = other
      this.#bytes.set(key, place * this.#recordBytes)
    }
    this.#bytes.set(value, place * this.#recordBytes + this.#keyBytes)
    this.#used[place] = ++this.#clock
  }

  #firstOf(from: Uint8Array, at: number): number {
    let hash = this.#secret
    for (let i = at; i < at + this.#keyBytes; i++) {
      hash = Math.imul(hash ^ from[i]!, 0x9e3779b1)
      hash ^= hash >>> 15
    }
    hash = Math.imul(hash ^ this.#secret, 0x85ebca6b)
    return (((hash ^ (hash >>> 13)) >>> 0) % this.#sets) * WAYS
  }

  #find(from: Uint8Array, at: number): number {
    const first = this.#firstOf(from, at)
    for (let place = first; place < first + WAYS; place++) {
      if (this.#used[place] === 0) continue
      const start = place * this.#recordBytes
      let i = 0
      while (i < this.#keyBytes && this.#bytes[start + i] === from[at + i]) i++
      if (i === this.#keyBytes) return place
    }
    return -1
  }
}

const WAYS = 4
