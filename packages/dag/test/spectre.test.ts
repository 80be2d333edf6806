import { describe, expect, it } from 'vitest'
import { SpectrePair } from '../src/voting/spectre.ts'
import { referenceVotes, type Vote, type VoteWeight } from '../src/voting/spectre-reference.ts'
import { random } from './ledger.ts'
import { coreOf } from './shape.ts'
import { hasVectors, readVector } from './vectors/folder.ts'
import { exampleDags, oracleCases } from './vectors/spectre.ts'

const all = (size: number) => Array.from({ length: size }, (_, unit) => unit)

/** Sorts named units parents first and gives the dense index of each name. */
function named(dag: Record<string, string[]>): { parents: number[][]; at: (name: string) => number } {
  const names: string[] = []
  const visit = (name: string) => {
    if (names.includes(name)) return
    for (const parent of dag[name]!) visit(parent)
    names.push(name)
  }
  for (const name of Object.keys(dag)) visit(name)
  return {
    parents: names.map((name) => dag[name]!.map((parent) => names.indexOf(parent))),
    at: (name) => names.indexOf(name),
  }
}

describe("the whitepaper's double spend", () => {
  it.each(exampleDags().map((dag, i) => [i, dag] as const))(
    'comes out 9 : 2 for unit 12 and 10 : 4 at the end (DAG %i)',
    (_, dag) => {
      const { parents, at } = named(dag)
      const core = coreOf(parents)
      const inPast = new SpectrePair(core, at('A'), at('B'), { within: at('12') })
      expect(inPast.tally()).toEqual({ x: 9n, y: 2n, undecided: 0n })
      const whole = new SpectrePair(core, at('A'), at('B'))
      expect(whole.tally()).toEqual({ x: 10n, y: 4n, undecided: 0n })
      expect(whole.voteOf(at('12'))).toBe(1)
      const votes = whole.votes()
      for (const [name, vote] of [
        ['5', 1],
        ['4', 1],
        ['9', -1],
        ['10', -1],
        ['11', -1],
        ['8', 1],
      ] as const) {
        expect(votes.get(at(name))).toBe(vote)
      }
      expect(referenceVotes(core, at('A'), at('B'), all(core.size))).toEqual(votes)
    },
  )
})

interface OracleCase {
  vertices: number[]
  references: [number, number][]
  pairs: { x: number; y: number; votes: number[]; xFirst: boolean }[]
}

function checkOracle({ vertices, references, pairs }: OracleCase): void {
  const parents = vertices.map((v) => references.filter(([from]) => from === v).map(([, to]) => vertices.indexOf(to)))
  const core = coreOf(parents)
  for (const { x, y, votes, xFirst } of pairs) {
    const [a, b] = [vertices.indexOf(x), vertices.indexOf(y)]
    const pair = new SpectrePair(core, a, b)
    const expected = new Map(votes.map((vote, unit) => [unit, vote as Vote]))
    expect(new Map([...referenceVotes(core, a, b, all(core.size))].sort(([p], [q]) => p - q))).toEqual(expected)
    expect(pair.votes()).toEqual(expected)
    expect(pair.order()).toBe(xFirst ? 1 : -1)
  }
}

describe('votes of an independent, machine-verified implementation', () => {
  it('are those of the reference and of the fast version (cases carried here)', () => {
    for (const testCase of oracleCases()) checkOracle(testCase)
  })

  it.skipIf(!hasVectors('spectre/random-7.json'))('are those of both on all 60 DAGs', () => {
    const { cases } = JSON.parse(readVector('spectre/random-7.json')) as { cases: OracleCase[] }
    expect(cases.length).toBe(60)
    for (const testCase of cases) checkOracle(testCase)
  })
})

function randomParents(next: () => number, size: number, width: number): number[][] {
  const parents: number[][] = [[]]
  while (parents.length < size) {
    const from = Math.max(0, parents.length - width)
    const chosen = Array.from(
      { length: 1 + Math.floor(next() * 3) },
      () => from + Math.floor(next() * (parents.length - from)),
    )
    parents.push([...new Set(chosen)])
  }
  return parents
}

