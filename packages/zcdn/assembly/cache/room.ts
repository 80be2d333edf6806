// The blocks of a book, which double.
import { allocate, free } from './blocks'
import { Book, BUCKET_SHIFT, isLive, MOST_ROWS, ROW_SHIFT, slotAt } from './book'
import { addGhost, GHOST_SHIFT, ghostBytes } from './ghosts'
import { link } from './table'

/** False when there is no memory for so many rows; all is then as it was. */
export function reserve(book: Book, rows: i32): bool {
  if (rows > MOST_ROWS) return false
  const tableBytes = rows << BUCKET_SHIFT
  const slots = allocate(rows << ROW_SHIFT)
  const table = allocate(tableBytes)
  const ghosts = allocate(ghostBytes(rows))
  if (slots === 0 || table === 0 || ghosts === 0) {
    release(slots, table, ghosts, rows)
    return false
  }
  memory.fill(table, 0, tableBytes)
  memory.fill(ghosts, 0, ghostBytes(rows))
  book.slots = slots
  book.table = table
  book.ghosts = ghosts
  book.mask = rows - 1
  book.rows = rows
  return true
}

export function release(slots: usize, table: usize, ghosts: usize, rows: i32): void {
  free(slots, rows << ROW_SHIFT)
  free(table, rows << BUCKET_SHIFT)
  free(ghosts, ghostBytes(rows))
}

/** Doubles the room for slots. False when there is no memory. */
export function grow(book: Book): bool {
  const slots = book.slots
  const table = book.table
  const ghosts = book.ghosts
  const rows = book.rows
  if (!reserve(book, rows * 2)) return false
  memory.copy(book.slots, slots, rows << ROW_SHIFT)
  for (let row = 1; row < book.used; row++) {
    if (isLive(book, row)) link(book.table, book.mask, row, slotAt(book.slots, row).hash)
  }
  for (let bucket = ghosts + <usize>ghostBytes(rows); bucket > ghosts; ) {
    bucket -= 1 << GHOST_SHIFT
    for (let at = bucket + 16; at > bucket; ) {
      at -= 4
      const word = load<i32>(at, 16)
      if (word !== 0) addGhost(book, load<i32>(at), word)
    }
  }
  release(slots, table, ghosts, rows)
  return true
}
