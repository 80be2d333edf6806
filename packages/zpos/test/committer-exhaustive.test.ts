/**
 * Every DAG of four validators, one of them Byzantine, around one slot: all ways in which the honest can refer to what they
 * have received (any delivery order, up to swapping the honest), all units that the Byzantine one can make, all views and all
 * possible anchors.
 *
 * Two nodes can disagree on a slot in three ways only: direct against direct, direct against indirect, or indirect through
 * two different anchors. The third needs them to disagree on a later slot before. So if the first two are impossible around
 * every slot, then by induction from the last slot down no two nodes disagree on any, in DAGs of any length. This test tries all cases of
 * the first two: `round 1` stands for the slot's round, `round 4` for the round of an anchor.
 */
import { expect, test } from 'vitest'
import { type Address, createCommitter, type RoundDag, type UnitId } from '../src/index.ts'
import { fixedSchedule } from './support/fixed-schedule.ts'
import { committeeOf } from './support/network.ts'
import { createTextDag, GENESIS, type TextDag } from './support/text-dag.ts'

const committee = committeeOf(4)
const HONEST = ['A', 'B', 'C'] as const
const ANCHOR_STRIDE = process.env.ZOS_LONG ? 1 : 97

type Vote = 'x' | 'y' | 'none'

/** What an honest unit of round 3 refers to beside its own: which of the other two, and which unit of D. */
interface Choice {
  readonly others: readonly [boolean, boolean]
  readonly byzantine: Vote | undefined
}
const CHOICES: Choice[] = [true, false].flatMap((first) =>
  [true, false].flatMap((second) =>
    ([undefined, 'x', 'y', 'none'] as const)
      .filter((byzantine) => Number(first) + Number(second) + Number(byzantine !== undefined) >= 2)
      .map((byzantine) => ({ others: [first, second] as const, byzantine })),
  ),
)

const D2: Record<Vote, string> = { x: 'D2', y: 'D2b', none: 'D2c' }

/** Rounds 1–3. `leader` made x, and y if it is D. */
function build(leader: 'A' | 'D', votes: readonly Vote[], choices: readonly Choice[]): TextDag {
  const dag = createTextDag()
  for (const name of ['A1', 'B1', 'C1', 'D1', 'D1b']) dag.add(name, [GENESIS])
  const x = leader === 'D' ? 'D1' : 'A1'
  const voteParent = (vote: Vote): string[] => (vote === 'x' ? [x] : vote === 'y' ? ['D1b'] : [])
  for (const [at, author] of HONEST.entries()) {
    const own = `${author}1`
    const base = leader === 'D' ? ['A1', 'B1', 'C1'] : ['B1', 'C1', 'D1']
    dag.add(`${author}2`, [own, ...new Set([...base, ...voteParent(votes[at]!)].filter((id) => id !== own))])
  }
  // D votes every way at once. Its self-parent is of an older round where it must not be a vote itself.
  for (const vote of ['x', 'y', 'none'] as const) {
    const honest = leader === 'D' ? ['A1', 'B1', 'C1'] : ['B1', 'C1', 'D1']
    dag.add(D2[vote], [...new Set([vote === 'y' ? 'D1b' : GENESIS, ...honest, ...voteParent(vote)])], {
      author: 'D',
      round: 2,
    })
  }
  for (const [at, author] of HONEST.entries()) {
    const { others, byzantine } = choices[at]!
    const names = HONEST.filter((name) => name !== author).filter((_, i) => others[i])
    dag.add(`${author}3`, [`${author}2`, ...names.map((name) => `${name}2`), ...(byzantine ? [D2[byzantine]] : [])])
  }
  let variant = 0
  for (const vote of ['x', 'y', 'none'] as const) {
    for (const subset of [
      ['A2', 'B2'],
      ['A2', 'C2'],
      ['B2', 'C2'],
      ['A2', 'B2', 'C2'],
    ]) {
      dag.add(`D3${String.fromCharCode(97 + variant)}`, [D2[vote], ...subset])
      variant += 1
    }
  }
  return dag
}

/** The DAG without a unit and its future: what someone who was not sent it has. */
function without(dag: TextDag, hidden: readonly string[]): RoundDag {
  const seen = (id: UnitId) => !hidden.some((unit) => unit === id || dag.isAncestor(unit as UnitId, id))
  return {
    ...dag,
    roundUnits: (round) => dag.roundUnits(round).filter(seen),
    authorUnits: (author, round) => dag.authorUnits(author, round).filter(seen),
  }
}

function slot(dag: RoundDag, leader: string, anchor?: string): string {
  const leaders = (round: number): Address[] =>
    round === 1 ? [leader as Address] : round === 4 && anchor !== undefined ? [anchor as Address] : []
  const status = createCommitter({ dag, committee, schedule: fixedSchedule(leaders) }).judge(1)!
  return status.outcome === 'commit' ? `commit ${status.unit}` : status.outcome
}

