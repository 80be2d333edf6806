import { placeFor } from './admission.ts'
import { BookState } from './book-state.ts'
import { EVICTED, MAIN, MARK, MOST_USES, PROMOTE_AT, SMALL, USES_SHIFT, WHERE } from './constants.ts'
import { useSlot } from './demand.ts'
import type { DemandBook } from './demand-book.ts'
import { enterAt } from './entry.ts'
import { evictFor } from './eviction.ts'
import { quickIntegerHash } from './hash.ts'
import { HASH, HIGH, LOW, META, NEXT, ROW_SHIFT, type SlotQueue } from './queued-slots.ts'

/** No key has this upper word. */
const NO_KEY = -0x80000000

/**
 * S3-FIFO (Yang et al., SOSP 2023) with TinyLFU's question at the door of the main queue and a third queue in the room that the main queue does not
 * need yet, see docs/cache.md. assembly/cache/demand-cache.ts is the same in WebAssembly; this one serves where there is none.
 */
export class DemandCache implements DemandBook {
  private readonly book: BookState
  private hitCount = 0
  private missCount = 0
  private hitByteCount = 0
  /** Where the value goes that room was made for. */
  private place = 0
  /** Where the free list began before the last operation, and how far it has been told. */
  private freeBefore = 0
  private leftCursor = 0
  /** The words that {@link hit} has not found last: who then puts them need not look again. Only while nothing has come or gone. */
  private missedLow = 0
  private missedHigh = NO_KEY

  constructor(capacityBytes: number) {
    this.book = new BookState(capacityBytes)
  }

  find(hash: number, low: number, high: number, after: number): number {
    const { words } = this.book.slots
    let last = after
    return this.book.table.find(hash, (row) => {
      const slot = row << ROW_SHIFT
      if (words[slot + LOW] !== low || words[slot + HIGH] !== high) return false
      if (last === 0) return true
      if (last === row) last = 0
      return false
    })
  }

  hit(hash: number, low: number, high: number): number {
    const row = this.find(hash, low, high, 0)
    if (row !== 0) this.hitRow(row)
    else {
      this.missCount++
      this.missedLow = low
      this.missedHigh = high
    }
    return row
  }

  hitInteger(key: number): number {
    return this.hit(quickIntegerHash(key), key, 0)
  }

  hitRow(row: number): void {
    this.hitCount++
    this.hitByteCount += this.sizeOf(row)
    this.use(row)
  }

  use(row: number): void {
    useSlot(this.book, row << ROW_SHIFT)
  }

  put(hash: number, low: number, high: number, size: number): number {
    if (this.missedLow !== low || this.missedHigh !== high) {
      const row = this.find(hash, low, high, 0)
      if (row !== 0) {
        if (this.sizeOf(row) !== size) return 0
        this.use(row)
        return row << 1
      }
    }
    return this.add(hash, low, high, size)
  }

  putInteger(key: number, size: number): number {
    return this.put(quickIntegerHash(key), key, 0, size)
  }

  add(hash: number, low: number, high: number, size: number): number {
    const { slots, table } = this.book
    this.makeRoom(hash, size)
    // The head is taken next, and its value overwritten.
    if (slots.freeHead !== this.freeBefore) this.leftCursor = slots.words[slots.freeHead + NEXT]!
    const row = this.enter(hash, low, high, size)
    return (row << 1) | (this.leftCursor !== this.freeBefore || table.crowded ? 1 : 0)
  }

  makeRoom(hash: number, size: number): void {
    const { slots } = this.book
    this.missedHigh = NO_KEY
    this.freeBefore = slots.freeHead
    this.place = placeFor(this.book, hash, size)
    evictFor(this.book, this.place, size)
    this.leftCursor = slots.freeHead
  }

  enter(hash: number, low: number, high: number, size: number): number {
    return enterAt(this.book, hash, low, high, size, this.place)
  }

  nextLeft(): number {
    const { words } = this.book.slots
    for (let slot = this.leftCursor; slot !== this.freeBefore; slot = this.leftCursor) {
      this.leftCursor = words[slot + NEXT]!
      if (words[slot + META] === EVICTED) return slot >> ROW_SHIFT
    }
    return 0
  }

  takeCrowded(): boolean {
    const { table } = this.book
    const { crowded } = table
    table.crowded = false
    return crowded
  }

  remove(row: number): void {
    const { book } = this
    const slot = row << ROW_SHIFT
    this.missedHigh = NO_KEY
    book.table.unlink(row, book.hashOf)
    book.bytes -= book.slots.sizeOf(slot)
    book.slots.delete(this.queueOf(book.slots.words[slot + META]! & WHERE), slot)
  }

  isLive(row: number): boolean {
    return this.book.slots.isLive(row)
  }

  sizeOf(row: number): number {
    return this.book.slots.sizeOf(row << ROW_SHIFT)
  }

  lowOf(row: number): number {
    return this.book.slots.words[(row << ROW_SHIFT) + LOW]!
  }

  highOf(row: number): number {
    return this.book.slots.words[(row << ROW_SHIFT) + HIGH]!
  }

  markOf(row: number): number {
    const meta = this.book.slots.words[(row << ROW_SHIFT) + META]!
    return (meta & MARK) | (((meta >>> USES_SHIFT) & MOST_USES) << 3)
  }

  first(where: number): number {
    return this.queueOf(where).first >> ROW_SHIFT
  }

  next(row: number): number {
    return this.book.slots.words[(row << ROW_SHIFT) + NEXT]! >> ROW_SHIFT
  }

  restore(hash: number, low: number, high: number, size: number, mark: number, main: boolean): number {
    this.missedHigh = NO_KEY
    const uses = Math.max(1, (mark >> 3) & MOST_USES)
    this.place = (main ? MAIN : SMALL) | (uses << USES_SHIFT) | Math.min(mark & MARK, PROMOTE_AT)
    return this.enter(hash, low, high, size)
  }

  unlinkAll(): void {
    const { slots, table, ghosts } = this.book
    this.missedHigh = NO_KEY
    table.reset(slots.rows)
    ghosts.clear()
  }

  relink(row: number, hash: number, low: number): void {
    const { words } = this.book.slots
    words[(row << ROW_SHIFT) + HASH] = hash
    words[(row << ROW_SHIFT) + LOW] = low
    this.book.table.link(row, hash)
  }

  used(): number {
    return this.book.slots.used
  }

  entries(): number {
    return this.book.slots.entries
  }

  bytes(): number {
    return this.book.bytes
  }

  hits(): number {
    return this.hitCount
  }

  misses(): number {
    return this.missCount
  }

  hitBytes(): number {
    return this.hitByteCount
  }

  evictions(): number {
    return this.book.evictions
  }

  private queueOf(where: number): SlotQueue {
    const { small, main, spare } = this.book.slots
    return where === SMALL ? small : where === MAIN ? main : spare
  }
}
