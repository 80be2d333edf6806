/**
 * A DAG for tests with readable unit ids: `A1` is the unit of validator A in round 1, `A1b` a second one. Parents are given
 * round by round in a notation close to that of Sui's `test_dag_parser.rs`.
 */
import type { Address, RoundHeader, TipDag, UnitId } from '../../src/index.ts'

export const GENESIS = 'genesis' as UnitId

export interface TextDag extends TipDag {
  add(id: string, parents: readonly string[], options?: { author?: string; round?: number; lastFinal?: string }): UnitId
  user(id: string, parents: readonly string[]): UnitId
  ids(): UnitId[]
}

/** Author and round of a unit name such as `B12` or `B12b`. */
export function parseName(name: string): { author: string; round: number } {
  const match = /^([A-Z]+)(\d+)[a-z]*$/.exec(name)
  if (!match) throw new Error(`not a unit name: ${name}`)
  return { author: match[1]!, round: Number(match[2]) }
}

export function createTextDag(): TextDag {
  const headers = new Map<UnitId, RoundHeader>([
    [GENESIS, { parents: [], authors: [], lastFinal: { mci: 0, id: GENESIS } }],
  ])
  const pasts = new Map<UnitId, Set<UnitId>>([[GENESIS, new Set()]])
  const rounds = new Map<number, UnitId[]>()
  const tips = new Set<UnitId>([GENESIS])

  function put(id: UnitId, header: RoundHeader): UnitId {
    if (headers.has(id)) throw new Error(`unit ${id} is there already`)
    const past = new Set<UnitId>()
    for (const parent of header.parents) {
      if (!headers.has(parent)) throw new Error(`parent ${parent} of ${id} is not there`)
      past.add(parent)
      for (const ancestor of pasts.get(parent)!) past.add(ancestor)
      tips.delete(parent)
    }
    headers.set(id, header)
    pasts.set(id, past)
    tips.add(id)
    if (header.validator) {
      const list = rounds.get(header.validator.round) ?? []
      list.push(id)
      rounds.set(header.validator.round, list)
    }
    return id
  }

  return {
    has: (id) => headers.has(id),
    header(id) {
      const header = headers.get(id)
      if (!header) throw new Error(`unit ${id} is not there`)
      return header
    },
    roundUnits: (round) => rounds.get(round) ?? [],
    authorUnits: (address, round) => (rounds.get(round) ?? []).filter((id) => headers.get(id)!.authors[0] === address),
    isAncestor: (ancestor, descendant) => pasts.get(descendant)!.has(ancestor),
    tips: () => [...tips],
    add(name, parents, options = {}) {
      const { author, round } = { ...(options.author ? { author: '', round: 0 } : parseName(name)), ...options }
      const [selfParent] = parents
      return put(name as UnitId, {
        parents: parents as UnitId[],
        authors: [author as Address],
        lastFinal: { mci: 0, id: (options.lastFinal ?? GENESIS) as UnitId },
        validator: { round, selfParent: selfParent as UnitId },
      })
    },
    user: (name, parents) =>
      put(name as UnitId, {
        parents: parents as UnitId[],
        authors: ['user' as Address],
        lastFinal: { mci: 0, id: GENESIS },
      }),
    ids: () => [...headers.keys()],
  }
}
