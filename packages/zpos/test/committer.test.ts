import { expect, test } from 'vitest'
import {
  createCommitter,
  type Decision,
  isZposError,
  type RoundDag,
  roundRobinSchedule,
  type UnitId,
} from '../src/index.ts'
import { parseDag } from './support/dag-language.ts'
import { committeeOf, names } from './support/network.ts'
import type { TextDag } from './support/text-dag.ts'

const ABCD = names(4)

/** Decisions in short: `commit A2 direct`, `skip B4 indirect`. */
function short(decisions: readonly Decision[]): string[] {
  return decisions.map((decision) =>
    decision.outcome === 'commit'
      ? `commit ${decision.unit} ${decision.rule}`
      : `skip ${decision.leader}${decision.round} ${decision.rule}`,
  )
}

function decide(dag: RoundDag, options: Parameters<typeof roundRobinSchedule>[1] = {}): string[] {
  const committee = committeeOf(4)
  return short(createCommitter({ dag, committee, schedule: roundRobinSchedule(committee, options) }).update())
}

const full = (from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_, i) => `Round ${from + i} : { * }`).join('\n')

test('a fully connected DAG commits every slot directly as soon as its third round has a quorum', () => {
  expect(decide(parseDag(full(1, 3), ABCD))).toEqual([])
  expect(decide(parseDag(full(1, 4), ABCD))).toEqual(['commit A2 direct'])
  expect(decide(parseDag(full(1, 8), ABCD))).toEqual(['commit A2 direct', 'commit A4 direct', 'commit A6 direct'])
})

test('a quorum that does not vote skips the slot, and its leader leads no more in the term', () => {
  const dag = parseDag(`${full(1, 2)} Round 3 : { A -> [*], B -> [-A2], C -> [-A2], D -> [-A2] } ${full(4, 6)}`, ABCD)
  expect(decide(dag)).toEqual(['skip A2 direct', 'commit B4 direct'])
})

test('a slot whose leader sent nothing is skipped', () => {
  const dag = parseDag(`${full(1, 1)} Round 2 : { B -> [*], C -> [*], D -> [*] } ${full(3, 6)}`, ABCD)
  expect(decide(dag)).toEqual(['skip A2 direct', 'commit B4 direct'])
})

test('two of four votes leave a slot open until a later leader has or has no certificate in its past', () => {
  const split = `${full(1, 2)} Round 3 : { A -> [*], B -> [*], C -> [-A2], D -> [-A2] } ${full(4, 5)}`
  expect(decide(parseDag(split, ABCD))).toEqual([])
  const later = parseDag(`${split} ${full(6, 8)}`, ABCD)
  expect(decide(later)).toEqual(['skip A2 indirect', 'commit B4 direct', 'commit B6 direct'])
})

test('one certificate in the past of the next anchor commits the slot indirectly', () => {
  const dag = parseDag(
    `${full(1, 2)}
     Round 3 : { A -> [*], B -> [*], C -> [*], D -> [-A2] }
     Round 4 : { A -> [A3, B3, C3], B -> [B3, C3, D3], C -> [C3, B3, D3], D -> [D3, B3, C3] }
     Round 5 : { * } Round 6 : { * } Round 7 : { * } Round 8 : { * }`,
    ABCD,
  )
  expect(decide(dag)).toEqual(['commit A2 indirect', 'commit A4 direct', 'commit A6 direct'])
})

test('the certified one of two units in a slot commits', () => {
  const dag = parseDag(
    `${full(1, 1)}
     Round 2 : { A -> [*], A2b -> [*], B -> [*], C -> [*], D -> [*] }
     Round 3 : { A -> [A2, B2, C2, D2], B -> [A2b, B2, C2, D2], C -> [A2b, B2, C2, D2], D -> [A2b, B2, C2, D2] }
     ${full(4, 6)}`,
    ABCD,
  )
  expect(decide(dag)).toEqual(['commit A2b direct', 'commit A4 direct'])
})

test('decisions do not depend on when update is called, and a new committer replays them', () => {
  const whole = parseDag(full(1, 40), ABCD)
  const committee = committeeOf(4)
  const growing = parseDag('', ABCD)
  const committer = createCommitter({ dag: growing, committee, schedule: roundRobinSchedule(committee) })
  const stepwise: Decision[] = []
  for (const id of whole.ids().slice(1)) {
    growing.add(id, whole.header(id).parents)
    stepwise.push(...committer.update())
  }
  expect(short(stepwise)).toEqual(decide(whole))
  expect(stepwise).toHaveLength(19)
  expect(committer.nextRound()).toBe(39)
  expect(committer.lastCommit()?.round).toBe(38)
})

