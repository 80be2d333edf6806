/** What a prepared batch can be asked. Indices are into the batch. */
export interface PreparedBatch {
  /** True when all of these hold together. */
  checkTogether(indices: readonly number[]): boolean
  /** A verdict for each by itself. */
  checkEach(indices: readonly number[]): boolean[]
}

/** Cost of the batch equation for n items, in units of one single check among some hundred of new keys (measured; docs/verification.md). */
const COSTS = [
  [32, 0.95],
  [64, 0.79],
  [128, 0.7],
  [256, 0.63],
  [512, 0.56],
  [1024, 0.54],
] as const
/** Fewer items are checked each by itself: the equation would cost more. */
export const LEAST_GROUP = 13
/** A failed group of at most this size is checked one by one: halving it further costs as much. */
const RESOLVE = 64

/**
 * Finds the invalid items among many, and remembers how many there were lately. Batch equations pay only while most groups hold:
 * with 1 % of bad items spread evenly, single checks are the cheapest way there is. The estimate changes the cost, never a verdict,
 * and bounds what an attacker gains: at worst the price of a failed group or two until the estimate has followed.
 */
export class Identifier {
  readonly #singleCost: () => number
  /** Recent share of invalid items. */
  #badShare = 0

  /** `singleCost`: what a single check costs now, in the same unit. */
  constructor(singleCost: () => number = () => 1) {
    this.#singleCost = singleCost
  }

  judge(batch: PreparedBatch, indices: readonly number[]): boolean[] {
    const group = this.#groupSize()
    if (group === 0) {
      const alone = batch.checkEach(indices)
      this.observe(alone)
      return alone
    }
    const verdicts = new Map<number, boolean>()
    const doubtful: number[] = []
    for (let start = 0; start < indices.length; start += group)
      judgeGroup(batch, indices.slice(start, start + group), verdicts, doubtful)
    // All together: many single checks cost less each than a few.
    const each = batch.checkEach(doubtful)
    for (let i = 0; i < doubtful.length; i++) verdicts.set(doubtful[i]!, each[i]!)
    const out = indices.map((index) => verdicts.get(index)!)
    this.observe(out)
    return out
  }

  /** Whether single checks are the cheapest now: then the batch equation need not be prepared for. */
  get prefersSingles(): boolean {
    return this.#groupSize() === 0
  }

  /** Takes verdicts into the estimate. */
  observe(verdicts: readonly boolean[]): void {
    if (verdicts.length === 0) return
    // Weighted by size, so that single items do not make it jump.
    const weight = Math.min(0.2, verdicts.length / 2048)
    const bad = verdicts.reduce((count, verdict) => count + (verdict ? 0 : 1), 0)
    this.#badShare += weight * (bad / verdicts.length - this.#badShare)
  }

  /** The size that makes check and resolution together cheapest at the estimated share; 0: check each by itself. */
  #groupSize(): number {
    let best = 0
    let least = this.#singleCost()
    for (const [size, cost] of COSTS) {
      const expected = cost + (1 - (1 - this.#badShare) ** size)
      if (expected < least) {
        best = size
        least = expected
      }
    }
    return best
  }
}

/** Gives verdicts where a whole part holds; what is not sorted out by halves is `doubtful`. */
function judgeGroup(
  batch: PreparedBatch,
  group: readonly number[],
  verdicts: Map<number, boolean>,
  doubtful: number[],
): void {
  /** Whether all of a part are good. When the first half is, the second must be bad, and is not asked. */
  const allGood = (part: readonly number[], knownBad: boolean): boolean => {
    if (part.length < LEAST_GROUP || (knownBad && part.length <= RESOLVE)) {
      doubtful.push(...part)
      return false
    }
    if (!knownBad && batch.checkTogether(part)) {
      for (const index of part) verdicts.set(index, true)
      return true
    }
    if (part.length <= RESOLVE) {
      doubtful.push(...part)
      return false
    }
    const middle = part.length >> 1
    const firstGood = allGood(part.slice(0, middle), false)
    allGood(part.slice(middle), firstGood)
    return false
  }
  allGood(group, false)
}
