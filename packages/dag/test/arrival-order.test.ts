import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createLedger, type UnitId, type UnitRef } from '../src/index.ts'
import { closure, genesis, random, randomLedger } from './ledger.ts'

/** Every second validator unit that has the last leader in its past. */
function leadersOf(units: readonly UnitRef[]): UnitId[] {
  const past = closure(units)
  const leaders: UnitId[] = []
  let last = genesis.id
  for (const { id, header } of units) {
    if (!header.validator || !past.get(id)!.has(last) || header.validator.round % 2 !== 0) continue
    leaders.push(id)
    last = id
  }
  return leaders
}

/** What a node ends with that got the units in this order, and learnt of each commit as soon as it could. */
function outcome(order: readonly UnitRef[], leaders: readonly UnitId[], rivals: readonly UnitId[]) {
  const ledger = createLedger({ genesis, stakeAt: (address) => BigInt(Number.parseInt(address.slice(-2), 16) + 1) })
  const indexed: string[] = []
  const decisions: string[] = []
  ledger.on('indexed', ({ id, mci, height }) => indexed.push(`${mci} ${height} ${id}`))
  ledger.on('conflict', ({ decision }) => decision && decisions.push(`${decision.winner} ${decision.rule}`))
  let next = 0
  ledger.on('unit', ({ id }) => rivals.includes(id) && ledger.claim('coin', id))
  const commitAll = () => {
    while (next < leaders.length && ledger.dag.has(leaders[next]!) && rivals.every((id) => ledger.dag.has(id))) {
      ledger.commit(leaders[next++]!)
    }
  }
  for (const unit of order) {
    ledger.append(unit)
    commitAll()
  }
  return {
    indexed,
    decisions,
    tips: ledger.dag.tips(),
    tip: ledger.mainChain.tip,
    preferred: rivals.length > 1 && ledger.rules.decide(rivals),
  }
}

describe('a ledger', () => {
  it('ends the same in every order of arrival: indices, order and winners of double spends', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (seed, shuffle) => {
        const units = randomLedger(seed, 4, 70)
        const leaders = leadersOf(units)
        const next = random(shuffle)
        const users = units.filter(({ header }) => !header.validator && header.parents.length > 0)
        const rivals = users.filter(() => next() < 0.15).map(({ id }) => id)
        const straight = outcome(units.slice(1), leaders, rivals)
        const shuffled = units.slice(1).map((unit) => ({ unit, key: next() }))
        shuffled.sort((a, b) => a.key - b.key)
        const other = outcome(
          shuffled.map(({ unit }) => unit),
          leaders,
          rivals,
        )
        expect(other).toEqual(straight)
      }),
      { numRuns: process.env.ZOS_LONG ? 2000 : 60 },
    )
  })
})
