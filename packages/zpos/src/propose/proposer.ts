/**
 * Which unit a validator makes next (C1): the round, and the parents in canonical order. When to make it is the caller's
 * business: rounds advance on a quorum, and a caller may wait a little longer for its pace or for a leader.
 */
import type { Committee } from '../committee/committee.ts'
import type { Address, TipDag, UnitId } from '../dag-port.ts'
import { ZposError } from '../errors.ts'
import { WEAK_PARENTS } from '../rounds/check-unit.ts'
import { EPOCH_ROUNDS, type EpochBase, isBase } from '../rounds/epoch-base.ts'
import { garbageLine } from '../rounds/garbage-line.ts'

/** Settings of {@link createProposer}. */
export interface ProposerOptions {
  readonly dag: TipDag
  readonly committee: Committee
  /** A member of the committee. */
  readonly self: Address
  /** Most parents of a unit. Default: committee + 16. At least the size of the committee. */
  readonly maxParents?: number
  /** What the committee builds on; the genesis by default. */
  readonly base?: EpochBase
  /** The validator's last unit of an earlier epoch, which its chain goes on from. Default: none, it starts at the base. */
  readonly previousUnit?: UnitId
}

/** The skeleton of a unit to make. */
export interface Proposal {
  readonly round: number
  readonly selfParent: UnitId
  /** Self-parent first, then ascending. */
  readonly parents: readonly UnitId[]
}

/** Says which unit to make next. */
export interface Proposer {
  /**
   * The unit to make next, or undefined while no new round has a quorum below it. The same until the DAG changes; append
   * the unit to the DAG before asking for another one. Cost: O(committee + tips).
   */
  next(): Proposal | undefined
  /** The round that {@link next} would propose for. */
  nextRound(): number | undefined
  /**
   * True if it may be worth waiting a little for `leader`, who has the slot of the round below and whose unit is not here: a vote for it
   * beats a skipped slot. False if the unit is here, if the leader is past that round already, or if nothing was heard of it for
   * {@link SILENCE_ROUNDS} rounds. A matter of pace only: it decides nothing.
   */
  awaits(leader: Address): boolean
}

/** Rounds without a unit after which nobody waits for a validator any more. */
export const SILENCE_ROUNDS = 6

/** Makes a proposer for one epoch. It finds the validator's own units in the DAG, also after a restart. */
export function createProposer(options: ProposerOptions): Proposer {
  const { dag, committee, self, base, previousUnit } = options
  const maxParents = options.maxParents ?? committee.members.length + WEAK_PARENTS
  if (!committee.has(self)) {
    throw new ZposError('ZPOS_INVALID_ARGUMENT', `${self} is not in the committee of epoch ${committee.epoch}`, {
      self,
    })
  }
  if (maxParents < committee.members.length + 1) {
    throw new ZposError(
      'ZPOS_INVALID_ARGUMENT',
      `maxParents is ${maxParents}; a committee of ${committee.members.length} needs one more`,
      {
        maxParents,
      },
    )
  }
  const baseRound = base?.round ?? 0
  /** Every round up to here was looked at; the highest of them with a quorum. */
  let quorumRound = baseRound
  let own: { unit: UnitId; round: number } | undefined
  let ownSearched = baseRound

  /** First unit of every author of the round, as the DAG met them. */
  function firstUnits(round: number): UnitId[] {
    const seen = new Set<Address>()
    const units: UnitId[] = []
    for (const id of dag.roundUnits(round)) {
      const author = dag.header(id).authors[0]!
      if (seen.has(author) || !committee.has(author)) continue
      seen.add(author)
      units.push(id)
    }
    return units
  }

  function advance(): void {
    for (let round = quorumRound + 1; ; round += 1) {
      const units = dag.roundUnits(round)
      if (units.length === 0) break
      if (committee.isQuorum(units.map((id) => dag.header(id).authors[0]!))) quorumRound = round
    }
    for (let round = ownSearched + 1; round <= quorumRound + 1; round += 1) {
      const unit = dag.authorUnits(self, round)[0]
      if (unit !== undefined) own = { unit, round }
    }
    ownSearched = quorumRound
  }

  function nextRound(): number | undefined {
    advance()
    const round = quorumRound + 1
    if (own !== undefined && own.round >= round) return undefined
    return round < baseRound + EPOCH_ROUNDS ? round : undefined
  }

  function baseUnit(): UnitId {
    if (base !== undefined) return base.unit
    for (const start of [...dag.tips(), ...dag.roundUnits(1)]) {
      let id = start
      for (let parent = dag.header(id).parents[0]; parent !== undefined; parent = dag.header(id).parents[0]) id = parent
      return id
    }
    throw new ZposError('ZPOS_INVALID_ARGUMENT', 'the DAG is empty: append the genesis first')
  }

  function next(): Proposal | undefined {
    const round = nextRound()
    if (round === undefined) return undefined
    const first = round === baseRound + 1
    const selfParent = own?.unit ?? previousUnit ?? baseUnit()
    const chosen = new Set<UnitId>([selfParent])
    const strong = first ? [] : firstUnits(round - 1)
    if (first) chosen.add(baseUnit())
    for (const id of strong) chosen.add(id)
    const line = garbageLine(dag, committee, strong)
    // No unit has a tip in its past, so the tips are exactly what the chosen parents do not bring along.
    for (const tip of dag.tips()) {
      if (chosen.size >= maxParents) break
      if (chosen.has(tip) || isBase(dag, base, tip)) continue
      const validator = dag.header(tip).validator
      // A second unit of this round's authors waits: next to the first one it would be a strong parent too.
      if (validator !== undefined && (validator.round >= round - 1 || validator.round < line)) continue
      chosen.add(tip)
    }
    chosen.delete(selfParent)
    return { round, selfParent, parents: [selfParent, ...[...chosen].sort()] }
  }

  function awaits(leader: Address): boolean {
    const round = nextRound()
    if (round === undefined) return false
    const made = (at: number): boolean => dag.authorUnits(leader, at).length > 0
    if (made(round - 1) || made(round) || made(round + 1)) return false
    const since = round - 1 - SILENCE_ROUNDS
    if (since <= baseRound) return true
    for (let at = round - 2; at >= since; at -= 1) if (made(at)) return true
    return false
  }

  return { next, nextRound, awaits }
}
