import { describe, expect, it } from 'vitest'
import type { UnitId } from '../src/index.ts'
import { DoubleSpendRules } from '../src/order/double-spend.ts'
import { createLedger, type LedgerEvents } from '../src/order/ledger.ts'
import { appendAll, author, genesis, userUnit, validatorUnit } from './ledger.ts'

const oneEach = () => 1n

/** Two user units x and y; validators 1–3 see x first, validator 4 sees y first; all meet in round 3. */
function scene(stakeAt: (who: string) => bigint = oneEach) {
  const ledger = createLedger({ genesis, stakeAt })
  const x = userUnit([genesis.id], 1)
  const y = userUnit([genesis.id], 2)
  const round1 = [1, 2, 3, 4].map((who) => validatorUnit(who, 1, genesis.id, [who < 4 ? x.id : y.id]))
  const ids = round1.map(({ id }) => id)
  const leader = validatorUnit(1, 2, ids[0]!, ids)
  return { ledger, x, y, round1, leader }
}

describe('a double spend', () => {
  it('is won by the unit in the past of the other', () => {
    const { ledger } = scene()
    const first = userUnit([genesis.id], 3)
    const second = userUnit([first.id], 4)
    const leader = validatorUnit(1, 1, genesis.id, [second.id])
    appendAll(ledger.dag, [first, second, leader])
    expect(ledger.rules.prefer(second.id, first.id)).toEqual({ preferred: first.id, margin: 0n, rule: 'past' })
    ledger.commit(leader.id)
    expect(ledger.rules.decide([second.id, first.id])).toEqual({ winner: first.id, rule: 'past' })
  })

  it('is won by the smaller index', () => {
    const { ledger, x, y, round1, leader } = scene()
    appendAll(ledger.dag, [x, y, ...round1])
    ledger.commit(round1[3]!.id)
    expect(ledger.rules.decide([x.id, y.id])).toEqual({ winner: y.id, rule: 'index' })
    const next = validatorUnit(
      4,
      2,
      round1[3]!.id,
      round1.slice(0, 3).map(({ id }) => id),
    )
    appendAll(ledger.dag, [next])
    ledger.commit(next.id)
    expect(ledger.rules.decidePair(x.id, y.id)).toEqual({ winner: y.id, rule: 'index' })
    expect(ledger.rules.prefer(x.id, y.id)).toEqual({ preferred: y.id, margin: 0n, rule: 'index' })
    expect(leader.header.validator?.round).toBe(2)
  })

  it('of one index is won by the stake that saw it first', () => {
    const { ledger, x, y, round1, leader } = scene()
    appendAll(ledger.dag, [x, y, ...round1])
    expect(ledger.rules.prefer(x.id, y.id)).toEqual({ preferred: x.id, margin: 2n, rule: 'vote' })
    appendAll(ledger.dag, [leader])
    expect(ledger.rules.prefer(y.id, x.id)).toEqual({ preferred: x.id, margin: 3n, rule: 'vote' })
    ledger.commit(leader.id)
    const decided = [x, y].map(({ id }) => ledger.mainChain.mciOf(id))
    // The main chain runs through one unit of round 1, so only one rival may share the leader's index.
    const rule = decided[0] === decided[1] ? 'vote' : 'index'
    expect(ledger.rules.decide([x.id, y.id])!.rule).toBe(rule)
  })

  it('within one main-chain unit counts stake, not units, and no equivocator', () => {
    const build = (stakeAt: (who: string) => bigint, equivocate = false) => {
      const ledger = createLedger({ genesis, stakeAt })
      const x = userUnit([genesis.id], 1)
      const y = userUnit([genesis.id], 2)
      const base = validatorUnit(9, 1, genesis.id)
      const votes = [1, 2, 3, 4].map((who) => validatorUnit(who, 1, genesis.id, [who < 4 ? x.id : y.id]))
      const twins = equivocate ? [1, 2, 3].map((who) => validatorUnit(who, 1, genesis.id, [x.id], 50 + who)) : []
      // The chain goes genesis → base → leader, so that x and y both enter with the leader: base has the highest round.
      const high = validatorUnit(9, 5, base.id)
      const leader = validatorUnit(
        9,
        6,
        high.id,
        [...votes, ...twins].map(({ id }) => id),
      )
      appendAll(ledger.dag, [x, y, base, ...votes, ...twins, high])
      ledger.commit(high.id)
      appendAll(ledger.dag, [leader])
      ledger.commit(leader.id)
      expect(ledger.mainChain.mciOf(x.id)).toBe(ledger.mainChain.mciOf(y.id))
      return ledger.rules.decide([x.id, y.id])!.winner === x.id ? 'x' : 'y'
    }
    const validators = new Set([1, 2, 3, 4].map(author))
    const committee = (who: string) => (validators.has(who as never) ? 1n : 0n)
    expect(build(committee)).toBe('x')
    expect(build((who) => (who === author(4) ? 10n : committee(who)))).toBe('y')
    expect(build(committee, true)).toBe('y')
  })

  it('of three rivals in a cycle falls to height, then id', () => {
    // Rock, paper, scissors: rules that contradict each other, which votes can produce (SPECTRE is not transitive).
    const { ledger } = scene()
    const rivals = [1, 2, 3].map((salt) => userUnit([genesis.id], salt))
    const leader = validatorUnit(
      1,
      1,
      genesis.id,
      rivals.map(({ id }) => id),
    )
    appendAll(ledger.dag, [...rivals, leader])
    ledger.commit(leader.id)
    const ids = rivals.map(({ id }) => id)
    class Cycle extends DoubleSpendRules {
      override decidePair(x: UnitId, y: UnitId) {
        const winner = (ids.indexOf(x) + 1) % 3 === ids.indexOf(y) ? x : y
        return { winner, rule: 'vote' as const }
      }
    }
    const rules = new Cycle(ledger.dag, ledger.mainChain, oneEach)
    expect(rules.decide(ids)).toEqual({ winner: [...ids].sort()[0], rule: 'height' })
    expect(ledger.rules.decide(ids)!.winner).toBe([...ids].sort()[0])
  })

  it('has no final answer before a rival is indexed', () => {
    const { ledger, x, y } = scene()
    appendAll(ledger.dag, [x, y])
    expect(ledger.rules.decide([x.id, y.id])).toBeUndefined()
    expect(() => ledger.rules.decidePair(x.id, y.id)).toThrow(/has no index yet/)
  })
})

