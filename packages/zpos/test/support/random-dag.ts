/** Random round DAGs with equivocators, and random views of them. */
import type { Committee, UnitId } from '../../src/index.ts'
import { createTextDag, GENESIS, type TextDag } from './text-dag.ts'

export interface RandomDagOptions {
  readonly committee: Committee
  readonly rounds: number
  readonly random: () => number
  /** Positions of members who make up to three units a round. */
  readonly equivocators: ReadonlySet<number>
  /** Chance that an honest member makes its unit of a round. */
  readonly diligence: number
}

export function randomDag({ committee, rounds, random, equivocators, diligence }: RandomDagOptions): TextDag {
  const dag = createTextDag()
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!
  const shuffled = <T>(list: readonly T[]): T[] => {
    const copy = [...list]
    for (let i = copy.length - 1; i > 0; i -= 1) {
      const j = Math.floor(random() * (i + 1))
      ;[copy[i], copy[j]] = [copy[j]!, copy[i]!]
    }
    return copy
  }
  const lastOwn = new Map<string, UnitId[]>()
  for (let round = 1; round <= rounds; round += 1) {
    const made: [string, UnitId][] = []
    for (const [position, { address }] of committee.members.entries()) {
      const byzantine = equivocators.has(position)
      const copies = byzantine ? Math.floor(random() * 4) : random() < diligence ? 1 : 0
      for (let copy = 0; copy < copies; copy += 1) {
        const own = lastOwn.get(address) ?? []
        const self = own.length === 0 ? GENESIS : byzantine ? pick(own) : own.at(-1)!
        const parents = new Set<string>()
        if (round === 1) parents.add(GENESIS)
        else {
          const strong: UnitId[] = []
          if (self !== GENESIS && dag.header(self).validator?.round === round - 1) strong.push(self)
          for (const member of shuffled(committee.members)) {
            if (member.address === address) continue
            const units = dag.authorUnits(member.address, round - 1)
            if (units.length === 0) continue
            if (committee.isQuorum(strong.map((id) => dag.header(id).authors[0]!)) && random() < 0.5) continue
            strong.push(pick(units))
          }
          if (!committee.isQuorum(strong.map((id) => dag.header(id).authors[0]!))) continue
          for (const id of strong) parents.add(id)
          if (random() < 0.3) {
            const older = dag.roundUnits(Math.max(1, round - 1 - Math.floor(random() * 4)))
            if (older.length > 0) parents.add(pick(older))
          }
        }
        parents.delete(self)
        const suffix = copy === 0 ? '' : 'bcd'[copy - 1]!
        const id = dag.add(`${address}${round}${suffix}`, [self, ...[...parents].sort()], { author: address, round })
        made.push([address, id])
      }
    }
    for (const [address, id] of made) lastOwn.set(address, [...(lastOwn.get(address) ?? []), id].slice(-3))
  }
  return dag
}

/** What someone may have received: the past of a few units picked at random. */
export function randomView(dag: TextDag, random: () => number): TextDag {
  const ids = dag.ids()
  const heads = Array.from({ length: 1 + Math.floor(random() * 6) }, () => ids[Math.floor(random() * ids.length)]!)
  const view = createTextDag()
  for (const id of ids) {
    if (id === GENESIS || !heads.some((head) => head === id || dag.isAncestor(id, head))) continue
    const { parents, authors, validator } = dag.header(id)
    view.add(id, parents, { author: authors[0]!, round: validator!.round })
  }
  return view
}
