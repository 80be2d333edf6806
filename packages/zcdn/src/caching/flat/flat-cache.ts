import type { CacheEngine, CacheSnapshot, CacheStats } from '../engine.ts'
import { DemandCache, FIRST_SLOT, HIGH, LOW, NEXT, ROW_SHIFT, SIZE, SLOT_WORDS } from './demand-cache.ts'
import { fullIntegerHash, fullStringHash, quickIntegerHash, quickStringHash } from './hash.ts'

/** So many keys are not side by side in the table by chance: someone has chosen them, or the quick hash does not see where they differ. */
const LONGEST_RUN = 64
const WORD = 4294967296

/** The default cache: its numbers and its policy in {@link DemandCache}, values in one array, keys that are strings in another. */
export class FlatCache<K extends string | number, V> implements CacheEngine<K, V> {
  private readonly book: DemandCache
  private readonly capacityBytes: number
  private readonly values: (V | undefined)[] = []
  private readonly names: string[] = []
  private readonly integers: boolean
  private readonly onEvict: ((key: K, value: V) => void) | undefined
  private readonly leaving: { key: K; value: V }[] = []
  /** 0: quick hashes. */
  private seed = 0
  private entriesUntilReseed = 0
  /** The key that {@link get} has not found last: who then sets it need not look again. Only while no other has come or gone. */
  private missedKey: K | undefined
  private missedHash = 0
  private hits = 0
  private misses = 0
  /** A double in a typed array: a field that begins as a small integer would be changed to a boxed number. */
  private readonly hitBytes = new Float64Array(1)

  constructor(capacityBytes: number, integers: boolean, onEvict: ((key: K, value: V) => void) | undefined) {
    this.book = new DemandCache(capacityBytes)
    this.capacityBytes = capacityBytes
    this.integers = integers
    this.onEvict = onEvict
  }

  get(key: K): V | undefined {
    const { book } = this
    const hash = this.hashOf(key)
    const slot = this.find(key, hash)
    if (slot === 0) {
      this.misses++
      this.missedKey = key
      this.missedHash = hash
      return undefined
    }
    this.hits++
    this.hitBytes[0] = this.hitBytes[0]! + book.sizes[(slot + SIZE) >> 1]!
    book.use(slot)
    return this.values[slot >> ROW_SHIFT]
  }

  has(key: K): boolean {
    return this.find(key, this.hashOf(key)) !== 0
  }

  peek(key: K): V | undefined {
    const slot = this.find(key, this.hashOf(key))
    return slot === 0 ? undefined : this.values[slot >> ROW_SHIFT]
  }

  set(key: K, value: V, sizeBytes: number): boolean {
    const { book } = this
    let hash = this.missedHash
    if (key !== this.missedKey) {
      hash = this.hashOf(key)
      const slot = this.find(key, hash)
      if (slot !== 0) {
        if (book.sizes[(slot + SIZE) >> 1] === sizeBytes) {
          book.use(slot)
          this.values[slot >> ROW_SHIFT] = value
          return true
        }
        this.remove(slot)
      }
    }
    this.missedKey = undefined
    if (sizeBytes > this.capacityBytes) return false
    const before = book.free
    const place = book.makeRoom(hash, sizeBytes)
    const waiting = this.leaving.length
    for (let slot = book.free; slot !== before; slot = book.words[slot + NEXT]!) this.letGo(slot)
    // What went first is last in the free list.
    if (this.leaving.length > waiting + 1) this.leaving.push(...this.leaving.splice(waiting).reverse())
    this.add(key, value, sizeBytes, hash, place)
    if (this.leaving.length > 0) this.tellWhatLeft()
    return true
  }

  delete(key: K): boolean {
    this.missedKey = undefined
    const slot = this.find(key, this.hashOf(key))
    if (slot === 0) return false
    this.remove(slot)
    return true
  }

  *keys(): IterableIterator<[key: K, sizeBytes: number]> {
    const { book } = this
    for (let slot = FIRST_SLOT; slot < book.used; slot += SLOT_WORDS) {
      if (book.isLive(slot)) yield [this.keyOf(slot), book.sizes[(slot + SIZE) >> 1]!]
    }
  }

  stats(): CacheStats {
    const { book, hits, misses, capacityBytes } = this
    const { bytes, evictions } = book
    const entries = book.smallCount + book.mainCount
    return { hits, misses, hitBytes: this.hitBytes[0]!, evictions, entries, bytes, capacityBytes }
  }

