import { expect, test } from 'vitest'
import {
  checkValidatorUnit,
  epochBase,
  epochOfRound,
  GARBAGE_DEPTH,
  garbageLine,
  type RoundHeader,
} from '../src/index.ts'
import { parseDag } from './support/dag-language.ts'
import { committeeOf, names } from './support/network.ts'
import { GENESIS, type TextDag } from './support/text-dag.ts'

const ABCD = names(4)
const committee = committeeOf(4)

function dagOf(rounds: number): TextDag {
  return parseDag(Array.from({ length: rounds }, (_, i) => `Round ${i + 1} : { * }`).join(' '), ABCD)
}

function header(author: string, round: number, parents: readonly string[]): RoundHeader {
  return {
    parents: parents as never,
    authors: [author as never],
    lastFinal: { mci: 0, id: GENESIS },
    validator: { round, selfParent: parents[0] as never },
  }
}

const code = (unit: RoundHeader, dag: TextDag) => checkValidatorUnit(unit, dag, committee)?.code

test('every unit of a sound DAG passes', () => {
  const dag = dagOf(5)
  for (const id of dag.ids()) {
    const unit = dag.header(id)
    if (unit.validator) expect(checkValidatorUnit(unit, dag, committee)).toBeUndefined()
  }
})

test('each fault has its code', () => {
  const dag = dagOf(3)
  dag.user('u1', ['A3'])
  expect(code({ ...header('A', 4, ['A3']), validator: undefined }, dag)).toBe('NOT_A_VALIDATOR_UNIT')
  expect(code({ ...header('A', 4, ['A3', 'B3', 'C3']), authors: ['A', 'B'] as never }, dag)).toBe('NOT_ONE_AUTHOR')
  expect(code(header('Z', 4, ['A3', 'B3', 'C3']), dag)).toBe('AUTHOR_NOT_IN_COMMITTEE')
  expect(code(header('A', 0, ['A3', 'B3', 'C3']), dag)).toBe('ROUND_OUT_OF_RANGE')
  expect(code(header('A', 4, ['A3', ...Array.from({ length: 30 }, () => 'B3')]), dag)).toBe('TOO_MANY_PARENTS')
  expect(code(header('A', 4, ['A3', 'B3', 'X9']), dag)).toBe('PARENT_UNKNOWN')
  const wrongFirst = header('A', 4, ['A3', 'B3', 'C3'])
  expect(code({ ...wrongFirst, validator: { round: 4, selfParent: 'B3' as never } }, dag)).toBe('SELF_PARENT_NOT_FIRST')
  expect(code(header('A', 4, ['B3', 'A3', 'C3']), dag)).toBe('SELF_PARENT_NOT_OWN')
  expect(code(header('A', 4, ['u1', 'A3', 'B3', 'C3']), dag)).toBe('SELF_PARENT_NOT_OWN')
  expect(code(header('A', 3, ['A3', 'B2', 'C2']), dag)).toBe('PARENT_OF_OWN_ROUND_OR_LATER')
  expect(code(header('A', 3, ['A2', 'B2', 'C2', 'D3']), dag)).toBe('PARENT_OF_OWN_ROUND_OR_LATER')
  expect(code(header('A', 4, ['A3', 'B3']), dag)).toBe('NO_QUORUM')
  expect(code(header('A', 4, ['A3', 'B3', 'C2']), dag)).toBe('NO_QUORUM')
  expect(code(header('A', 4, ['A3', 'B3', 'C3', 'u1']), dag)).toBeUndefined()
  expect(checkValidatorUnit(header('A', 1, ['A3']), dag, committee, { unit: 'B3' as never, round: 0 })?.code).toBe(
    'PARENT_OF_OWN_ROUND_OR_LATER',
  )
})

