/** C6 read aloud: sets, recursion and no cleverness. The committer must say the same on every DAG. */
import type {
  Address,
  Committee,
  Decision,
  LeaderSchedule,
  RoundDag,
  Slot,
  SlotStatus,
  UnitId,
} from '../../src/index.ts'

export function slowDecisions(
  dag: RoundDag,
  committee: Committee,
  schedule: LeaderSchedule,
  firstRound = 1,
): Decision[] {
  const authorOf = (id: UnitId): Address => dag.header(id).authors[0]!
  const quorumOf = (units: readonly UnitId[]): boolean => committee.isQuorum(units.map(authorOf))
  const highest = (() => {
    let round = firstRound
    while (dag.roundUnits(round).length > 0) round += 1
    return round - 1
  })()

  /** The unit of the slot that `voter` (of the next round) votes for. */
  const voteOf = (voter: UnitId, round: number, leader: Address): UnitId | undefined =>
    dag.header(voter).parents.find((parent) => dag.authorUnits(leader, round).includes(parent))

  /** The parents of one round, the first of each author. */
  const strongParents = (unit: UnitId, round: number): UnitId[] => {
    const parents = dag.header(unit).parents.filter((parent) => dag.roundUnits(round).includes(parent))
    return parents.filter((parent, at) => parents.findIndex((other) => authorOf(other) === authorOf(parent)) === at)
  }

  const certifies = (unit: UnitId, leaderUnit: UnitId, round: number, leader: Address): boolean =>
    quorumOf(strongParents(unit, round + 1).filter((parent) => voteOf(parent, round, leader) === leaderUnit))

  const certificates = (leaderUnit: UnitId, round: number, leader: Address): UnitId[] =>
    dag.roundUnits(round + 2).filter((unit) => certifies(unit, leaderUnit, round, leader))

  const slotsFrom = (from: Slot | undefined): Slot[] => {
    const slots: Slot[] = []
    for (let round = firstRound; round <= highest; round += 1) {
      for (const [offset, leader] of schedule.leadersAt(round).entries()) slots.push({ round, offset, leader })
    }
    return slots.filter(
      ({ round, offset }) => from === undefined || round > from.round || (round === from.round && offset > from.offset),
    )
  }

  const judge = (slot: Slot): SlotStatus => {
    const { round, leader } = slot
    const units = dag.authorUnits(leader, round)
    for (const unit of units) {
      if (quorumOf(certificates(unit, round, leader))) return { ...slot, outcome: 'commit', unit, rule: 'direct' }
    }
    const blamers = (unit: UnitId | undefined) =>
      dag.roundUnits(round + 1).filter((voter) => unit === undefined || voteOf(voter, round, leader) !== unit)
    const seen = units.length === 0 ? [undefined] : units
    if (seen.every((unit) => quorumOf(blamers(unit)))) return { ...slot, outcome: 'skip', rule: 'direct' }
    for (const later of slotsFrom(slot)) {
      if (later.round < round + 3) continue
      const anchor = judge(later)
      if (anchor.outcome === 'skip') continue
      if (anchor.outcome === 'undecided') break
      const unit = units.find((candidate) =>
        certificates(candidate, round, leader).some((certificate) => dag.isAncestor(certificate, anchor.unit)),
      )
      if (unit === undefined) return { ...slot, outcome: 'skip', rule: 'indirect' }
      return { ...slot, outcome: 'commit', unit, rule: 'indirect' }
    }
    return { ...slot, outcome: 'undecided' }
  }

  const decisions: Decision[] = []
  for (let last: Slot | undefined; ; ) {
    const [slot] = slotsFrom(last)
    if (slot === undefined) return decisions
    const status = judge(slot)
    if (status.outcome === 'undecided') return decisions
    decisions.push(status)
    schedule.record(status)
    last = status
  }
}
