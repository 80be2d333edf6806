import { describe, expect, it } from 'vitest'
import { createDag, createMainChain, type UnitId, type UnitRef } from '../src/index.ts'
import { appendAll, closure, genesis, random, randomLedger, userUnit, validatorUnit } from './ledger.ts'

/** C7 word by word, over the closure. */
function reference(units: UnitRef[], leaders: UnitId[]): Map<UnitId, number> {
  const past = closure(units)
  const byId = new Map(units.map((unit) => [unit.id, unit]))
  const round = (id: UnitId) => (id === genesis.id ? 0 : (byId.get(id)!.header.validator?.round ?? -1))
  const chain: UnitId[] = [genesis.id]
  for (const leader of leaders) {
    const earlier = chain.at(-1)!
    const path: UnitId[] = []
    for (let at = leader; at !== earlier; ) {
      path.unshift(at)
      const able = byId.get(at)!.header.parents.filter((parent) => parent === earlier || past.get(parent)!.has(earlier))
      at = able.sort((a, b) => round(b) - round(a) || (a < b ? -1 : 1))[0]!
    }
    chain.push(...path)
  }
  const mci = new Map<UnitId, number>()
  chain.forEach((main, index) => {
    for (const id of [main, ...past.get(main)!]) if (!mci.has(id)) mci.set(id, index)
  })
  return mci
}

describe('the main chain', () => {
  it('starts at the genesis with index 0', () => {
    const dag = createDag({ genesis })
    const main = createMainChain(dag)
    expect(main.tip).toEqual({ id: genesis.id, mci: 0, height: 0 })
    expect(main.mciOf(genesis.id)).toBe(0)
    expect(main.unitAt(0)).toBe(genesis.id)
    expect(main.unitAt(1)).toBeUndefined()
  })

  it('gives a unit the index of the first main-chain unit with it in its past', () => {
    const dag = createDag({ genesis })
    const a1 = validatorUnit(1, 1, genesis.id)
    const b1 = validatorUnit(2, 1, genesis.id)
    const user = userUnit([genesis.id], 5)
    const a2 = validatorUnit(1, 2, a1.id, [b1.id, user.id])
    const late = validatorUnit(2, 2, b1.id)
    appendAll(dag, [a1, b1, user, a2, late])
    const main = createMainChain(dag)
    const { indexed, chain } = main.commit(a2.id)
    const middle = [a1.id, b1.id].sort()[0]!
    expect(chain).toEqual([
      { id: middle, mci: 1, height: 1 },
      { id: a2.id, mci: 2, height: 2 },
    ])
    const rest = [a1.id, b1.id, user.id].filter((id) => id !== middle).sort()
    expect(indexed.map(({ id, mci }) => [id, mci])).toEqual([[middle, 1], ...rest.map((id) => [id, 2]), [a2.id, 2]])
    expect(main.mciOf(late.id)).toBeUndefined()
    expect(main.tip.id).toBe(a2.id)
    expect(() => main.commit(late.id)).toThrow(/not in the past of leader/)
    expect(() => main.commit(userUnit([late.id], 9).id)).toThrow(/not in the DAG/)
  })

  it.each([1, 2, 3, 4, 5, 6])('equals the definition on random ledgers (seed %i)', (seed) => {
    const units = randomLedger(seed, 4, 150)
    const past = closure(units)
    const next = random(seed)
    const leaders: UnitId[] = []
    let last = genesis.id
    for (const { id, header } of units) {
      if (header.validator && past.get(id)!.has(last) && next() < 0.2) {
        leaders.push(id)
        last = id
      }
    }
    const dag = createDag({ genesis })
    appendAll(dag, units.slice(1))
    const main = createMainChain(dag)
    const order = leaders.flatMap((leader) => main.commit(leader).indexed)
    const expected = reference(units, leaders)
    for (const { id } of units) expect(main.mciOf(id)).toBe(expected.get(id))
    expect(order.length).toBe(expected.size - 1)
    const key = (u: (typeof order)[0]) => [u.mci, u.height, u.id] as const
    const sorted = [...order].sort((a, b) => a.mci - b.mci || a.height - b.height || (key(a)[2] < key(b)[2] ? -1 : 1))
    expect(order).toEqual(sorted)
  })
})