const weightings: [string, (next: () => number) => VoteWeight][] = [
  [
    'stakes beyond 2^53 that differ in the last digit',
    (next) => {
      const stakes = Array.from({ length: 64 }, () => 10n ** 27n + BigInt(Math.floor(next() * 3)))
      return (unit) => stakes[unit % 64]!
    },
  ],
  ['one vote each', () => () => 1n],
  [
    'random stakes, some zero',
    (next) => {
      const stakes = Array.from({ length: 64 }, () =>
        next() < 0.3 ? 0n : BigInt(Math.floor(next() * 1e6)) * 10n ** 21n,
      )
      return (unit) => stakes[unit % 64]!
    },
  ],
]

describe('the fast version equals the reference', () => {
  const dags = process.env.ZOS_LONG ? 300_000 : 6_000
  it.each(weightings)(`on ${dags} random DAGs, ids in random order (%s)`, (_, weighting) => {
    const seed = 20_261
    const next = random(seed)
    for (let run = 0; run < dags; run++) {
      const size = 4 + Math.floor(next() * 16)
      const parents = randomParents(next, size, 2 + Math.floor(next() * 6))
      const shift = Math.floor(next() * size)
      const core = coreOf(parents, (unit) => `0x${((unit * 7 + shift) % 64).toString(16).padStart(64, '0')}` as never)
      const weight = weighting(next)
      const [x, y] = [Math.floor(next() * size), Math.floor(next() * size)]
      if (x === y) continue
      const expected = referenceVotes(core, x, y, all(size), weight)
      const actual = new SpectrePair(core, x, y, { weight }).votes()
      for (const [unit, vote] of expected) {
        if (actual.get(unit) !== vote)
          throw new Error(`seed ${seed}, run ${run}: unit ${unit} of ${JSON.stringify({ parents, x, y })}`)
      }
      const last = size - 1
      const past = all(size).filter((unit) => core.isAncestor(unit, last))
      if (!past.includes(x) || !past.includes(y)) continue
      const within = new SpectrePair(core, x, y, { weight, within: last })
      expect(within.votes()).toEqual(new Map([...referenceVotes(core, x, y, past, weight)].sort(([p], [q]) => p - q)))
      expect(within.voteOf(last)).toBe(expected.get(last))
    }
  })

  it('on round DAGs as validators make them, while they grow', () => {
    const next = random(9)
    for (let run = 0; run < 12; run++) {
      const parents: number[][] = [[]]
      const n = 4 + (run % 3)
      for (let round = 1; round <= 6; round++) {
        const before = round === 1 ? [0] : Array.from({ length: n }, (_, k) => parents.length - n + k)
        const from = round === 1 ? [0] : before
        const made = Array.from({ length: n }, (_, k) => [
          ...new Set([from[k % from.length]!, ...from.filter(() => next() < 0.6)]),
        ])
        parents.push(...made)
      }
      const [x, y] = [1 + n, 2 + n]
      const core = coreOf(parents.slice(0, 2 * n + 1))
      const pair = new SpectrePair(core, x, y)
      parents.slice(2 * n + 1).forEach((mine, i) => {
        const unit = 2 * n + 1 + i
        const height = Math.max(...mine.map((parent) => core.heightOf(parent))) + 1
        core.append(
          { id: `0x${unit.toString(16).padStart(64, '0')}` as never, height, round: 0, author: undefined },
          Int32Array.from(mine),
          mine.length,
        )
        if (i % 5 !== 0) return
        pair.update()
        expect(pair.votes()).toEqual(new Map([...referenceVotes(core, x, y, all(core.size))].sort(([p], [q]) => p - q)))
      })
    }
  })

  it('refuses a pair of one unit, and the vote of a unit that sees neither', () => {
    const core = coreOf([[], [0], [0], [1, 2], [0]])
    expect(() => new SpectrePair(core, 1, 1)).toThrow(/not a pair/)
    expect(() => new SpectrePair(core, 1, 2).voteOf(4)).toThrow(/neither of the pair/)
    expect(new SpectrePair(core, 0, 2).order()).toBe(1)
    expect(new SpectrePair(core, 0, 2).tally()).toEqual({ x: 5n, y: 0n, undecided: 0n })
    expect(() => new SpectrePair(core, 1, 2, { weight: () => -1n })).toThrow(/weight of/)
  })
})
