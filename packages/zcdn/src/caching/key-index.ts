/** Finds the slot of a key. `-1`: unknown. */
export interface KeyIndex<K> {
  get(key: K): number
  set(key: K, slot: number): void
  delete(slot: number): void
  keyOf(slot: number): K
  hash(key: K): number
}

/** Mixes an integer key below 2^53 to 32 bits (finaliser of MurmurHash3). */
export function hashInteger(key: number): number {
  let h = (key | 0) ^ Math.imul((key / 4294967296) | 0, 0x9e3779b1)
  h ^= h >>> 16
  h = Math.imul(h, 0x85ebca6b)
  h ^= h >>> 13
  h = Math.imul(h, 0xc2b2ae35)
  h ^= h >>> 16
  return h >>> 0
}

/** FNV-1a over UTF-16 units, finished like {@link hashInteger}. */
export function hashString(key: string): number {
  let h = 0x811c9dc5
  for (let i = 0; i < key.length; i++) h = Math.imul(h ^ key.charCodeAt(i), 0x01000193)
  return hashInteger(h)
}

/** Keys are strings: V8's own map, which keeps each string's hash. */
export class StringIndex implements KeyIndex<string> {
  private readonly map = new Map<string, number>()
  private readonly keys: string[] = []

  get(key: string): number {
    return this.map.get(key) ?? -1
  }
  set(key: string, slot: number): void {
    this.map.set(key, slot)
    this.keys[slot] = key
  }
  delete(slot: number): void {
    this.map.delete(this.keys[slot]!)
    this.keys[slot] = ''
  }
  keyOf(slot: number): string {
    return this.keys[slot]!
  }
  hash(key: string): number {
    return hashString(key)
  }
}

/**
 * Keys are integers 0 … 2^53−1: chained hashing in typed arrays, at least as many buckets as slots. A slot's key, hash and chain are at its
 * number in parallel arrays, so that nothing is allocated for an entry and a delete walks one short chain.
 */
export class IntegerIndex implements KeyIndex<number> {
  private heads = new Int32Array(256).fill(-1)
  private mask = 255
  private chain = new Int32Array(256)
  private keys = new Float64Array(256)
  private hashes = new Int32Array(256)

  get(key: number): number {
    const { keys, chain } = this
    let slot = this.heads[hashInteger(key) & this.mask]!
    while (slot >= 0 && keys[slot] !== key) slot = chain[slot]!
    return slot
  }
  set(key: number, slot: number): void {
    if (slot >= this.keys.length) this.grow()
    const hash = hashInteger(key)
    const bucket = hash & this.mask
    this.keys[slot] = key
    this.hashes[slot] = hash
    this.chain[slot] = this.heads[bucket]!
    this.heads[bucket] = slot
  }
  delete(slot: number): void {
    const { heads, chain } = this
    const bucket = this.hashes[slot]! & this.mask
    let at = heads[bucket]!
    if (at === slot) {
      heads[bucket] = chain[slot]!
      return
    }
    while (chain[at] !== slot) at = chain[at]!
    chain[at] = chain[slot]!
  }
  keyOf(slot: number): number {
    return this.keys[slot]!
  }
  hash(key: number): number {
    return hashInteger(key)
  }

  /** Doubles the arrays. Chains of slots are split by one more bit of their hashes; a free slot stays unlinked as no chain reaches it. */
  private grow(): void {
    const size = this.keys.length * 2
    const keys = new Float64Array(size)
    keys.set(this.keys)
    const hashes = new Int32Array(size)
    hashes.set(this.hashes)
    const chain = new Int32Array(size)
    const heads = new Int32Array(size).fill(-1)
    for (let slot of this.heads) {
      while (slot >= 0) {
        const after = this.chain[slot]!
        const bucket = hashes[slot]! & (size - 1)
        chain[slot] = heads[bucket]!
        heads[bucket] = slot
        slot = after
      }
    }
    this.keys = keys
    this.hashes = hashes
    this.chain = chain
    this.heads = heads
    this.mask = size - 1
  }
}
