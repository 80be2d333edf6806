/** What makes a validator unit well-formed in its DAG (U3, C1, C12). */
import type { Committee } from '../committee/committee.ts'
import type { RoundDag, RoundHeader, UnitId } from '../dag-port.ts'
import { type EpochBase, isBase } from './epoch-base.ts'
import { garbageLine } from './garbage-line.ts'

/** Parents beyond one a member: room for user units and stragglers (U4). */
export const WEAK_PARENTS = 16

/** Why a validator unit is refused. */
export type UnitFaultCode =
  | 'NOT_A_VALIDATOR_UNIT'
  | 'NOT_ONE_AUTHOR'
  | 'AUTHOR_NOT_IN_COMMITTEE'
  | 'ROUND_OUT_OF_RANGE'
  | 'TOO_MANY_PARENTS'
  | 'PARENT_UNKNOWN'
  | 'SELF_PARENT_NOT_FIRST'
  | 'SELF_PARENT_NOT_OWN'
  | 'PARENT_OF_OWN_ROUND_OR_LATER'
  | 'BASE_MISSING'
  | 'NO_QUORUM'
  | 'PARENT_BELOW_GARBAGE_LINE'

/** A refusal; `reason` is for people. */
export interface UnitFault {
  readonly code: UnitFaultCode
  readonly reason: string
}

function fault(code: UnitFaultCode, reason: string): UnitFault {
  return { code, reason }
}

/**
 * Checks the header of a validator unit against the DAG that it is about to join. Undefined means that it is sound. The
 * signature is checked before, and the DAG's own limits (order and number of parents, sizes) by the DAG.
 *
 * The answer depends on the unit's past only, so all nodes agree on it. Cost: O(parents).
 *
 * @param base what the committee builds on; the genesis by default.
 */
export function checkValidatorUnit(
  header: RoundHeader,
  dag: RoundDag,
  committee: Committee,
  base?: EpochBase,
): UnitFault | undefined {
  const { validator, authors, parents } = header
  if (validator === undefined) return fault('NOT_A_VALIDATOR_UNIT', 'the header has no round')
  const author = authors[0]
  if (author === undefined || authors.length !== 1) {
    return fault('NOT_ONE_AUTHOR', `a validator unit has one author, not ${authors.length}`)
  }
  if (!committee.has(author))
    return fault('AUTHOR_NOT_IN_COMMITTEE', `${author} is not in the committee of epoch ${committee.epoch}`)
  const { round, selfParent } = validator
  const baseRound = base?.round ?? 0
  if (!Number.isSafeInteger(round) || round <= baseRound) {
    return fault('ROUND_OUT_OF_RANGE', `round ${round} is not above the base round ${baseRound}`)
  }
  if (parents.length > committee.members.length + WEAK_PARENTS) {
    return fault(
      'TOO_MANY_PARENTS',
      `${parents.length} parents; a committee of ${committee.members.length} allows ${WEAK_PARENTS} more`,
    )
  }
  if (parents[0] !== selfParent) return fault('SELF_PARENT_NOT_FIRST', 'the first parent is not the self-parent')

  const strong: UnitId[] = []
  let hasBase = false
  for (const parent of parents) {
    if (!dag.has(parent)) return fault('PARENT_UNKNOWN', `parent ${parent} is not in the DAG`)
    if (isBase(dag, base, parent)) {
      hasBase = true
      continue
    }
    const { validator: other, authors: owners } = dag.header(parent)
    if (parent === selfParent && (other === undefined || owners[0] !== author)) {
      return fault('SELF_PARENT_NOT_OWN', `the self-parent ${parent} is not a validator unit of ${author}`)
    }
    if (other === undefined) continue
    if (other.round >= round) {
      return fault(
        'PARENT_OF_OWN_ROUND_OR_LATER',
        `parent ${parent} is of round ${other.round}, the unit of round ${round}`,
      )
    }
    if (other.round === round - 1) strong.push(parent)
  }

  if (round === baseRound + 1) {
    if (!hasBase) return fault('BASE_MISSING', `a unit of the first round builds on the base of the epoch`)
    return undefined
  }
  if (!committee.isQuorum(strong.map((id) => dag.header(id).authors[0]!))) {
    return fault('NO_QUORUM', `the parents of round ${round - 1} do not hold a quorum of the stake`)
  }
  const line = garbageLine(dag, committee, strong)
  for (const parent of parents) {
    const other = dag.header(parent).validator
    if (parent === selfParent || other === undefined || other.round >= line || isBase(dag, base, parent)) continue
    return fault(
      'PARENT_BELOW_GARBAGE_LINE',
      `parent ${parent} of round ${other.round} is below the garbage line ${line}`,
    )
  }
  return undefined
}
