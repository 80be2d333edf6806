// Hit ratios of every policy on public traces beside Belady's bound and lru-cache, and operations a second beside lru-cache.
import { execFileSync } from 'node:child_process'
import { Cache, POLICY_NAMES, type PolicyName } from '@zos/zcdn'
import { LRUCache } from 'lru-cache'
import { printMetric } from '../../../scripts/metric.ts'
import { beladyHits } from './traces/belady.ts'
import { loadTraces, type Trace } from './traces/load.ts'

const quick = process.argv.includes('--quick')
const DEFAULT: PolicyName = 'filtered-s3-fifo'
const round = (value: number, digits = 4) => Number(value.toFixed(digits))

const print = (metric: string, value: number, unit: string, peer?: string, peerValue?: number) =>
  printMetric({ bench: 'cache', metric, value, unit, peer, peerValue })

interface Ratios {
  object: number
  byte: number
}

/** Object and byte hit ratio of a policy; `unit`: every object counts one byte. */
function replay(trace: Trace, policy: PolicyName, capacityBytes: number, unit: boolean): Ratios {
  const cache = new Cache<number, boolean>({ capacityBytes, policy, keys: 'integer' })
  let hits = 0
  let hitBytes = 0
  let bytes = 0
  for (let i = 0; i < trace.keys.length; i++) {
    const key = trace.keys[i]!
    const size = unit ? 1 : trace.sizes[i]!
    bytes += size
    if (cache.get(key)) {
      hits++
      hitBytes += size
    } else cache.set(key, true, size)
  }
  if (cache.stats().bytes > capacityBytes) throw new Error(`${policy} holds more than its capacity`)
  return { object: hits / trace.keys.length, byte: hitBytes / bytes }
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
const policies = POLICY_NAMES
const shares: number[] = []
const lruShares: number[] = []
let belowLru = 0
let worstBehind = 0
for (const trace of traces) {
  for (const share of [0.01, 0.1]) {
    const capacity = Math.round(trace.objects * share)
    const bound = beladyHits(trace, capacity) / trace.keys.length
    const found = new Map(policies.map((policy) => [policy, replay(trace, policy, capacity, true).object]))
    const mine = found.get(DEFAULT)!
    const others = policies.filter((policy) => policy !== DEFAULT)
    const best = others.reduce((a, b) => (found.get(a)! >= found.get(b)! ? a : b))
    const lru = replayLruCache(trace, capacity) / trace.keys.length
    if (Math.abs(lru - found.get('lru')!) > 1e-9) throw new Error('our LRU and lru-cache disagree')
    if (mine < lru) belowLru++
    worstBehind = Math.max(worstBehind, found.get(best)! - mine)
    shares.push(mine / bound)
    lruShares.push(lru / bound)
    print(
      `objects ${trace.name} ${share * 100} % (Belady ${round(bound * 100, 2)})`,
      mine * 100,
      '% hits',
      best,
      found.get(best)! * 100,
    )
    for (const policy of others) console.error(`    ${policy} ${round(found.get(policy)! * 100, 2)}`)
  }
  if (!trace.sized) continue
  const sizeOf = new Map<number, number>()
  for (let i = 0; i < trace.keys.length; i++) sizeOf.set(trace.keys[i]!, trace.sizes[i]!)
  const total = [...sizeOf.values()].reduce((a, b) => a + b, 0)
  for (const share of [0.01, 0.1]) {
    const found = new Map(policies.map((policy) => [policy, replay(trace, policy, total * share, false)]))
    for (const kind of ['object', 'byte'] as const) {
      const others = policies.filter((policy) => policy !== DEFAULT)
      const best = others.reduce((a, b) => (found.get(a)![kind] >= found.get(b)![kind] ? a : b))
      print(
        `sized ${kind}s ${trace.name} ${share * 100} % of bytes`,
        found.get(DEFAULT)![kind] * 100,
        '% hits',
        best,
        found.get(best)![kind] * 100,
      )
    }
  }
}
const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length
print('belady-mean', mean(shares), 'of Belady', 'lru-cache', mean(lruShares))
print('cells-below-lru', belowLru, 'cells')
print('worst-behind-best', worstBehind * 100, 'points')

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
