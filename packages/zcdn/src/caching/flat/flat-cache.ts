import type { CacheEngine, CacheSnapshot, CacheStats } from '../engine.ts'
import { MAIN, SMALL, SPARE } from './constants.ts'
import { createDemandBook } from './create-demand-book.ts'
import type { DemandBook } from './demand-book.ts'
import { fullIntegerHash, fullStringHash, quickIntegerHash, quickStringHash } from './hash.ts'

const WORD = 4294967296
/** Integer keys under quick hashes, and nobody asks what left: then one call does all. */
const PLAIN = 1
const STEP_BY_STEP = 0

/** The default cache: its numbers and its policy in a {@link DemandBook}, values by row in one array, keys that are strings in another. */
export class FlatCache<K extends string | number, V> implements CacheEngine<K, V> {
  private readonly book: DemandBook
  private readonly capacityBytes: number
  private readonly values: (V | undefined)[] = [undefined]
  private readonly names: string[] = ['']
  private readonly integers: boolean
  private readonly onEvict: ((key: K, value: V) => void) | undefined
  private readonly leaving: { key: K; value: V }[] = []
  /** 0: quick hashes. */
  private seed = 0
  /** {@link PLAIN} or not. A number, for an engine asks five questions to learn that a field is true. */
  private mode: number
  /** So many have come when all may be hashed anew again. */
  private reseedAt = 0
  private removed = 0
  /** The string that {@link get} has not found last: who then sets it need not look again. Only while no other has come or gone. */
  private missedName: K | undefined
  private missedHash = 0
  private namesMissed = 0

  constructor(
    capacityBytes: number,
    integers: boolean,
    onEvict: ((key: K, value: V) => void) | undefined,
    book = createDemandBook(capacityBytes),
  ) {
    this.book = book
    this.capacityBytes = capacityBytes
    this.integers = integers
    this.onEvict = onEvict
    this.mode = integers && onEvict === undefined ? PLAIN : STEP_BY_STEP
  }

  get(key: K): V | undefined {
    if (this.mode !== PLAIN) return this.getStepByStep(key)
    const low = (key as number) | 0
    // The row 0 holds no value.
    if (low === key) return this.values[this.book.hitInteger(low)]
    return this.values[this.book.hit(quickIntegerHash(key as number), low, upperBits(key as number))]
  }

  private getStepByStep(key: K): V | undefined {
    if (!this.integers) return this.getNamed(key)
    return this.values[this.book.hit(this.hashOf(key), this.lowOf(key, 0), this.highOf(key))]
  }

  private getNamed(key: K): V | undefined {
    const hash = this.hashOf(key)
    const row = this.findNamed(key, hash)
    if (row === 0) {
      this.namesMissed++
      this.missedName = key
      this.missedHash = hash
      return undefined
    }
    this.book.hitRow(row)
    return this.values[row]
  }

  has(key: K): boolean {
    return this.find(key) !== 0
  }

  peek(key: K): V | undefined {
    const row = this.find(key)
    return row === 0 ? undefined : this.values[row]
  }

  set(key: K, value: V, sizeBytes: number): boolean {
    const { book } = this
    if (this.mode !== PLAIN || sizeBytes > this.capacityBytes) return this.setStepByStep(key, value, sizeBytes)
    const low = (key as number) | 0
    const put =
      low === key
        ? book.putInteger(low, sizeBytes)
        : book.put(quickIntegerHash(key as number), low, upperBits(key as number), sizeBytes)
    if ((put & 1) !== 0) this.tidy()
    if (put < 2) return this.setStepByStep(key, value, sizeBytes)
    this.values[put >> 1] = value
    return true
  }

  private setStepByStep(key: K, value: V, sizeBytes: number): boolean {
    const { book } = this
    let hash = this.missedHash
    if (key !== this.missedName) {
      hash = this.hashOf(key)
      const row = this.find(key, hash)
      if (row !== 0) {
        if (book.sizeOf(row) === sizeBytes) {
          book.use(row)
          this.values[row] = value
          return true
        }
        this.remove(row)
      }
    }
    this.missedName = undefined
    if (sizeBytes > this.capacityBytes) return false
    if (this.onEvict !== undefined) return this.setAndTell(key, value, sizeBytes, hash)
    const put = book.add(hash, this.lowOf(key, hash), this.highOf(key), sizeBytes)
    const isIn = this.fill(put >> 1, key, value)
    if ((put & 1) !== 0) this.tidy()
    return isIn
  }

