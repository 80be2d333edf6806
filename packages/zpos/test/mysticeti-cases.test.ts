/**
 * The cases of the public committer tests of Mysticeti (MystenLabs/mysticeti 3b78b12,
 * `mysticeti-core/src/consensus/tests/{base,multi,pipelined}_committer_tests.rs`), as facts in the DAG language: four
 * validators of equal stake, the leader of round r is validator r mod 4, waves of three rounds.
 */
import { describe, expect, test } from 'vitest'
import { type Address, createCommitter, type Decision, type RoundDag } from '../src/index.ts'
import { parseDag } from './support/dag-language.ts'
import { fixedSchedule } from './support/fixed-schedule.ts'
import { committeeOf, names } from './support/network.ts'
import { slowDecisions } from './support/slow-committer.ts'
import type { TextDag } from './support/text-dag.ts'

const ABCD = names(4)
const committee = committeeOf(4)

interface Shape {
  readonly name: string
  /** First round with a slot, and rounds from one to the next. */
  readonly first: number
  readonly step: number
  readonly leaders: number
}
const SHAPES: Shape[] = [
  { name: 'base: a leader every third round', first: 3, step: 3, leaders: 1 },
  { name: 'pipelined: a leader every round', first: 1, step: 1, leaders: 1 },
  { name: 'multi: two leaders every third round', first: 3, step: 3, leaders: 2 },
  { name: 'multi and pipelined: three leaders every round', first: 1, step: 1, leaders: 3 },
]

const full = (from: number, to: number): string =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => `Round ${from + i} : { * }`).join(' ')

