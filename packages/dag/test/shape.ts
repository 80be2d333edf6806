/** DAGs of bare structure for tests: names for units, no headers. */
import { DagCore } from '../src/dag/core.ts'
import type { UnitId } from '../src/index.ts'

/** A unit id that is the number padded: ids ascend with numbers. */
export function idOf(n: number): UnitId {
  return `0x${n.toString(16).padStart(64, '0')}` as UnitId
}

/** A structure whose unit `i` has the given parents, by number; parents come first. `ids` name the units. */
export function coreOf(parents: readonly (readonly number[])[], ids: (unit: number) => UnitId = idOf): DagCore {
  const core = new DagCore()
  parents.forEach((mine, unit) => {
    const height = mine.reduce((max, parent) => Math.max(max, core.heightOf(parent) + 1), 0)
    core.append({ id: ids(unit), height, round: 0, author: undefined }, Int32Array.from(mine), mine.length)
  })
  return core
}

/** Ancestors of each unit as bit sets, by definition. */
export function bitClosure(parents: readonly (readonly number[])[]): (a: number, b: number) => boolean {
  const words = Math.ceil(parents.length / 32)
  const sets: Uint32Array[] = []
  for (const mine of parents) {
    const set = new Uint32Array(words)
    for (const parent of mine) {
      const other = sets[parent]!
      for (let w = 0; w < words; w++) set[w]! |= other[w]!
      set[parent >> 5]! |= 1 << (parent & 31)
    }
    sets.push(set)
  }
  return (a, b) => ((sets[b]![a >> 5]! >>> (a & 31)) & 1) === 1
}