test('the own last unit counts for the quorum, and may be older than the round before', () => {
  const dag = dagOf(3)
  expect(code(header('A', 4, ['A3', 'B3', 'C3']), dag)).toBeUndefined()
  expect(code(header('A', 4, ['A2', 'B3', 'C3']), dag)).toBe('NO_QUORUM')
  expect(code(header('A', 4, ['A2', 'B3', 'C3', 'D3']), dag)).toBeUndefined()
  expect(code(header('A', 4, [GENESIS, 'B3', 'C3', 'D3']), dag)).toBeUndefined()
})

test('stake decides the quorum, not heads', () => {
  const heavy = committeeOf([7, 1, 1, 1])
  const dag = dagOf(1)
  expect(checkValidatorUnit(header('A', 2, ['A1']), dag, heavy)).toBeUndefined()
  expect(checkValidatorUnit(header('B', 2, ['B1', 'C1', 'D1']), dag, heavy)?.code).toBe('NO_QUORUM')
})

test('the garbage line follows what more than a third of the strong parents call final', () => {
  const dag = dagOf(99)
  for (const [author, final] of [
    ['A', 'A98'],
    ['B', 'A90'],
    ['C', 'A80'],
    ['D', GENESIS],
  ] as const) {
    dag.add(
      `${author}100`,
      [`${author}99`, 'A99', 'B99', 'C99'].filter((id, i, all) => all.indexOf(id) === i),
      {
        lastFinal: final,
      },
    )
  }
  const strong = ABCD.map((author) => `${author}100` as never)
  expect(garbageLine(dag, committee, strong)).toBe(90 - GARBAGE_DEPTH)
  expect(code(header('A', 101, ['A100', 'B100', 'C100', 'D30']), dag)).toBeUndefined()
  expect(code(header('A', 101, ['A100', 'B100', 'C100', 'D29']), dag)).toBe('PARENT_BELOW_GARBAGE_LINE')
  expect(
    code(header('A', 101, ['A20', 'B100', 'C100', 'D100']), dag),
    'a validator that was away comes back',
  ).toBeUndefined()
})

test('a claim of a unit outside of the past counts for nothing, so a node that has that unit and one that lacks it agree', () => {
  const build = (withSecond: boolean) => {
    const dag = dagOf(99)
    // A second unit of D, which D shows to some only; C and D (half of the stake) then name it as final.
    if (withSecond) dag.add('D99b', ['D98', 'A98', 'B98', 'C98'])
    for (const author of ABCD) {
      const claim = ['C', 'D'].includes(author) ? 'D99b' : 'A50'
      dag.add(
        `${author}100`,
        [`${author}99`, ...ABCD.filter((other) => other !== author).map((other) => `${other}99`)],
        {
          lastFinal: claim,
        },
      )
    }
    return dag
  }
  const strong = ABCD.map((author) => `${author}100` as never)
  const unit = header('A', 101, ['A100', 'B100', 'C100', 'D100', 'D20'])
  const [knows, lacks] = [build(true), build(false)]
  expect([knows, lacks].map((dag) => garbageLine(dag, committee, strong))).toEqual([
    50 - GARBAGE_DEPTH,
    50 - GARBAGE_DEPTH,
  ])
  expect([knows, lacks].map((dag) => code(unit, dag))).toEqual([undefined, undefined])
})

test('the first round of an epoch builds on its base', () => {
  const dag = dagOf(9)
  const base = epochBase(1, 'C6' as never)
  const round = base.round + 1
  expect(epochOfRound(round)).toBe(1)
  expect(checkValidatorUnit(header('A', round, ['A9', 'C6']), dag, committee, base)).toBeUndefined()
  expect(checkValidatorUnit(header('A', round, ['C6']), dag, committee, base)).toBeUndefined()
  expect(checkValidatorUnit(header('A', round, ['A9']), dag, committee, base)?.code).toBe('BASE_MISSING')
  expect(checkValidatorUnit(header('A', 10, ['A9', 'B9', 'C9']), dag, committee, base)?.code).toBe('ROUND_OUT_OF_RANGE')
})