test('a term ends at the first commit fifteen rounds after the last term ended', () => {
  const decisions = decide(parseDag(full(1, 40), ABCD))
  const leaders = decisions.map((text) => text.split(' ')[1])
  expect(leaders.slice(0, 10)).toEqual(['A2', 'A4', 'A6', 'A8', 'A10', 'A12', 'A14', 'A16', 'B18', 'B20'])
  expect(leaders.slice(-4)).toEqual(['B32', 'C34', 'C36', 'C38'])
})

test('several leaders a round are decided in slot order', () => {
  const dag = parseDag(`${full(1, 1)} Round 2 : { A -> [*], C -> [*], D -> [*] } ${full(3, 6)}`, ABCD)
  expect(decide(dag, { leadersPerRound: 2 })).toEqual([
    'commit A2 direct',
    'skip B2 direct',
    'commit A4 direct',
    'commit C4 direct',
  ])
})

test('a leader every round commits every round', () => {
  expect(decide(parseDag(full(1, 6), ABCD), { wave: 1 })).toHaveLength(4)
})

test('one slot can be judged without output', () => {
  const committee = committeeOf(4)
  const dag = parseDag(full(1, 5), ABCD)
  const committer = createCommitter({ dag, committee, schedule: roundRobinSchedule(committee) })
  expect(committer.judge(2)).toMatchObject({ outcome: 'commit', unit: 'A2' })
  expect(committer.judge(4)).toMatchObject({ outcome: 'undecided', leader: 'A' })
  expect(committer.judge(3)).toBeUndefined()
  committer.update()
  expect(committer.judge(2)).toBeUndefined()
})

test('two certified units of one slot stop the committer', () => {
  const dag = parseDag(
    `${full(1, 1)}
     Round 2 : { A -> [*], A2b -> [*], B -> [*], C -> [*], D -> [*] }
     Round 3 : { A -> [A2, B2, C2], B -> [A2, B2, C2], C -> [A2, B2, C2], A3b -> [A2b, B2, C2], B3b -> [A2b, B2, C2], C3b -> [A2b, B2, C2] }
     Round 4 : { A -> [A3, B3, C3], B -> [A3, B3, C3], C -> [A3, B3, C3], A4b -> [A3b, B3b, C3b], B4b -> [A3b, B3b, C3b], C4b -> [A3b, B3b, C3b] }`,
    ABCD,
  )
  let caught: unknown
  try {
    decide(dag)
  } catch (error) {
    caught = error
  }
  expect(isZposError(caught, 'ZPOS_SAFETY_BROKEN')).toBe(true)
})

test('a DAG that announces its units is followed unit by unit, to the same end; a closed committer hears nothing', () => {
  const whole = parseDag(full(1, 40), ABCD)
  const committee = committeeOf(4)
  const plain = parseDag(full(1, 5), ABCD)
  const listeners = new Set<(unit: { id: UnitId }) => void>()
  let scans = 0
  const dag: TextDag = {
    ...plain,
    roundUnits: (round) => {
      scans += 1
      return plain.roundUnits(round)
    },
    onUnit(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
  const committer = createCommitter({ dag, committee, schedule: roundRobinSchedule(committee) })
  const decisions = committer.update()
  const before = scans
  for (const id of whole.ids().slice(21)) {
    plain.add(id, whole.header(id).parents)
    for (const listener of listeners) listener({ id })
    decisions.push(...committer.update())
  }
  plain.user('u', ['A40'])
  for (const listener of listeners) listener({ id: 'u' as UnitId })
  expect(committer.update()).toEqual([])
  expect(scans).toBe(before)
  expect(short(decisions)).toEqual(decide(whole))
  committer.close()
  expect(listeners.size).toBe(0)
})

test('a speaker that splits the votes on each of its slots is skipped with the help of its deputies, and demoted', () => {
  let text = full(1, 1)
  for (let round = 2; round <= 12; round += 2) {
    const others = ['B', 'C', 'D'].map((author) => `${author}${round}`)
    const [left, right] = [`[A${round}, ${others}]`, `[A${round}b, ${others}]`]
    text += ` Round ${round} : { A -> [*], A${round}b -> [*], B -> [*], C -> [*], D -> [*] }
      Round ${round + 1} : { A -> ${right}, B -> ${left}, C -> ${right}, D -> ${left} }`
    // Slots 2, 4 and 6 are the speaker's; without its deputies' slots 8 and 10 nothing could ever be decided.
    if (round < 12) expect(decide(parseDag(text, ABCD))).toEqual([])
  }
  expect(decide(parseDag(text, ABCD)).slice(0, 3)).toEqual(['skip A2 indirect', 'commit B4 direct', 'commit B6 direct'])
})
