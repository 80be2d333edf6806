/**
 * Recursive voting word by word: Algorithm 1 of SPECTRE (Sompolinsky, Lewenberg, Zohar, eprint 2016/1159), weighted.
 *
 * Of a pair (x, y) every unit z votes: (1) z has one of them in its past, or is it: for that one; (2) both: as the virtual
 * unit over past(z) votes, a tie goes to the smaller id; (3) neither: with the sum of its future. The virtual unit over a
 * set votes with the sum of all votes in the set. Cubic: the fast version must equal it, that is what it is for.
 */
import type { DagView } from '../dag/view.ts'

/** A vote: 1 for x, −1 for y, 0 undecided. */
export type Vote = -1 | 0 | 1

/** The weight of a unit's vote, never negative. */
export type VoteWeight = (unit: number) => bigint

/** Every unit has one vote, as in the whitepaper's example. */
export const oneVoteEach: VoteWeight = () => 1n

export function signOf(sum: bigint): Vote {
  return sum > 0n ? 1 : sum < 0n ? -1 : 0
}

/** All votes on (x, y) over a past-closed set of units in topological order; the key is the dense index. */
export function referenceVotes(
  view: DagView,
  x: number,
  y: number,
  members: readonly number[],
  weight: VoteWeight = oneVoteEach,
  memo: Map<number, Vote> = new Map(),
): Map<number, Vote> {
  const votes = new Map<number, Vote>()
  for (let i = members.length - 1; i >= 0; i--) {
    const z = members[i]!
    const seesX = view.isAncestor(x, z)
    const seesY = view.isAncestor(y, z)
    if (seesX && seesY) votes.set(z, recursiveVote(view, x, y, z, members, weight, memo))
    else if (seesX || (z === x && !seesY)) votes.set(z, 1)
    else if (seesY || z === y) votes.set(z, -1)
    else {
      let sum = 0n
      for (const [u, vote] of votes) if (view.isAncestor(z, u)) sum += BigInt(vote) * weight(u)
      votes.set(z, signOf(sum))
    }
  }
  return votes
}

function recursiveVote(
  view: DagView,
  x: number,
  y: number,
  z: number,
  members: readonly number[],
  weight: VoteWeight,
  memo: Map<number, Vote>,
): Vote {
  const known = memo.get(z)
  if (known !== undefined) return known
  const past = members.filter((unit) => view.isAncestor(unit, z))
  const sum = referenceSum(view, x, y, past, weight, memo)
  const vote = signOf(sum) || (view.compareIds(x, y) < 0 ? 1 : -1)
  memo.set(z, vote)
  return vote
}

/** The sum that the virtual unit over these members votes with: positive for x. */
export function referenceSum(
  view: DagView,
  x: number,
  y: number,
  members: readonly number[],
  weight: VoteWeight = oneVoteEach,
  memo: Map<number, Vote> = new Map(),
): bigint {
  let sum = 0n
  for (const [unit, vote] of referenceVotes(view, x, y, members, weight, memo)) sum += BigInt(vote) * weight(unit)
  return sum
}
