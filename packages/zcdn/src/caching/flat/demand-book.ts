/**
 * Slots, the table that finds them by a hash, three queues, ghosts and marks of the default cache: its numbers and its policy. No values, and of
 * keys two words: an integer's lower 32 bits and its upper ones (0 where there are none, else + 1), or a string's hash and 0.
 *
 * Slots are told by their row, from 1; 0 is none. Hashes are signed 32-bit integers; sizes are positive and at most the capacity.
 */
export interface DemandBook {
  /** The row of these words, or 0; of several the one after `after`. */
  find(hash: number, low: number, high: number, after: number): number
  /** {@link DemandBook.find} and a hit for what is found; it counts hits and misses. */
  hit(hash: number, low: number, high: number): number
  /** {@link DemandBook.hit} of an integer of 32 bits, with 0 above, under the quick hash. */
  hitInteger(key: number): number
  /** The value of a row was looked for and found. */
  hitRow(row: number): void
  /** The value of a row was looked for, or it was replaced by one of the same size. */
  use(row: number): void
  /**
   * Enters these words, or uses the row that they have. Twice the row, and 1 where {@link DemandBook.nextLeft} or
   * {@link DemandBook.takeCrowded} has something to tell. 0 when they are here with another size, or there is no memory for more.
   */
  put(hash: number, low: number, high: number, size: number): number
  /** {@link DemandBook.put} of an integer of 32 bits, with 0 above, under the quick hash. */
  putInteger(key: number, size: number): number
  /** {@link DemandBook.put} of words that are not here, or are another key's. */
  add(hash: number, low: number, high: number, size: number): number
  /** The first half of {@link DemandBook.add}; what had to go is in {@link DemandBook.nextLeft}, its words still in place. */
  makeRoom(hash: number, size: number): void
  /** The second half. The row, or 0. */
  enter(hash: number, low: number, high: number, size: number): number
  /** The next row whose value had to go in the last operation, last first; 0: no more. */
  nextLeft(): number
  /** True when so many keys stood side by side in the table since this was asked last that they should be hashed anew. */
  takeCrowded(): boolean
  remove(row: number): void
  isLive(row: number): boolean
  sizeOf(row: number): number
  lowOf(row: number): number
  highOf(row: number): number
  /** Hits (3 bits) and uses (4) of a row, for a snapshot. */
  markOf(row: number): number
  /** The next row to go of a queue (SMALL, MAIN or SPARE of constants.ts), and the one after it; deleted ones are among them. */
  first(where: number): number
  next(row: number): number
  /** Enters a row out of a snapshot. */
  restore(hash: number, low: number, high: number, size: number, mark: number, main: boolean): number
  /** Empties the table, for {@link DemandBook.relink} of every live row under a new hash. Ghosts are forgotten. */
  unlinkAll(): void
  relink(row: number, hash: number, low: number): void
  /** One above the highest row that was ever used. */
  used(): number
  entries(): number
  bytes(): number
  hits(): number
  misses(): number
  hitBytes(): number
  evictions(): number
}
