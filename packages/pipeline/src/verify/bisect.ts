/** What a prepared batch can be asked. Indices are into the batch. */
export interface PreparedBatch {
  /** True when all of these hold together. */
  checkTogether(indices: readonly number[]): boolean
  /** A verdict for each by itself. */
  checkEach(indices: readonly number[]): boolean[]
}

/** Below this a batch equation costs as much as checking one by one (measured; see docs/verification.md). */
const SMALL = 12
/** Batch checks may look at each item this often; beyond, so much is wrong that single checks are cheaper. Bounds an attacker's cost. */
const LOOKS = 3

/** Finds the invalid items: halves what fails, and concludes without a check that the second half is bad when the first is good. */
export function bisect(batch: PreparedBatch, indices: readonly number[]): boolean[] {
  const verdicts = new Map<number, boolean>()
  let looks = LOOKS * indices.length
  const judge = (part: readonly number[], knownBad: boolean): boolean => {
    if (part.length <= SMALL || looks < part.length) {
      const each = batch.checkEach(part)
      part.forEach((index, i) => {
        verdicts.set(index, each[i]!)
      })
      return each.every(Boolean)
    }
    if (!knownBad) {
      looks -= part.length
      if (batch.checkTogether(part)) {
        for (const index of part) verdicts.set(index, true)
        return true
      }
    }
    const middle = part.length >> 1
    const firstGood = judge(part.slice(0, middle), false)
    judge(part.slice(middle), firstGood)
    return false
  }
  if (indices.length > 0) judge(indices, false)
  return indices.map((index) => verdicts.get(index)!)
}