/** All that a unit of round 4 can refer to. */
function anchorParents(dag: TextDag): UnitId[][] {
  const honest = HONEST.map((author) => `${author}3` as UnitId)
  const byzantine = dag.authorUnits('D' as Address, 3)
  const pairs = honest.map((left) => honest.filter((id) => id !== left))
  return [honest, ...byzantine.flatMap((unit) => [...pairs.map((pair) => [...pair, unit]), [...honest, unit]])]
}

function voteVectors(leader: 'A' | 'D'): Vote[][] {
  const kinds: Vote[] = leader === 'D' ? ['x', 'y', 'none'] : ['x', 'none']
  // An honest leader votes for itself. Otherwise vectors that differ by swapping the honest are one case.
  const first: Vote[] = leader === 'A' ? ['x'] : kinds
  return first.flatMap((a) =>
    kinds
      .flatMap((b) => kinds.map((c): Vote[] => [a, b, c]))
      .filter(([p, q, r]) => {
        const rank = (vote: Vote) => kinds.indexOf(vote)
        return rank(q!) <= rank(r!) && (leader === 'A' || rank(p!) <= rank(q!))
      }),
  )
}

test.each(['A', 'D'] as const)(
  'no two views and no anchor disagree on the slot of %s',
  { timeout: 600_000 },
  (leader) => {
    const units = leader === 'D' ? ['D1', 'D1b'] : ['A1']
    const tally = { dags: 0, commit: 0, skip: 0, open: 0, anchors: 0, anchored: 0 }
    for (const votes of voteVectors(leader)) {
      for (const a of CHOICES) {
        for (const b of CHOICES) {
          for (const c of CHOICES) {
            tally.dags += 1
            const dag = build(leader, votes, [a, b, c])
            const views = leader === 'D' ? [[], ['D1'], ['D1b'], ['D1', 'D1b']] : [[], ['A1']]
            const direct = new Set(
              views.map((hidden) => slot(without(dag, hidden), leader)).filter((outcome) => outcome !== 'undecided'),
            )
            if (direct.size > 1) throw new Error(`${votes} ${JSON.stringify([a, b, c])}: ${[...direct]}`)
            const [decided] = direct
            tally[decided === undefined ? 'open' : decided === 'skip' ? 'skip' : 'commit'] += 1

            const certificates = units.map((unit) =>
              dag.roundUnits(3).filter((id) => {
                const parents = dag.header(id).parents
                return committee.isQuorum(
                  parents.filter((p) => voteOf(dag, p, units) === unit).map((p) => dag.header(p).authors[0]!),
                )
              }),
            )
            for (const parents of anchorParents(dag)) {
              tally.anchors += 1
              const found = units.filter((_, at) => certificates[at]!.some((id) => parents.includes(id)))
              const indirect = found.length === 0 ? 'skip' : `commit ${found.join('+')}`
              if (decided !== undefined && indirect !== decided) {
                throw new Error(`${votes} ${JSON.stringify([a, b, c])}: ${decided}, but an anchor says ${indirect}`)
              }
              if (found.length > 1) throw new Error(`${votes}: both units are certified`)
              if (tally.anchors % ANCHOR_STRIDE !== 0) continue
              tally.anchored += 1
              expect(slot(withAnchor(leader, votes, [a, b, c], parents), leader, 'D')).toBe(indirect)
            }
          }
        }
      }
    }
    expect(tally.dags).toBe(voteVectors(leader).length * 1000)
    for (const [kind, count] of Object.entries(tally)) expect(count, kind).toBeGreaterThan(50)
  },
)

function voteOf(dag: TextDag, unit: UnitId, units: readonly string[]): string | undefined {
  return dag.header(unit).parents.find((parent) => units.includes(parent))
}

/** The same DAG with an anchor of D in round 4 that commits directly. */
function withAnchor(
  leader: 'A' | 'D',
  votes: readonly Vote[],
  choices: readonly Choice[],
  parents: readonly UnitId[],
): RoundDag {
  const dag = build(leader, votes, choices)
  for (const author of HONEST)
    dag.add(`${author}4`, [`${author}3`, ...HONEST.filter((x) => x !== author).map((x) => `${x}3`)])
  dag.add('D4', parents)
  for (const round of [5, 6]) {
    const below = [...HONEST, 'D'].map((author) => `${author}${round - 1}`)
    for (const author of [...HONEST, 'D']) {
      const own = `${author}${round - 1}`
      dag.add(`${author}${round}`, [own, ...below.filter((id) => id !== own)])
    }
  }
  return dag
}