  private setAndTell(key: K, value: V, sizeBytes: number, hash: number): boolean {
    const { book, leaving } = this
    book.makeRoom(hash, sizeBytes)
    const waiting = leaving.length
    for (let row = book.nextLeft(); row !== 0; row = book.nextLeft()) {
      leaving.push({ key: this.keyOf(row), value: this.values[row] as V })
      this.values[row] = undefined
    }
    // What went first is told last.
    if (leaving.length > waiting + 1) leaving.push(...leaving.splice(waiting).reverse())
    const isIn = this.fill(book.enter(hash, this.lowOf(key, hash), this.highOf(key), sizeBytes), key, value)
    this.tidy()
    for (let left = leaving.shift(); left; left = leaving.shift()) this.onEvict!(left.key, left.value)
    return isIn
  }

  delete(key: K): boolean {
    this.missedName = undefined
    const row = this.find(key)
    if (row === 0) return false
    this.remove(row)
    return true
  }

  *keys(): IterableIterator<[key: K, sizeBytes: number]> {
    const { book } = this
    for (let row = 1; row < book.used(); row++) {
      if (book.isLive(row)) yield [this.keyOf(row), book.sizeOf(row)]
    }
  }

  stats(): CacheStats {
    const { book, capacityBytes } = this
    return {
      hits: book.hits(),
      misses: this.integers ? book.misses() : this.namesMissed,
      hitBytes: book.hitBytes(),
      evictions: book.evictions(),
      entries: book.entries(),
      bytes: book.bytes(),
      capacityBytes,
    }
  }

  /** The small queue, after it the spare one, and the main queue, newest first. Ghosts are not in it. */
  snapshot(): CacheSnapshot<K> {
    return [[...this.rowsOf(SMALL).reverse(), ...this.rowsOf(SPARE)], this.rowsOf(MAIN).reverse()]
  }

  /** In the order in which they would go. */
  private rowsOf(where: number): [key: K, size: number, mark: number][] {
    const { book } = this
    const rows: [K, number, number][] = []
    for (let row = book.first(where); row !== 0; row = book.next(row)) {
      if (book.isLive(row)) rows.push([this.keyOf(row), book.sizeOf(row), book.markOf(row)])
    }
    return rows
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
        const hash = this.hashOf(key)
        this.fill(book.restore(hash, this.lowOf(key, hash), this.highOf(key), size, mark, at === 1), key, value)
        this.tidy()
      }
    }
    this.missedName = undefined
  }

  /** False for the row 0: there was no memory. */
  private fill(row: number, key: K, value: V): boolean {
    if (row === 0) return false
    this.values[row] = value
    if (!this.integers) this.names[row] = key as string
    return true
  }

  /** Lets go of what had to go, and hashes anew when keys crowd. */
  private tidy(): void {
    const { book } = this
    for (let row = book.nextLeft(); row !== 0; row = book.nextLeft()) this.values[row] = undefined
    if (book.takeCrowded()) this.reseed()
  }

  private remove(row: number): void {
    this.values[row] = undefined
    if (!this.integers) this.names[row] = ''
    this.removed++
    this.book.remove(row)
  }

  private hashOf(key: K): number {
    if (this.integers) {
      return this.seed === 0 ? quickIntegerHash(key as number) : fullIntegerHash(key as number, this.seed)
    }
    return this.seed === 0 ? quickStringHash(key as string) : fullStringHash(key as string, this.seed)
  }

  private lowOf(key: K, hash: number): number {
    return this.integers ? (key as number) | 0 : hash
  }

  private highOf(key: K): number {
    return this.integers && ((key as number) | 0) !== key ? upperBits(key as number) : 0
  }

  private find(key: K, hash = this.hashOf(key)): number {
    return this.integers ? this.book.find(hash, (key as number) | 0, this.highOf(key), 0) : this.findNamed(key, hash)
  }

  private findNamed(key: K, hash: number): number {
    let row = this.book.find(hash, hash, 0, 0)
    while (row !== 0 && this.names[row] !== key) row = this.book.find(hash, hash, 0, row)
    return row
  }

  private keyOf(row: number): K {
    if (!this.integers) return this.names[row] as K
    const low = this.book.lowOf(row)
    const high = this.book.highOf(row)
    return (high === 0 ? low : (high - 1) * WORD + (low >>> 0)) as K
  }

  /** Hashes all keys anew, in full; at most once in so many entries as there are, so that no choice of keys makes it costly. */
  private reseed(): void {
    const { book } = this
    const come = book.evictions() + book.entries() + this.removed
    if (come < this.reseedAt) return
    this.reseedAt = come + book.entries()
    this.seed++
    this.mode = STEP_BY_STEP
    this.missedName = undefined
    book.unlinkAll()
    for (let row = 1; row < book.used(); row++) {
      if (!book.isLive(row)) continue
      const hash = this.hashOf(this.keyOf(row))
      book.relink(row, hash, this.integers ? book.lowOf(row) : hash)
    }
    book.takeCrowded()
  }
}

/** The upper 21 bits of a key that does not fit a word, + 1; what is no key has none that any key has. */
function upperBits(key: number): number {
  return Number.isSafeInteger(key) && key >= 0 ? Math.floor(key / WORD) + 1 : -1
}
