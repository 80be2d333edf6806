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
  /** Prepared without what only the batch equation needs. */
  readonly lone: boolean
}

/** Records fit for the batch equation, and those to be checked one by one; the rest is invalid. */
function sorted(kernel: Kernel<BatchExports>, { records, count }: Areas) {
  const together: number[] = []
  const single: number[] = []
  for (let i = 0; i < count; i++) {
    const state = kernel.exports.recordState(records, i)
    if (state === 1) together.push(i)
    else if (state > 1) single.push(i)
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

function checkEach(
  kernel: Kernel<BatchExports>,
  { records, list, scratch }: Areas,
  indices: readonly number[],
): boolean[] {
  const { view } = kernel
  for (let i = 0; i < indices.length; i++) view.setUint32(list + 4 * i, indices[i]!, true)
  kernel.exports.checkMany(records, list, indices.length, scratch)
  return indices.map((_, i) => view.getUint32(list + 4 * i, true) === 1)
}

/** A verdict for each item of a prepared chunk. */
export function judgeEach(kernel: Kernel<BatchExports>, areas: Areas, identifier: Identifier): boolean[] {
  const { together, single } = sorted(kernel, areas)
  const verdicts: boolean[] = Array(areas.count).fill(false)
  const mark = (indices: readonly number[], each: readonly boolean[]) => {
    for (let i = 0; i < indices.length; i++) verdicts[indices[i]!] = each[i]!
  }
  const alone = checkEach(kernel, areas, single)
  mark(single, alone)
  if (areas.lone) identifier.observe(alone)
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
