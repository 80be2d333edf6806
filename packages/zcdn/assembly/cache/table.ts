// The table that finds rows by a hash: buckets of four entries, each an entry of the upper bits of a hash above the row; 0 is empty. Four are
// looked at in one step, for a loop would end where no processor can foretell. Who finds a bucket full goes on in the next.
import { Book, BUCKET_SHIFT, Slot, slotAt } from './book'

// @ts-ignore: decorator
@inline
export function holds(slot: Slot, low: i32, high: i32): bool {
  return ((slot.low ^ low) | (slot.high ^ high)) === 0
}

/** The row of a live slot with this hash and these words, or 0; of several, the one after the row `after`. */
// @ts-ignore: decorator
@inline
export function lookUp(book: Book, hash: i32, low: i32, high: i32, after: i32): i32 {
  const mask = book.mask
  const table = book.table
  const slots = book.slots
  const upper = i32x4.splat(~mask)
  const wanted = v128.and(i32x4.splat(hash), upper)
  let at = hash & mask
  while (true) {
    const bucket = table + (<usize>at << BUCKET_SHIFT)
    const entries = v128.load(bucket)
    for (let found = i32x4.bitmask(i32x4.eq(v128.and(entries, upper), wanted)); found !== 0; found &= found - 1) {
      const row = load<i32>(bucket + (<usize>ctz(found) << 2)) & mask
      if (holds(slotAt(slots, row), low, high)) {
        if (after === 0) return row
        if (after === row) after = 0
      }
    }
    if (!i32x4.all_true(entries)) break
    at = (at + 1) & mask
  }
  return 0
}

/** Returns how many full buckets it had to pass. */
// @ts-ignore: decorator
@inline
export function link(table: usize, mask: i32, row: i32, hash: i32): i32 {
  let passed = 0
  let bucket = table + (<usize>(hash & mask) << BUCKET_SHIFT)
  let empty = i32x4.bitmask(i32x4.eq(v128.load(bucket), i32x4.splat(0)))
  while (empty === 0) {
    passed++
    bucket = table + (<usize>((hash + passed) & mask) << BUCKET_SHIFT)
    empty = i32x4.bitmask(i32x4.eq(v128.load(bucket), i32x4.splat(0)))
  }
  store<i32>(bucket + (<usize>ctz(empty) << 2), (hash & ~mask) | row)
  return passed
}

/** Takes a slot out of the table. */
// @ts-ignore: decorator
@inline
export function unlink(book: Book, row: i32, hash: i32): void {
  const mask = book.mask
  const table = book.table
  const rows = i32x4.splat(mask)
  const wanted = i32x4.splat(row)
  let at = hash & mask
  let bucket = table + (<usize>at << BUCKET_SHIFT)
  let entries = v128.load(bucket)
  let found = i32x4.bitmask(i32x4.eq(v128.and(entries, rows), wanted))
  while (found === 0) {
    at = (at + 1) & mask
    bucket = table + (<usize>at << BUCKET_SHIFT)
    entries = v128.load(bucket)
    found = i32x4.bitmask(i32x4.eq(v128.and(entries, rows), wanted))
  }
  const gap = bucket + (<usize>ctz(found) << 2)
  store<i32>(gap, 0)
  if (i32x4.all_true(entries)) closeGap(book, at, gap)
}

/** Brings back what stands further on because a bucket was full (as Knuth, TAOCP 3, 6.4, algorithm R), so that no tombstones are left. */
export function closeGap(book: Book, from: i32, gap: usize): void {
  const mask = book.mask
  let at = from
  for (let full = true; full; ) {
    at = (at + 1) & mask
    const bucket = book.table + (<usize>at << BUCKET_SHIFT)
    full = i32x4.all_true(v128.load(bucket))
    for (let place = bucket; place < bucket + 16; place += 4) {
      const entry = load<i32>(place)
      if (entry === 0) continue
      const home = slotAt(book.slots, entry & mask).hash & mask
      if (((at - home) & mask) < ((at - from) & mask)) continue
      store<i32>(gap, entry)
      store<i32>(place, 0)
      gap = place
      from = at
      break
    }
  }
}
