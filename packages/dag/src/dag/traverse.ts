/** Past, future and anticone of a unit as sorted sets. */
import type { DagView } from './view.ts'

/** Lists up to this length are sorted by insertion: the built-in sort calls back for each comparison. */
const SHORT = 64

/** Sorts units by height, then id: an order that depends on the units alone. */
export function sortByHeight(view: DagView, units: number[]): number[] {
  const compare = (a: number, b: number) => view.heightOf(a) - view.heightOf(b) || view.compareIds(a, b)
  if (units.length > SHORT) return units.sort(compare)
  for (let i = 1; i < units.length; i++) {
    const unit = units[i]!
    const height = view.heightOf(unit)
    let at = i - 1
    for (; at >= 0; at--) {
      const before = units[at]!
      const difference = view.heightOf(before) - height
      if (difference < 0 || (difference === 0 && view.compareIds(before, unit) < 0)) break
      units[at + 1] = before
    }
    units[at + 1] = unit
  }
  return units
}

/** A flag for each unit: 1 if it is in the past of `unit`. Cost: linear in the past's edges. */
export function markPast(view: DagView, unit: number): Uint8Array {
  const marks = new Uint8Array(unit + 1)
  marks[unit] = 1
  for (let u = unit; u >= 0; u--) {
    if (marks[u] === 0) continue
    for (let k = view.parentCount(u) - 1; k >= 0; k--) marks[view.parentAt(u, k)] = 1
  }
  marks[unit] = 0
  return marks
}

/** A flag for each unit: 1 if `unit` is in its past. Cost: linear in the edges of the units that came after. */
export function markFuture(view: DagView, unit: number): Uint8Array {
  const marks = new Uint8Array(view.size)
  marks[unit] = 1
  for (let u = unit + 1; u < view.size; u++) {
    for (let k = view.parentCount(u) - 1; k >= 0; k--) {
      if (marks[view.parentAt(u, k)] === 1) {
        marks[u] = 1
        break
      }
    }
  }
  marks[unit] = 0
  return marks
}

/** The units with flag `value`, by height, then id. */
export function collect(view: DagView, marks: Uint8Array): number[] {
  const units: number[] = []
  for (let u = 0; u < marks.length; u++) if (marks[u] === 1) units.push(u)
  return sortByHeight(view, units)
}

/** Units neither in the past nor in the future of `unit`, nor itself, by height, then id. */
export function anticone(view: DagView, unit: number): number[] {
  const past = markPast(view, unit)
  const future = markFuture(view, unit)
  const units: number[] = []
  for (let u = 0; u < view.size; u++) if (u !== unit && past[u] !== 1 && future[u] === 0) units.push(u)
  return sortByHeight(view, units)
}
