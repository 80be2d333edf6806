// A slot for what comes.
import type { BookState } from './book-state.ts'
import { EPOCH_SHIFT, MAIN, WHERE } from './constants.ts'
import { HASH, HIGH, LOW, META, ROW_SHIFT } from './queued-slots.ts'

/** Enters words that are not here at a place (queue, uses and hits), for which there is room. The row. */
export function enterAt(book: BookState, hash: number, low: number, high: number, size: number, place: number): number {
  const { slots } = book
  let slot = slots.take()
  if (slot === 0) {
    grow(book)
    slot = slots.take()
  }
  const { words } = slots
  words[slot + LOW] = low
  words[slot + HIGH] = high
  words[slot + HASH] = hash
  words[slot + META] = (book.epoch << EPOCH_SHIFT) | place
  slots.resize(slot, size)
  book.bytes += size
  slots.push((place & WHERE) === MAIN ? slots.main : slots.small, slot)
  book.table.link(slot >> ROW_SHIFT, hash)
  return slot >> ROW_SHIFT
}

function grow(book: BookState): void {
  const { slots, table } = book
  slots.grow()
  table.reset(slots.rows)
  for (let row = 1; row < slots.used; row++) if (slots.isLive(row)) table.link(row, book.hashOf(row))
  book.ghosts.grow(slots.rows)
}
