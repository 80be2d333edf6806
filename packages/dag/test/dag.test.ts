import { describe, expect, it } from 'vitest'
import { createDag, isDagError, type UnitId, type UnitRef } from '../src/index.ts'
import { appendAll, author, closure, genesis, random, randomLedger, userUnit, validatorUnit } from './ledger.ts'

const list = (ids: Iterable<UnitId>) => [...ids]

describe('a DAG', () => {
  it('takes units in any order of arrival and ends the same', () => {
    const units = randomLedger(11, 4, 120)
    const straight = createDag({ genesis })
    appendAll(straight, units.slice(1))
    const next = random(5)
    const shuffled = units.slice(1).sort(() => next() - 0.5)
    const dag = createDag({ genesis })
    const added = shuffled.flatMap((unit) => {
      const result = dag.append(unit)
      return result.status === 'added' ? result.added : []
    })
    expect(new Set(added).size).toBe(units.length - 1)
    expect(dag.waiting).toBe(0)
    expect(dag.tips()).toEqual(straight.tips())
    for (const { id, header } of units) {
      expect(dag.height(id)).toBe(straight.height(id))
      expect(dag.parents(id)).toEqual(header.parents)
      expect(dag.header(id)).toBe(header)
    }
  })

  it('lists added units parents first', () => {
    const a = userUnit([genesis.id], 1)
    const b = userUnit([a.id], 2)
    const c = userUnit([a.id, b.id], 3)
    const dag = createDag({ genesis })
    expect(dag.append(c)).toEqual({ status: 'waiting', missing: [a.id, b.id].sort() })
    expect(dag.append(b)).toEqual({ status: 'waiting', missing: [a.id] })
    expect(dag.append(c)).toEqual({ status: 'waiting', missing: [a.id] })
    expect(dag.isWaiting(c.id)).toBe(true)
    expect(dag.append(a)).toEqual({ status: 'added', added: [a.id, b.id, c.id], refused: [] })
    expect(dag.append(a)).toEqual({ status: 'duplicate' })
  })

  it('keeps a bounded number of waiting units for each source', () => {
    const dag = createDag({ genesis, limits: { waitingPerSource: 3, waiting: 5 } })
    const lost = userUnit([genesis.id], 1)
    const orphans = Array.from({ length: 9 }, (_, i) => userUnit([lost.id], 10 + i))
    for (const orphan of orphans.slice(0, 5)) dag.append(orphan, { source: 'spammer' })
    expect(dag.waiting).toBe(3)
    expect(dag.isWaiting(orphans[0]!.id)).toBe(false)
    for (const orphan of orphans.slice(5)) dag.append(orphan, { source: 'other' })
    expect(dag.waiting).toBe(5)
    expect(orphans.slice(-3).every(({ id }) => dag.isWaiting(id))).toBe(true)
  })

  it('refuses what breaks the rules of the structure, with a code', () => {
    const dag = createDag({ genesis })
    const v1 = validatorUnit(1, 1, genesis.id)
    const v2 = validatorUnit(2, 1, genesis.id)
    appendAll(dag, [v1, v2])
    const same = validatorUnit(3, 1, genesis.id, [v1.id])
    expect(dag.append(same)).toMatchObject({ status: 'invalid', code: 'UNIT_PARENT_ROUND' })
    const late = validatorUnit(3, 2, genesis.id, [v1.id])
    const child = validatorUnit(1, 2, v1.id, [late.id])
    const grandchild = userUnit([child.id])
    dag.append(grandchild)
    dag.append(child)
    expect(dag.append(late)).toMatchObject({
      status: 'added',
      added: [late.id],
      refused: [
        { id: child.id, code: 'UNIT_PARENT_ROUND' },
        { id: grandchild.id, code: 'UNIT_PARENT_INVALID' },
      ],
    })
    const foreign = { ...v1, id: genesis.id.replace('0x0', '0x1') as UnitId, header: { ...v1.header, networkId: 8 } }
    expect(createDag({ genesis }).append({ ...foreign, id: v2.id })).toMatchObject({ code: 'UNIT_NETWORK' })
    const second: UnitRef = { id: v1.id, header: { ...genesis.header, timestampMs: 1 } }
    expect(createDag({ genesis }).append(second)).toMatchObject({ code: 'UNIT_SECOND_GENESIS' })
    expect(() => createDag({ genesis: v1 })).toThrow(/not a genesis/)
  })

  it('knows rounds, and every branch of an equivocator', () => {
    const dag = createDag({ genesis })
    const honest = validatorUnit(1, 1, genesis.id)
    const left = validatorUnit(2, 1, genesis.id, [], 1)
    const right = validatorUnit(2, 1, genesis.id, [], 2)
    appendAll(dag, [honest, left, right])
    expect(dag.roundUnits(1)).toEqual([honest.id, left.id, right.id].sort())
    expect(dag.authorUnits(author(2), 1)).toEqual([left.id, right.id].sort())
    expect(dag.authorUnits(author(2), 2)).toEqual([])
    expect(dag.authorUnits(author(9), 1)).toEqual([])
  })

  it('answers past, future and anticone as the definition does', () => {
    const units = randomLedger(3, 5, 90)
    const dag = createDag({ genesis })
    appendAll(dag, units.slice(1))
    const past = closure(units)
    for (const { id } of units) {
      const mine = past.get(id)!
      const future = units.filter((unit) => past.get(unit.id)!.has(id)).map((unit) => unit.id)
      expect(new Set(dag.past(id))).toEqual(mine)
      expect(new Set(dag.future(id))).toEqual(new Set(future))
      expect(list(dag.anticone(id)).length).toBe(units.length - 1 - mine.size - future.length)
      const order = list(dag.past(id)).map((unit) => dag.height(unit))
      expect(order).toEqual([...order].sort((a, b) => a - b))
      expect(dag.children(id)).toEqual(
        units
          .filter((u) => u.header.parents.includes(id))
          .map((u) => u.id)
          .sort(),
      )
    }
  })

  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'answers ancestry as the definition does, forks and user units included (seed %i)',
    (seed) => {
      const units = randomLedger(seed, 2 + seed, 160)
      const dag = createDag({ genesis })
      appendAll(dag, units.slice(1))
      const past = closure(units)
      for (const b of units) for (const a of units) expect(dag.isAncestor(a.id, b.id)).toBe(past.get(b.id)!.has(a.id))
    },
  )

  it('answers ancestry over gaps of many rounds and distances of many units', () => {
    const dag = createDag({ genesis })
    const first = validatorUnit(1, 1, genesis.id)
    const other = validatorUnit(2, 1, genesis.id)
    const late = validatorUnit(1, 70_000, first.id)
    const later = validatorUnit(1, 140_001, late.id)
    const fork = validatorUnit(1, 140_001, late.id, [], 9)
    appendAll(dag, [first, other])
    const userHeader = userUnit([genesis.id]).header
    for (let i = 0; i < 66_000; i++) {
      const id = `0x${(i + 1).toString(16).padStart(64, '0')}` as UnitId
      dag.append({ id, header: userHeader }, { shapeChecked: true })
    }
    const far = validatorUnit(3, 2, genesis.id, [other.id])
    appendAll(dag, [late, later, fork, far])
    expect([first, late].every(({ id }) => dag.isAncestor(id, later.id) && dag.isAncestor(id, fork.id))).toBe(true)
    expect([other, fork].some(({ id }) => dag.isAncestor(id, later.id))).toBe(false)
    expect(dag.isAncestor(late.id, first.id)).toBe(false)
    expect(dag.isAncestor(other.id, far.id)).toBe(true)
    expect(dag.parents(far.id)).toEqual(far.header.parents)
    expect([1, 2, 70_000, 140_001, 140_002].map((round) => dag.roundUnits(round).length)).toEqual([2, 1, 1, 2, 0])
    expect(dag.view.isEquivocator(0, -1)).toBe(true)
    expect(dag.view.isEquivocator(1, -1)).toBe(false)
  })

  it('throws for units that it does not hold', () => {
    const dag = createDag({ genesis })
    const unknown = userUnit([genesis.id]).id
    for (const call of [
      () => dag.height(unknown),
      () => dag.header(unknown),
      () => dag.isAncestor(unknown, genesis.id),
    ]) {
      expect(call).toThrow(/not in the DAG|no header/)
      try {
        call()
      } catch (error) {
        expect(isDagError(error, 'DAG_UNIT_UNKNOWN')).toBe(true)
      }
    }
    expect(dag.has(unknown)).toBe(false)
  })

  it('tells listeners of every connected unit', () => {
    const dag = createDag({ genesis })
    const heard: UnitId[] = []
    const stop = dag.onUnit(({ id }) => heard.push(id))
    const a = userUnit([genesis.id], 1)
    const b = userUnit([a.id], 2)
    dag.append(b)
    dag.append(a)
    stop()
    dag.append(userUnit([b.id], 3))
    expect(heard).toEqual([a.id, b.id])
  })
})