  /** The small and the main queue, newest first. Ghosts are not in it. */
  snapshot(): CacheSnapshot<K> {
    const { book } = this
    return [book.smallOldest, book.mainOldest].map((oldest) => {
      const rows: [K, number, number][] = []
      for (let slot = oldest; slot !== 0; slot = book.words[slot + NEXT]!) {
        if (book.isLive(slot)) rows.push([this.keyOf(slot), book.sizes[(slot + SIZE) >> 1]!, book.markOf(slot)])
      }
      return rows.reverse()
    })
  }

  restore(snapshot: CacheSnapshot<K>, valueFor: (key: K) => V | undefined): void {
    const { book } = this
    let bytes = 0
    const known = new Set<K>()
    for (const [at, rows] of snapshot.slice(0, 2).entries()) {
      const fitting: [K, V, number, number][] = []
      for (const [key, size, mark] of rows) {
        if (known.has(key) || bytes + size > this.capacityBytes) continue
        const value = valueFor(key)
        if (value === undefined) continue
        known.add(key)
        bytes += size
        fitting.push([key, value, size, mark])
      }
      for (const [key, value, size, mark] of fitting.reverse()) {
        this.add(key, value, size, this.hashOf(key), book.placeOf(mark, at === 1))
      }
    }
    this.missedKey = undefined
  }

  private add(key: K, value: V, size: number, hash: number, place: number): void {
    const { book } = this
    const slot = book.takeSlot()
    if (this.integers) {
      const low = (key as number) | 0
      book.words[slot + LOW] = low
      book.words[slot + HIGH] = low === key ? 0 : upperBits(key as number)
    } else this.names[slot >> ROW_SHIFT] = key as string
    this.values[slot >> ROW_SHIFT] = value
    if (book.enter(slot, hash, size, place) > LONGEST_RUN) this.reseed()
    this.entriesUntilReseed--
  }

  private letGo(slot: number): void {
    const row = slot >> ROW_SHIFT
    if (this.onEvict && this.book.wasEvicted(slot)) {
      this.leaving.push({ key: this.keyOf(slot), value: this.values[row] as V })
    }
    this.values[row] = undefined
  }

  private tellWhatLeft(): void {
    for (let left = this.leaving.shift(); left; left = this.leaving.shift()) this.onEvict!(left.key, left.value)
  }

  private remove(slot: number): void {
    this.values[slot >> ROW_SHIFT] = undefined
    if (!this.integers) this.names[slot >> ROW_SHIFT] = ''
    this.book.remove(slot)
  }

  private hashOf(key: K): number {
    if (this.integers) {
      return this.seed === 0 ? quickIntegerHash(key as number) : fullIntegerHash(key as number, this.seed)
    }
    return this.seed === 0 ? quickStringHash(key as string) : fullStringHash(key as string, this.seed)
  }

  private find(key: K, hash: number): number {
    const { table, mask, words } = this.book
    let at = hash & mask
    for (let entry = table[at]!; entry !== 0; entry = table[at]!) {
      if (((entry ^ hash) & ~mask) === 0) {
        const row = entry & mask
        const slot = row << ROW_SHIFT
        if (this.integers) {
          const low = (key as number) | 0
          if (words[slot + LOW] === low && words[slot + HIGH] === (low === key ? 0 : upperBits(key as number)))
            return slot
        } else if (this.names[row] === key) return slot
      }
      at = (at + 1) & mask
    }
    return 0
  }

  private keyOf(slot: number): K {
    if (!this.integers) return this.names[slot >> ROW_SHIFT] as K
    const low = this.book.words[slot + LOW]!
    const high = this.book.words[slot + HIGH]!
    return (high === 0 ? low : (high - 1) * WORD + (low >>> 0)) as K
  }

  /** Hashes all keys anew, in full; at most once in so many entries as there are, so that no choice of keys makes it costly. */
  private reseed(): void {
    if (this.entriesUntilReseed > 0) return
    const { book } = this
    this.entriesUntilReseed = book.smallCount + book.mainCount
    this.seed++
    book.rehash((slot) => this.hashOf(this.keyOf(slot)))
  }
}

/** The upper 21 bits of a key that does not fit a word, + 1; what is no key has none that any key has. */
function upperBits(key: number): number {
  return Number.isSafeInteger(key) && key >= 0 ? Math.floor(key / WORD) + 1 : -1
}