describe('a ledger', () => {
  it('tells of units, indices, finality and conflicts in order', () => {
    const { ledger, x, y, round1, leader } = scene()
    const heard: string[] = []
    const name = new Map<UnitId, string>([
      [x.id, 'x'],
      [y.id, 'y'],
      [leader.id, 'L'],
      ...round1.map(({ id }, i) => [id, `v${i + 1}`] as [UnitId, string]),
    ])
    const on = <E extends keyof LedgerEvents>(event: E, text: (e: LedgerEvents[E]) => string) =>
      ledger.on(event, (e) => heard.push(`${event} ${text(e)}`))
    on('unit', ({ id }) => name.get(id)!)
    on('indexed', ({ id, mci }) => `${name.get(id)} ${mci}`)
    on('final', (commit) => name.get(commit.leader)!)
    on(
      'conflict',
      ({ key, rivals, decision }) =>
        `${key} ${rivals.map((id) => name.get(id)).join()} ${decision ? name.get(decision.winner) : '?'}`,
    )
    ledger.append(x)
    ledger.append(y)
    ledger.claim('coin', x.id)
    ledger.claim('coin', x.id)
    ledger.claim('other', y.id)
    ledger.claim('coin', y.id)
    for (const unit of [...round1, leader]) ledger.append(unit)
    expect(ledger.rivals('coin')).toEqual([x.id, y.id])
    ledger.commit(leader.id)
    expect(heard.slice(0, 3)).toEqual(['unit x', 'unit y', 'conflict coin x,y ?'])
    expect(heard.filter((line) => line.startsWith('indexed')).length).toBe(7)
    expect(heard.at(-1)).toBe('final L')
    expect(heard.at(-2)).toMatch(/^conflict coin x,y [xy]$/)
    expect(ledger.rivals('coin')).toEqual([])
    expect(() => ledger.claim('coin', `0x${'12'.repeat(32)}` as UnitId)).toThrow(/not in the DAG/)
  })

  it('keeps a bounded number of open claims', () => {
    const ledger = createLedger({ genesis, stakeAt: oneEach, openClaims: 2 })
    const units = [1, 2, 3].map((salt) => userUnit([genesis.id], salt))
    appendAll(ledger.dag, units)
    for (const [i, { id }] of units.entries()) ledger.claim(`key${i}`, id)
    expect([0, 1, 2].map((i) => ledger.rivals(`key${i}`).length)).toEqual([0, 1, 1])
  })
})
