import { SMALL_SHARE, TICKS } from './constants.ts'
import { Ghosts } from './ghosts.ts'
import { PromotionTrial } from './promotion-trial.ts'
import { HASH, QueuedSlots, ROW_SHIFT } from './queued-slots.ts'
import { RowTable } from './row-table.ts'

/** What a book remembers; assembly/cache/book.ts is the same in WebAssembly. */
export class BookState {
  readonly slots = new QueuedSlots()
  readonly table = new RowTable()
  readonly ghosts = new Ghosts()
  readonly trial = new PromotionTrial()
  readonly capacity: number
  readonly ticksPerByte: number
  /** Of all queues. */
  bytes = 0
  /** Bytes that the small queue may hold when the cache is full. */
  smallTarget: number
  /** Bytes that have been turned out of the small and the spare queue, in ticks. */
  clock = 0
  epoch = 0
  usesLeft = 0
  /** Hits in the main queue, of entries that had few, since the small one was last made smaller. */
  mainHits = 0
  ties = 0
  looks = 0
  evictions = 0

  constructor(capacityBytes: number) {
    this.capacity = capacityBytes
    this.smallTarget = capacityBytes * SMALL_SHARE
    this.ticksPerByte = TICKS / capacityBytes
  }

  readonly hashOf = (row: number): number => this.slots.words[(row << ROW_SHIFT) + HASH]!
}
