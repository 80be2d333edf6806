import { expect, test } from 'vitest'
import { checkValidatorUnit, createProposer, EPOCH_ROUNDS, epochBase, isZposError } from '../src/index.ts'
import { parseDag } from './support/dag-language.ts'
import { committeeOf, names } from './support/network.ts'
import { createTextDag, GENESIS, type TextDag } from './support/text-dag.ts'

const ABCD = names(4)
const [A, B] = ABCD
const committee = committeeOf(4)

test('proposers alone grow a sound DAG round by round', () => {
  const dag = createTextDag()
  const proposers = ABCD.map((self) => ({ self, proposer: createProposer({ dag, committee, self }) }))
  for (let step = 0; step < 10; step += 1) {
    const proposals = proposers.map(({ self, proposer }) => ({ self, unit: proposer.next() }))
    for (const { self, unit } of proposals) {
      expect(unit?.round).toBe(step + 1)
      const id = dag.add(`${self}${unit!.round}`, unit!.parents)
      expect(checkValidatorUnit(dag.header(id), dag, committee)).toBeUndefined()
    }
  }
})

test('there is nothing to propose before the round below has a quorum', () => {
  const dag = parseDag('Round 1 : { A -> [*], B -> [*] }', ABCD)
  const proposer = createProposer({ dag, committee, self: A! })
  expect(proposer.next()).toBeUndefined()
  dag.add('C1', [GENESIS])
  expect(proposer.next()).toEqual({ round: 2, selfParent: 'A1', parents: ['A1', 'B1', 'C1'] })
})

test('a validator that fell behind goes straight to the highest round with a quorum below', () => {
  const dag = parseDag(
    'Round 1 : { * } Round 2 : { A -> [*], B -> [*], C -> [*] } Round 3 : { A -> [*], B -> [*], C -> [*] }',
    ABCD,
  )
  const late = createProposer({ dag, committee, self: ABCD[3]! }).next()
  expect(late).toEqual({ round: 4, selfParent: 'D1', parents: ['D1', 'A3', 'B3', 'C3'] })
})

test('tips are taken as weak parents: user units and stragglers, not units of its own round', () => {
  const dag = parseDag('Round 1 : { * } Round 2 : { A -> [A1, B1, C1], B -> [A1, B1, C1], C -> [A1, B1, C1] }', ABCD)
  dag.user('u1', ['A1'])
  dag.user('u2', ['u1'])
  dag.add('B3', ['B2', 'A2', 'C2'])
  const unit = createProposer({ dag, committee, self: A! }).next()
  expect(unit).toEqual({ round: 3, selfParent: 'A2', parents: ['A2', 'B2', 'C2', 'D1', 'u2'] })
})

test('of an equivocator the first known unit is a parent, the second only rounds later', () => {
  const dag = parseDag('Round 1 : { A -> [*], B -> [*], C -> [*], D -> [*], D1b -> [*] }', ABCD)
  const proposer = createProposer({ dag, committee, self: A! })
  expect(proposer.next()?.parents).toEqual(['A1', 'B1', 'C1', 'D1'])
  for (const author of ABCD)
    dag.add(`${author}2`, [`${author}1`, ...ABCD.filter((x) => x !== author).map((x) => `${x}1`)])
  expect(proposer.next()?.parents).toEqual(['A2', 'B2', 'C2', 'D1b', 'D2'])
})

test('weak parents stop at the limit', () => {
  const dag = parseDag('Round 1 : { * }', ABCD)
  for (let i = 0; i < 40; i += 1) dag.user(`u${i}`, [GENESIS])
  expect(createProposer({ dag, committee, self: A! }).next()?.parents).toHaveLength(20)
  expect(createProposer({ dag, committee, self: A!, maxParents: 6 }).next()?.parents).toHaveLength(6)
})

test('a restart proposes nothing for a round that has its unit already', () => {
  const dag = parseDag('Round 1 : { * } Round 2 : { A -> [*] }', ABCD)
  expect(createProposer({ dag, committee, self: A! }).next()).toBeUndefined()
  expect(createProposer({ dag, committee, self: B! }).next()?.round).toBe(2)
})

test('an epoch goes on from its base and from the last unit of the epoch before', () => {
  const dag: TextDag = parseDag('Round 1 : { * } Round 2 : { * }', ABCD)
  const base = epochBase(1, 'B2' as never)
  const unit = createProposer({ dag, committee, self: A!, base, previousUnit: 'A2' as never }).next()
  expect(unit).toEqual({ round: EPOCH_ROUNDS + 1, selfParent: 'A2', parents: ['A2', 'B2', 'C2', 'D2'] })
})

test('a stranger, or room for too few parents, is refused', () => {
  const dag = createTextDag()
  const refused = (make: () => unknown) => {
    try {
      make()
      return false
    } catch (error) {
      return isZposError(error, 'ZPOS_INVALID_ARGUMENT')
    }
  }
  expect(refused(() => createProposer({ dag, committee, self: 'Z' as never }))).toBe(true)
  expect(refused(() => createProposer({ dag, committee, self: A!, maxParents: 4 }))).toBe(true)
})

test('a proposer waits for a leader that is alive and late, not for one that is here, ahead or silent', () => {
  const whole = Array.from(
    { length: 9 },
    (_, i) => `Round ${i + 1} : { A -> [*], B -> [*], C -> [*]${i < 2 ? ', D -> [*]' : ''} }`,
  )
  const D = ABCD[3]!
  const at = (rounds: number) => {
    const dag = parseDag(whole.slice(0, rounds).join(' '), ABCD)
    return { dag, proposer: createProposer({ dag, committee, self: A! }) }
  }
  expect(at(2).proposer.awaits(D)).toBe(false)
  expect(at(3).proposer.awaits(D)).toBe(true)
  expect(at(3).proposer.awaits(B!)).toBe(false)
  expect(at(8).proposer.awaits(D)).toBe(true)
  expect(at(9).proposer.awaits(D)).toBe(false)
  const { dag, proposer } = at(3)
  dag.add('D4', ['D2', 'A3', 'B3', 'C3'])
  expect(proposer.awaits(D)).toBe(false)
})
