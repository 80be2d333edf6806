/** Whether paths run along the left or right edge of a tree, or belong to two leaves with nothing between them. */
import { equal } from '../encoding/bytes.ts'
import type { InnerOp, InnerSpec } from './proof.ts'

function position(spec: InnerSpec, branch: number): number {
  return spec.childOrder.indexOf(branch)
}

function hasPadding(spec: InnerSpec, step: InnerOp, branch: number): boolean {
  const index = position(spec, branch)
  if (index < 0) return false
  const before = index * spec.childSize
  const after = (spec.childOrder.length - 1 - index) * spec.childSize
  return (
    step.prefix.length >= before + spec.minPrefixLength &&
    step.prefix.length <= before + spec.maxPrefixLength &&
    step.suffix.length === after
  )
}

/** Which child of its parent the path comes from; minus one when the step fits none. */
function branchOf(spec: InnerSpec, step: InnerOp): number {
  for (let branch = 0; branch < spec.childOrder.length; branch++) if (hasPadding(spec, step, branch)) return branch
  return -1
}

/** True when every sibling left of the path at `step` is the spec's placeholder. */
export function leftBranchesAreEmpty(spec: InnerSpec, step: InnerOp): boolean {
  const branch = branchOf(spec, step)
  if (branch <= 0 || spec.emptyChild.length !== spec.childSize) return false
  const base = step.prefix.length - branch * spec.childSize
  if (base < 0) return false
  for (let i = 0; i < branch; i++) {
    const from = base + position(spec, i) * spec.childSize
    if (!equal(spec.emptyChild, step.prefix.subarray(from, from + spec.childSize))) return false
  }
  return true
}

/** True when every sibling right of the path at `step` is the spec's placeholder. */
export function rightBranchesAreEmpty(spec: InnerSpec, step: InnerOp): boolean {
  const branch = branchOf(spec, step)
  const right = spec.childOrder.length - 1 - branch
  if (branch < 0 || right === 0 || spec.emptyChild.length !== spec.childSize) return false
  if (step.suffix.length !== right * spec.childSize) return false
  for (let i = 0; i < right; i++) {
    const from = position(spec, i) * spec.childSize
    if (!equal(spec.emptyChild, step.suffix.subarray(from, from + spec.childSize))) return false
  }
  return true
}

/** True when nothing real is left of the path. */
export function isLeftMost(spec: InnerSpec, path: readonly InnerOp[]): boolean {
  return path.every((step) => hasPadding(spec, step, 0) || leftBranchesAreEmpty(spec, step))
}

/** True when nothing real is right of the path. */
export function isRightMost(spec: InnerSpec, path: readonly InnerOp[]): boolean {
  const last = spec.childOrder.length - 1
  return path.every((step) => hasPadding(spec, step, last) || rightBranchesAreEmpty(spec, step))
}

/** True when `right` is the next leaf after `left`: one common tail, then neighbouring children, then the inner edges. */
export function isLeftNeighbour(spec: InnerSpec, left: readonly InnerOp[], right: readonly InnerOp[]): boolean {
  let l = left.length - 1
  let r = right.length - 1
  while (l >= 0 && r >= 0 && equal(left[l]!.prefix, right[r]!.prefix) && equal(left[l]!.suffix, right[r]!.suffix)) {
    l--
    r--
  }
  if (l < 0 || r < 0) return false
  const leftBranch = branchOf(spec, left[l]!)
  if (leftBranch < 0 || branchOf(spec, right[r]!) !== leftBranch + 1) return false
  return isRightMost(spec, left.slice(0, l)) && isLeftMost(spec, right.slice(0, r))
}
