/** Who signed twice (C10): forks in the DAG, and the culprits of a broken finality. */
import type { CommitDecision, Decision } from '../commit/decision.ts'
import type { Committee } from '../committee/committee.ts'
import type { Address, RoundDag, UnitId } from '../dag-port.ts'
import { ZposError } from '../errors.ts'

/** Two units of one validator, neither in the other's past. */
export interface Fork {
  readonly author: Address
  readonly first: UnitId
  readonly second: UnitId
}

/**
 * The validators that forked their own chain in the rounds `from` to `to`, one fork each, in the order of the committee. Cost: an
 * ancestry test a unit.
 */
export function findForks(dag: RoundDag, committee: Committee, from: number, to: number): Fork[] {
  const forks: Fork[] = []
  for (const { address } of committee.members) {
    let last: UnitId | undefined
    search: for (let round = from; round <= to; round += 1) {
      for (const unit of dag.authorUnits(address, round)) {
        if (last !== undefined && !dag.isAncestor(last, unit)) {
          forks.push({ author: address, first: last, second: unit })
          break search
        }
        last = unit
      }
    }
  }
  return forks
}

/** Who broke finality. */
export interface Culprits {
  readonly forks: readonly Fork[]
  readonly stake: bigint
  /** True if they hold at least a third of the stake: the forks explain the two decisions. */
  readonly complete: boolean
}

/**
 * Names who made two nodes decide one slot differently. `dag` holds what both have: every unit that either decision leaned on. Two decisions
 * of one slot exclude each other only if validators with a third of the stake or more signed twice between the slot and the anchors.
 *
 * Throws `ZPOS_INVALID_ARGUMENT` if the decisions are of different slots or agree.
 */
export function extractCulprits(options: {
  readonly dag: RoundDag
  readonly committee: Committee
  readonly first: Decision
  readonly second: Decision
}): Culprits {
  const { dag, committee, first, second } = options
  const unitOf = (decision: Decision): UnitId | undefined =>
    decision.outcome === 'commit' ? (decision as CommitDecision).unit : undefined
  if (
    first.round !== second.round ||
    first.offset !== second.offset ||
    (first.leader === second.leader && unitOf(first) === unitOf(second))
  ) {
    throw new ZposError('ZPOS_INVALID_ARGUMENT', 'these decisions do not exclude each other', { first, second })
  }
  let highest = first.round
  while (dag.roundUnits(highest + 1).length > 0) highest += 1
  const forks = findForks(dag, committee, first.round, highest)
  const stake = committee.stakeOf(forks.map(({ author }) => author))
  return { forks, stake, complete: 3n * stake >= committee.totalStake }
}
