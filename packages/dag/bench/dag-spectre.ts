/**
 * Recursive voting on one pair over twelve rounds of a committee, what double-spend resolution costs: two units of the first
 * round conflict, the votes of all later units are needed. The peer is Algorithm 1 as written, on the same DAG.
 */
import { createDag, referenceVotes, SpectrePair } from '@zos/dag'
import { cpuSeconds, genesis, report, rounds } from './rounds.ts'

const quick = process.argv.includes('--quick')

for (const [metric, n] of [
  ['n4', 4],
  ['n30', 30],
  ['n100', 100],
] as const) {
  const dag = createDag({ genesis })
  for (const unit of rounds(n, 13, 0, 7).units) dag.append(unit, { shapeChecked: true })
  const { view } = dag
  const members = Array.from({ length: view.size }, (_, unit) => unit)
  const pairs = Array.from(
    { length: quick ? 4 : 12 },
    (_, i) => [1 + (i % n), 1 + ((i + 1 + (i % (n - 1))) % n)] as const,
  ).filter(([x, y]) => x !== y)
  const repeat = n === 4 ? 100 : n === 30 ? 6 : 1
  for (const [x, y] of pairs.slice(0, 2)) for (let i = 0; i < 20 * repeat; i++) new SpectrePair(view, x, y).order()
  const fast = cpuSeconds(() => {
    for (let i = 0; i < repeat; i++) for (const [x, y] of pairs) new SpectrePair(view, x, y).order()
  })
  const asked = n === 100 ? 1 : n === 30 ? 2 : pairs.length
  const slow = cpuSeconds(() => {
    for (const [x, y] of pairs.slice(0, asked)) {
      const expected = referenceVotes(view, x, y, members)
      const votes = new SpectrePair(view, x, y).votes()
      for (const [unit, vote] of expected)
        if (votes.get(unit) !== vote) throw new Error(`vote of ${unit} on (${x}, ${y}) differs`)
    }
  })
  report(
    'dag-spectre',
    metric,
    (fast * 1000) / repeat / pairs.length,
    'ms a pair',
    'Algorithm 1 as written',
    (slow * 1000) / asked,
  )
}
