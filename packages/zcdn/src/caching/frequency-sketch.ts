/** Counters of one key lie in one block of this many words (32 bytes): one cache miss an operation. */
const BLOCK_WORDS = 8

/**
 * Count-min sketch with 4-bit counters and periodic halving (TinyLFU: Einziger, Friedman, Manes, ACM TOS 2017): how often a key
 * was seen in the recent past, in a few bytes a key, for many more keys than the cache holds. Four counters a key, all in one block.
 */
export class FrequencySketch {
  /** How many cached values it is made for. */
  readonly entries: number
  private readonly table: Uint32Array
  private readonly blockMask: number
  private readonly sampleSize: number
  private additions = 0

  constructor(entries: number) {
    const blocks = 2 ** Math.ceil(Math.log2(Math.max(8, entries) / 4))
    this.entries = blocks * 4
    this.table = new Uint32Array(blocks * BLOCK_WORDS)
    this.blockMask = blocks - 1
    this.sampleSize = 10 * this.entries
  }

  /** Estimated uses, 0 … 15. O(1). */
  count(hash: number): number {
    const block = (hash & this.blockMask) * BLOCK_WORDS
    let bits = Math.imul(hash ^ (hash >>> 15), 0x9e3779b1)
    bits ^= bits >>> 13
    let least = 15
    for (let row = 0; row < 4; row++, bits >>>= 4) {
      const value = (this.table[block + (row << 1) + ((bits >>> 3) & 1)]! >>> ((bits & 7) << 2)) & 15
      if (value < least) least = value
    }
    return least
  }

  /** Counts one use. O(1) amortised: after ten uses an entry the whole table is halved, so that old demand fades. */
  add(hash: number): void {
    const { table } = this
    const block = (hash & this.blockMask) * BLOCK_WORDS
    let bits = Math.imul(hash ^ (hash >>> 15), 0x9e3779b1)
    bits ^= bits >>> 13
    let grew = false
    for (let row = 0; row < 4; row++, bits >>>= 4) {
      const word = block + (row << 1) + ((bits >>> 3) & 1)
      const shift = (bits & 7) << 2
      const value = table[word]!
      if (((value >>> shift) & 15) < 15) {
        table[word] = value + (1 << shift)
        grew = true
      }
    }
    if (grew && ++this.additions >= this.sampleSize) this.halve()
  }

  private halve(): void {
    const { table } = this
    for (let i = 0; i < table.length; i++) table[i] = (table[i]! >>> 1) & 0x77777777
    this.additions >>>= 1
  }
}
