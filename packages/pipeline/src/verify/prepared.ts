import type { Identifier } from './identifier.ts'
import type { BatchExports, Kernel } from './kernel.ts'

/** Where a prepared chunk lies in the kernel's memory. */
export interface Areas {
  readonly count: number
  readonly records: number
  /** 4 bytes an item. */
  readonly list: number
  /** 16 bytes an item. */
  readonly weights: number
  readonly scratch: number
}

/** Records fit for the batch equation, and those to be checked one by one; the rest is invalid. */
function sorted(kernel: Kernel<BatchExports>, { records, count }: Areas) {
  const together: number[] = []
  const single: number[] = []
  for (let i = 0; i < count; i++) {
    const state = kernel.exports.recordState(records, i)
    if (state === 1) together.push(i)
    else if (state === 2) single.push(i)
  }
  return { together, single }
}

/** The batch equation with fresh 128-bit weights from the platform's random source: an attacker must not foresee them. */
function checkTogether(
  kernel: Kernel<BatchExports>,
  { records, list, weights, scratch }: Areas,
  indices: readonly number[],
): boolean {
  const { bytes, view } = kernel
  for (let i = 0; i < indices.length; i++) view.setUint32(list + 4 * i, indices[i]!, true)
  crypto.getRandomValues(bytes.subarray(weights, weights + 16 * indices.length))
  return kernel.exports.checkBatch(records, list, indices.length, weights, scratch) !== 0
}

function checkEach(kernel: Kernel<BatchExports>, { records }: Areas, indices: readonly number[]): boolean[] {
  const verdicts: boolean[] = []
  for (let i = 0; i < indices.length; i += 2) {
    const second = indices[i + 1]
    const bits = kernel.exports.checkSingle(records, indices[i]!, second ?? indices[i]!)
    verdicts.push((bits & 1) !== 0)
    if (second !== undefined) verdicts.push((bits & 2) !== 0)
  }
  return verdicts
}

/** A verdict for each item of a prepared chunk. */
export function judgeEach(kernel: Kernel<BatchExports>, areas: Areas, identifier: Identifier): boolean[] {
  const { together, single } = sorted(kernel, areas)
  const verdicts: boolean[] = Array(areas.count).fill(false)
  const mark = (indices: readonly number[], each: readonly boolean[]) => {
    for (let i = 0; i < indices.length; i++) verdicts[indices[i]!] = each[i]!
  }
  mark(single, checkEach(kernel, areas, single))
  const batch = {
    checkTogether: (indices: readonly number[]) => checkTogether(kernel, areas, indices),
    checkEach: (indices: readonly number[]) => checkEach(kernel, areas, indices),
  }
  mark(together, identifier.judge(batch, together))
  return verdicts
}

/** True when all items of a prepared chunk hold. */
export function judgeAll(kernel: Kernel<BatchExports>, areas: Areas): boolean {
  const { together, single } = sorted(kernel, areas)
  if (together.length + single.length < areas.count) return false
  if (!checkEach(kernel, areas, single).every(Boolean)) return false
  if (together.length === 0) return true
  return together.length <= 2
    ? checkEach(kernel, areas, together).every(Boolean)
    : checkTogether(kernel, areas, together)
}
