/** Who has equivocated as far as a committed unit shows: a function of its past, so that all nodes agree on it. */
import type { Committee } from '../committee/committee.ts'
import type { Address, RoundDag, UnitId } from '../dag-port.ts'

/** Rounds below a committed leader in which its past is searched: a term and the three rounds that a decision takes. */
export const EQUIVOCATION_DEPTH = 18

/**
 * The members that have two units of one round in the past of `unit`, among the {@link EQUIVOCATION_DEPTH} rounds below its own; in the committee's order.
 * Cost: O(units of those rounds), and a look into the past for the units of those who made two.
 *
 * @param clean rounds in which nobody made two, with the number of units looked at: kept from call to call it saves most of the cost. Changes nothing else.
 */
export function equivocatorsIn(
  dag: RoundDag,
  committee: Committee,
  unit: UnitId,
  clean: Map<number, number> = new Map(),
): Address[] {
  const top = dag.header(unit).validator?.round ?? 0
  const guilty = new Set<Address>()
  const lowest = Math.max(1, top - EQUIVOCATION_DEPTH)
  for (const round of clean.keys()) if (round < lowest) clean.delete(round)
  for (let round = lowest; round < top; round += 1) {
    const ids = dag.roundUnits(round)
    if (clean.get(round) === ids.length) continue
    const authors = ids.map((id) => dag.header(id).authors[0]!)
    if (new Set(authors).size === ids.length) {
      clean.set(round, ids.length)
      continue
    }
    const seen = new Set<Address>()
    for (const [position, id] of ids.entries()) {
      const author = authors[position]!
      if (authors.indexOf(author) === authors.lastIndexOf(author) || guilty.has(author)) continue
      if (!dag.isAncestor(id, unit)) continue
      if (seen.has(author)) guilty.add(author)
      seen.add(author)
    }
  }
  return committee.members.flatMap(({ address }) => (guilty.has(address) ? [address] : []))
}
