import { CHAIN, HASH, rowOf, type Slots } from './slots.ts'

/** Finds the slot of a key. `-1`: unknown. */
export interface KeyIndex<K> {
  get(key: K): number
  set(key: K, slot: number): void
  delete(slot: number): void
  keyOf(slot: number): K
  hash(key: K): number
}

/** Mixes an integer key below 2^53 to a signed 32-bit one, which V8 keeps without a box (finaliser of MurmurHash3). */
export function hashInteger(key: number): number {
  let h = key | 0
  if (h !== key) h ^= Math.imul((key / 4294967296) | 0, 0x9e3779b1)
  h ^= h >>> 16
  h = Math.imul(h, 0x85ebca6b)
  h ^= h >>> 13
  h = Math.imul(h, 0xc2b2ae35)
  h ^= h >>> 16
  return h
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
    this.keys[rowOf(slot)] = key
  }
  delete(slot: number): void {
    this.map.delete(this.keys[rowOf(slot)]!)
    this.keys[rowOf(slot)] = ''
  }
  keyOf(slot: number): string {
    return this.keys[rowOf(slot)]!
  }
  hash(key: string): number {
    return hashString(key)
  }
}

/**
 * Keys are integers 0 … 2^53−1: chained hashing through the words of the slots, at least as many buckets as slots, so that nothing is
 * allocated for an entry and a delete walks one short chain. A slot must have been taken with the hash of its key.
 */
export class IntegerIndex implements KeyIndex<number> {
  private readonly slots: Slots
  private heads = new Int32Array(256).fill(-1)
  private mask = 255
  private keys = new Float64Array(256)
  private lastKey = -1
  private lastHash = 0

  constructor(slots: Slots) {
    this.slots = slots
  }

  get(key: number): number {
    const { keys } = this
    const { words } = this.slots
    let slot = this.heads[this.hash(key) & this.mask]!
    while (slot >= 0 && keys[rowOf(slot)] !== key) slot = words[slot + CHAIN]!
    return slot
  }
  set(key: number, slot: number): void {
    if (rowOf(slot) >= this.keys.length) this.grow()
    const { words } = this.slots
    const bucket = words[slot + HASH]! & this.mask
    this.keys[rowOf(slot)] = key
    words[slot + CHAIN] = this.heads[bucket]!
    this.heads[bucket] = slot
  }
  delete(slot: number): void {
    const { heads } = this
    const { words } = this.slots
    const bucket = words[slot + HASH]! & this.mask
    let at = heads[bucket]!
    if (at === slot) {
      heads[bucket] = words[slot + CHAIN]!
      return
    }
    while (words[at + CHAIN] !== slot) at = words[at + CHAIN]!
    words[at + CHAIN] = words[slot + CHAIN]!
  }
  keyOf(slot: number): number {
    return this.keys[rowOf(slot)]!
  }
  hash(key: number): number {
    // A miss asks for the same key up to three times in a row.
    if (key !== this.lastKey) {
      this.lastKey = key
      this.lastHash = hashInteger(key)
    }
    return this.lastHash
  }

  /** Doubles the arrays. Chains are split by one more bit of their hashes; a free slot stays unlinked as no chain reaches it. */
  private grow(): void {
    const { words } = this.slots
    const size = this.keys.length * 2
    const keys = new Float64Array(size)
    keys.set(this.keys)
    const heads = new Int32Array(size).fill(-1)
    for (let slot of this.heads) {
      while (slot >= 0) {
        const after = words[slot + CHAIN]!
        const bucket = words[slot + HASH]! & (size - 1)
        words[slot + CHAIN] = heads[bucket]!
        heads[bucket] = slot
        slot = after
      }
    }
    this.keys = keys
    this.heads = heads
    this.mask = size - 1
  }
}
