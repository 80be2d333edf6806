/** Makes a failing DAG small: drops units with all that builds on them while it still fails. */
import type { UnitRef } from '../dag/dag.ts'
import type { UnitId } from '../unit/id.ts'

function without(units: readonly UnitRef[], dropped: ReadonlySet<UnitId>): UnitRef[] {
  const gone = new Set(dropped)
  return units.filter(({ id, header }) => {
    if (gone.has(id) || header.parents.some((parent) => gone.has(parent))) gone.add(id)
    return !gone.has(id)
  })
}

/**
 * The smallest DAG found that still fails: first halves, then quarters … of the units are left out, down to single ones, with
 * their futures. `units` are in topological order, the genesis stays. Cost: quadratic in the size in the worst case, times the predicate.
 */
export function shrinkUnits(units: readonly UnitRef[], fails: (units: readonly UnitRef[]) => boolean): UnitRef[] {
  let best = [...units]
  for (let chunk = Math.ceil(best.length / 2); chunk >= 1; chunk = chunk === 1 ? 0 : Math.ceil(chunk / 2)) {
    for (let end = best.length; end > 1; end -= chunk) {
      const dropped = new Set(best.slice(Math.max(1, end - chunk), end).map(({ id }) => id))
      const smaller = without(best, dropped)
      if (smaller.length < best.length && fails(smaller)) {
        best = smaller
        end = Math.min(end, best.length + chunk)
      }
    }
  }
  return best
}
