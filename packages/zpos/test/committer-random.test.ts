import { expect, test } from 'vitest'
import {
  createCommitter,
  type Decision,
  type RankedScheduleOptions,
  type RoundDag,
  roundRobinSchedule,
} from '../src/index.ts'
import { committeeOf, seeded } from './support/network.ts'
import { randomDag, randomView } from './support/random-dag.ts'
import { slowDecisions } from './support/slow-committer.ts'

const CASES = process.env.ZOS_LONG ? 20_000 : 1500
const SEED = Number(process.env.ZOS_SEED ?? 20_261)
const SHAPES: { stakes: number[]; equivocators: number[] }[] = [
  { stakes: [1, 1, 1, 1], equivocators: [3] },
  { stakes: [1, 1, 1, 1], equivocators: [] },
  { stakes: [5, 4, 3, 3, 3, 1], equivocators: [0] },
  { stakes: [1, 1, 1, 1, 1, 1, 1], equivocators: [1, 4] },
  { stakes: [40, 20, 13, 10, 8, 6, 3], equivocators: [1, 6] },
]
interface Setting extends Pick<RankedScheduleOptions, 'wave' | 'leadersPerRound' | 'termRounds'> {
  /** Equivocators are demoted. */
  readonly demotes?: boolean
}
const SETTINGS: Setting[] = [
  {},
  { wave: 1 },
  { leadersPerRound: 2 },
  { wave: 3, termRounds: 4 },
  { termRounds: 3 },
  { termRounds: 5, demotes: true },
]

test(`the committer equals the slow specification, and views of one DAG never disagree (seed ${SEED}, ${CASES} DAGs)`, () => {
  const outcomes = { direct: 0, indirect: 0, skip: 0, views: 0 }
  for (let at = 0; at < CASES; at += 1) {
    const random = seeded(SEED + at)
    const { stakes, equivocators } = SHAPES[at % SHAPES.length]!
    const { demotes, ...settings } = SETTINGS[Math.floor(at / SHAPES.length) % SETTINGS.length]!
    const committee = committeeOf(stakes)
    const dag = randomDag({
      committee,
      rounds: 14,
      random,
      equivocators: new Set(equivocators),
      diligence: 0.8 + 0.2 * random(),
    })
    const scheduleOver = (view: RoundDag) =>
      roundRobinSchedule(committee, { ...settings, ...(demotes && { dag: view }) })
    const fast = (view: RoundDag): Decision[] =>
      createCommitter({ dag: view, committee, schedule: scheduleOver(view) }).update()
    const whole = fast(dag)
    expect(whole, `seed ${SEED + at}`).toEqual(slowDecisions(dag, committee, scheduleOver(dag)))
    for (const { outcome, rule } of whole) {
      if (outcome === 'skip') outcomes.skip += 1
      else outcomes[rule] += 1
    }
    for (let view = 0; view < 4; view += 1) {
      const seen = fast(randomView(dag, random))
      outcomes.views += seen.length
      const same = seen.map(withoutRule)
      expect(same, `seed ${SEED + at}, view ${view}`).toEqual(whole.slice(0, seen.length).map(withoutRule))
    }
  }
  for (const [kind, count] of Object.entries(outcomes)) expect(count, `no ${kind} at all`).toBeGreaterThan(CASES / 10)
})

/** Two views may decide a slot by different halves of the rule, never differently. */
function withoutRule({ rule: _, ...decision }: Decision): object {
  return decision
}
