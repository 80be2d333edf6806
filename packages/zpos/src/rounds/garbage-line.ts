/** The garbage line (C12): below it, validator units are not newly referred to, so nothing old has to be kept ready. */
import type { Committee } from '../committee/committee.ts'
import type { RoundDag, UnitId } from '../dag-port.ts'

/** Rounds below the last committed one in which a unit may still be referred to. A minute at a round a second. */
export const GARBAGE_DEPTH = 60

/**
 * The lowest round that a unit with these strong parents may refer to (but for its self-parent).
 *
 * "Last committed" must be the same for every node that checks the unit, so it is read off the unit's past: the highest
 * round that strong parents with more than a third of the stake name as final. One of them at least is honest, so
 * the line cannot be pushed up by lies, and a quorum always contains that much honest stake, so it cannot be held down.
 *
 * A parent's claim counts only if the unit that it names is in its own past, which everyone who has the parent has too. (What is final to
 * an honest author is: it was certified by a quorum of a round below.) A claim of anything else counts as none, whether this node knows the unit
 * or not. Cost: O(k log k) for k parents.
 */
export function garbageLine(dag: RoundDag, committee: Committee, strongParents: readonly UnitId[]): number {
  const claims: { round: number; stake: bigint }[] = []
  const seen = new Set<number>()
  for (const parent of strongParents) {
    const { authors, lastFinal } = dag.header(parent)
    const member = committee.indexOf(authors[0]!)
    if (member < 0 || seen.has(member)) continue
    seen.add(member)
    const inPast = dag.has(lastFinal.id) && dag.isAncestor(lastFinal.id, parent)
    const round = inPast ? (dag.header(lastFinal.id).validator?.round ?? 0) : 0
    claims.push({ round, stake: committee.members[member]!.stake })
  }
  claims.sort((a, b) => b.round - a.round)
  let stake = 0n
  for (const claim of claims) {
    stake += claim.stake
    if (3n * stake > committee.totalStake) return claim.round - GARBAGE_DEPTH
  }
  return 0
}