describe.each(SHAPES)('$name', ({ first, step, leaders }) => {
  const leadersAt = (round: number): Address[] =>
    round >= first && (round - first) % step === 0
      ? Array.from({ length: leaders }, (_, offset) => ABCD[(round + offset) % 4]!)
      : []
  const leader = (round: number): Address => ABCD[round % 4]!
  const others = (name: string): Address[] => ABCD.filter((author) => author !== name)

  function decide(dag: RoundDag): Decision[] {
    const decisions = createCommitter({ dag, committee, schedule: fixedSchedule(leadersAt) }).update()
    expect(decisions).toEqual(slowDecisions(dag, committee, fixedSchedule(leadersAt)))
    return decisions
  }
  const dagOf = (text: string): TextDag => parseDag(text, ABCD)

  test('direct commit: a slot is final when its third round is there, not before', () => {
    for (let last = 1; last < first + 2; last += 1) expect(decide(dagOf(full(1, last)))).toEqual([])
    const decisions = decide(dagOf(full(1, first + 2)))
    expect(decisions).toHaveLength(leaders)
    expect(decisions[0]).toMatchObject({ outcome: 'commit', rule: 'direct', unit: `${leader(first)}${first}` })
  })

  test('idempotence: nothing is output twice', () => {
    const committer = createCommitter({ dag: dagOf(full(1, first + 2)), committee, schedule: fixedSchedule(leadersAt) })
    expect(committer.update()).toHaveLength(leaders)
    expect(committer.update()).toEqual([])
    expect(createCommitter({ dag: dagOf(''), committee, schedule: fixedSchedule(leadersAt) }).update()).toEqual([])
  })

  test('multiple direct commits: every wave adds its leaders, also when asked late', () => {
    const late: Decision[] = decide(dagOf(full(1, first + 2 + 9 * step)))
    expect(late).toHaveLength(10 * leaders)
    expect(late.every(({ outcome, rule }) => outcome === 'commit' && rule === 'direct')).toBe(true)
    for (let wave = 0; wave < 10; wave += 1) {
      expect(decide(dagOf(full(1, first + 2 + wave * step)))).toEqual(late.slice(0, (wave + 1) * leaders))
    }
  })

  test('no leader: the slot of a leader that made no unit is skipped', () => {
    const absent = others(leader(first)).map((author) => `${author} -> [*]`)
    const decisions = decide(
      dagOf(`${full(1, first - 1)} Round ${first} : { ${absent} } ${full(first + 1, first + 2)}`),
    )
    expect(decisions[0]).toMatchObject({ outcome: 'skip', rule: 'direct', leader: leader(first) })
  })

  test('direct skip: no unit of the next round refers to the leader', () => {
    const blame = others(leader(first)).map((author) => `${author} -> [-${leader(first)}${first}]`)
    const decisions = decide(dagOf(`${full(1, first)} Round ${first + 1} : { ${blame} } ${full(first + 2, first + 2)}`))
    expect(decisions[0]).toMatchObject({ outcome: 'skip', rule: 'direct', leader: leader(first) })
  })

  test('indirect commit: f + 1 certificates are few to see and enough for the next anchor', () => {
    const target = `${leader(first)}${first}`
    const [b, c, d] = others(leader(first))
    const a = leader(first)
    const [vote, cert] = [first + 1, first + 2]
    const dag = dagOf(
      `${full(1, first)}
       Round ${vote} : { ${a} -> [*], ${b} -> [*], ${c} -> [*], ${d} -> [-${target}] }
       Round ${cert} : {
         ${a} -> [${a}${vote}, ${b}${vote}, ${c}${vote}], ${b} -> [${a}${vote}, ${b}${vote}, ${c}${vote}],
         ${c} -> [${b}${vote}, ${c}${vote}, ${d}${vote}], ${d} -> [${b}${vote}, ${c}${vote}, ${d}${vote}] }
       ${full(first + 3, first + 8)}`,
    )
    expect(decide(dag)[0]).toMatchObject({ outcome: 'commit', rule: 'indirect', unit: target })
  })

  test('indirect skip: f + 1 votes leave no certificate, and the next anchor says so', () => {
    const target = `${leader(first + step)}${first + step}`
    const [b, c, d] = others(leader(first + step))
    const vote = first + step + 1
    const dag = dagOf(
      `${full(1, first + step)}
       Round ${vote} : { ${leader(first + step)} -> [*], ${b} -> [*], ${c} -> [-${target}], ${d} -> [-${target}] }
       ${full(vote + 1, vote + 8)}`,
    )
    const decisions = decide(dag).filter(({ offset }) => offset === 0)
    expect(decisions[0]).toMatchObject({ outcome: 'commit', round: first })
    expect(decisions[1]).toMatchObject({ outcome: 'skip', rule: 'indirect', round: first + step })
    expect(decisions[2]).toMatchObject({ outcome: 'commit', round: first + 2 * step })
  })

  test('undecided: a slot with too few votes either way holds back everything after it', () => {
    const target = `${leader(first)}${first}`
    const [b, c, d] = others(leader(first))
    const split = `${leader(first)} -> [*], ${b} -> [*], ${c} -> [-${target}], ${d} -> [-${target}]`
    expect(decide(dagOf(`${full(1, first)} Round ${first + 1} : { ${split} } ${full(first + 2, first + 2)}`))).toEqual(
      [],
    )
  })

  test('an equivocating leader gets at most one of its units committed', () => {
    const a = leader(first)
    const [b, c, d] = others(a)
    const units = `${ABCD.map((author) => `${author} -> [*]`)}, ${a}${first}b -> [*], ${a}${first}c -> [*]`
    const own = (x: string) => ABCD.filter((y) => y !== a).map((y) => `${y}${x}`)
    const votes = (kind: string) => `[${a}${first}${kind}, ${own(`${first}`)}]`
    const before = `${full(1, first - 1)} Round ${first} : { ${units} }`
    const commits = decide(
      dagOf(`${before} Round ${first + 1} : { ${a} -> ${votes('')}, ${b} -> ${votes('c')}, ${c} -> ${votes('c')}, ${d} -> ${votes('c')} }
        ${full(first + 2, first + 8)}`),
    )
    expect(commits[0]).toMatchObject({ outcome: 'commit', unit: `${a}${first}c` })
    const skips = decide(
      dagOf(`${before} Round ${first + 1} : { ${a} -> ${votes('')}, ${b} -> ${votes('')}, ${c} -> ${votes('b')}, ${d} -> ${votes('c')} }
        ${full(first + 2, first + 8)}`),
    )
    expect(skips[0]).toMatchObject({ outcome: 'skip', round: first })
  })
})
