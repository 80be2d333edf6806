// Hit ratios of every policy on public traces beside Belady's bound and lru-cache, and operations a second beside lru-cache.
import { execFileSync } from 'node:child_process'
import { Cache, POLICY_NAMES, type PolicyName } from '@zos/zcdn'
import { LRUCache } from 'lru-cache'
import { printMetric } from '../../../scripts/metric.ts'
import { beladyHits } from './traces/belady.ts'
import { loadTraces, type Trace } from './traces/load.ts'
import { blockSums, pairedDifference } from './traces/paired.ts'

const quick = process.argv.includes('--quick')
const DEFAULT: PolicyName = 'filtered-s3-fifo'
const round = (value: number, digits = 4) => Number(value.toFixed(digits))

const print = (metric: string, value: number, unit: string, peer?: string, peerValue?: number) =>
  printMetric({ bench: 'cache', metric, value, unit, peer, peerValue })

/** Sums over a whole trace, and those of each of its blocks. */
interface Sums {
  total: number
  blocks: Float64Array
}

/** Hits, and bytes of hits, of a policy; `unit`: every object counts one byte. */
function replay(
  trace: Trace,
  policy: PolicyName,
  capacityBytes: number,
  unit: boolean,
): Record<'object' | 'byte', Sums> {
  const cache = new Cache<number, boolean>({ capacityBytes, policy, keys: 'integer' })
  const hits = blockSums(trace.keys.length)
  const hitBytes = blockSums(trace.keys.length)
  let bytes = 0
  for (let i = 0; i < trace.keys.length; i++) {
    const key = trace.keys[i]!
    const size = unit ? 1 : trace.sizes[i]!
    bytes += size
    if (cache.get(key)) {
      hits.add(i, 1)
      hitBytes.add(i, size)
    } else cache.set(key, true, size)
  }
  if (cache.stats().bytes > capacityBytes) throw new Error(`${policy} holds more than its capacity`)
  return {
    object: { total: trace.keys.length, blocks: hits.sums },
    byte: { total: bytes, blocks: hitBytes.sums },
  }
}

const ratio = ({ total, blocks }: Sums) => blocks.reduce((a, b) => a + b, 0) / total

let clearlyBehind = 0
let worstBehind = 0

/** Prints our hit ratio beside the best of the others, and whether the difference is more than the trace's own chance. */
function compare(cell: string, found: Map<PolicyName, Sums>): number {
  const mine = found.get(DEFAULT)!
  const others = [...found].filter(([policy]) => policy !== DEFAULT)
  const [best, sums] = others.reduce((a, b) => (ratio(a[1]) >= ratio(b[1]) ? a : b))
  const { ahead, halfWidth } = pairedDifference(mine.blocks, sums.blocks, mine.total)
  if (ahead + halfWidth < 0) clearlyBehind++
  worstBehind = Math.max(worstBehind, -ahead)
  print(cell, ratio(mine) * 100, '% hits', best, ratio(sums) * 100)
  const points = (value: number) => round(value * 100, 2)
  console.error(
    `    ahead of ${best} by ${points(ahead)} points, 95 %: ${points(ahead - halfWidth)} to ${points(ahead + halfWidth)}`,
  )
  for (const [policy, one] of others) console.error(`    ${policy} ${points(ratio(one))}`)
  return ratio(mine)
}

/** Hits of lru-cache bounded by a count of entries. */
function replayLruCache(trace: Trace, max: number): number {
  const cache = new LRUCache<number, boolean>({ max })
  let hits = 0
  for (const key of trace.keys) {
    if (cache.get(key)) hits++
    else cache.set(key, true)
  }
  return hits
}

const { traces, skipped } = loadTraces(quick)
for (const reason of skipped) console.error(`skipped ${reason}`)
const shares: number[] = []
const lruShares: number[] = []
let belowLru = 0
for (const trace of traces) {
  for (const share of [0.01, 0.1]) {
    const capacity = Math.round(trace.objects * share)
    const bound = beladyHits(trace, capacity) / trace.keys.length
    const found = new Map(POLICY_NAMES.map((policy) => [policy, replay(trace, policy, capacity, true).object]))
    const lru = replayLruCache(trace, capacity) / trace.keys.length
    if (Math.abs(lru - ratio(found.get('lru')!)) > 1e-9) throw new Error('our LRU and lru-cache disagree')
    const mine = compare(`objects ${trace.name} ${share * 100} % (Belady ${round(bound * 100, 2)})`, found)
    if (mine < lru) belowLru++
    shares.push(mine / bound)
    lruShares.push(lru / bound)
  }
  if (!trace.sized) continue
  const sizeOf = new Map<number, number>()
  for (let i = 0; i < trace.keys.length; i++) sizeOf.set(trace.keys[i]!, trace.sizes[i]!)
  const total = [...sizeOf.values()].reduce((a, b) => a + b, 0)
  for (const share of [0.01, 0.1]) {
    const found = POLICY_NAMES.map((policy) => [policy, replay(trace, policy, total * share, false)] as const)
    for (const kind of ['object', 'byte'] as const) {
      compare(
        `sized ${kind}s ${trace.name} ${share * 100} % of bytes`,
        new Map(found.map(([policy, sums]) => [policy, sums[kind]])),
      )
    }
  }
}
const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length
print('belady-mean', mean(shares), 'of Belady', 'lru-cache', mean(lruShares))
print('cells-below-lru', belowLru, 'cells')
print('worst-behind-best', worstBehind * 100, 'points')
print('clearly-behind-best', clearlyBehind, 'cells')

/** Million requests a second of ours and of lru-cache, see cache-operations.ts. */
const time = (...options: string[]): { cells: [name: string, ours: number, theirs: number][] } =>
  JSON.parse(
    execFileSync(
      process.execPath,
      [
        '--disable-warning=ExperimentalWarning',
        new URL('cache-operations.ts', import.meta.url).pathname,
        ...options,
        ...(quick ? ['--quick'] : []),
      ],
      { encoding: 'utf8' },
    ),
  )
const geometric = (values: number[]) => Math.exp(mean(values.map(Math.log)))
for (const [metric, ...options] of [
  ['ops', '--keys=integer', '--bound=sizes'],
  ['ops, lru-cache bounded by entries', '--keys=integer', '--bound=entries'],
  ['ops strings', '--keys=string', '--bound=sizes'],
  ['ops strings, lru-cache bounded by entries', '--keys=string', '--bound=entries'],
] as const) {
  const { cells } = time(...options)
  for (const [name, ours, theirs] of cells) print(`${metric}: ${name}`, ours, 'M requests/s', 'lru-cache', theirs)
  const mine = geometric(cells.map(([, ours]) => ours))
  print(metric, mine, 'M requests/s', 'lru-cache', geometric(cells.map(([, , theirs]) => theirs)))
}
for (const policy of ['s3-fifo', 'sieve', 'lru'] as const) {
  const { cells } = time('--keys=integer', '--bound=sizes', `--policy=${policy}`)
  const mine = geometric(cells.map(([, ours]) => ours))
  print(`ops ${policy}`, mine, 'M requests/s', 'lru-cache', geometric(cells.map(([, , theirs]) => theirs)))
}
