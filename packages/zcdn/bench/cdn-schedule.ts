// The learning scheduler against plain rules: sources under shifts, and placement in a network of hundreds of caches.
import { Cache, DemandForecast, place, SourceScheduler } from '@zos/zcdn'
import { printMetric } from '../../../scripts/metric.ts'
import { simulateNetwork } from '../test/sim/placement-network.ts'
import { simulateSourceChoice } from '../test/sim/source-choice.ts'

const quick = process.argv.includes('--quick')
const print = (metric: string, value: number, unit: string, peer?: string, peerValue?: number) =>
  printMetric({ bench: 'cdn-schedule', metric, value, unit, peer, peerValue })

const seeds = quick ? 6 : 20
const rules = ['learned', 'least-rtt', 'round-robin', 'two-choices', 'oracle'] as const
const sums = Object.fromEntries(rules.map((rule) => [rule, { meanMs: 0, p95Ms: 0, regret: 0 }])) as Record<
  (typeof rules)[number],
  { meanMs: number; p95Ms: number; regret: number }
>
for (let seed = 1; seed <= seeds; seed++) {
  const results = simulateSourceChoice({
    seed: seed + 100,
    sources: 16,
    requests: quick ? 12_000 : 30_000,
    shiftEvery: 1500,
    makeScheduler: (random) => new SourceScheduler({ random }),
  })
  for (const rule of rules) {
    for (const key of ['meanMs', 'p95Ms', 'regret'] as const) sums[rule][key] += results[rule][key] / seeds
  }
}
print('regret', sums.learned.regret, 'of the oracle', 'least-rtt', sums['least-rtt'].regret)
print('p95-vs-least-rtt', sums.learned.p95Ms, 'ms', 'least-rtt', sums['least-rtt'].p95Ms)
print('mean-vs-two-choices', sums.learned.meanMs, 'ms', 'two-choices', sums['two-choices'].meanMs)
print('mean-vs-oracle', sums.learned.meanMs, 'ms', 'oracle', sums.oracle.meanMs)

const scheduler = new SourceScheduler({ random: Math.random })
const candidates = Array.from({ length: 16 }, (_, i) => ({ id: `s${i}`, rttMs: 10 + i, openRequests: i % 3 }))
const decisions = quick ? 50_000 : 200_000
for (let i = 0; i < 5000; i++) scheduler.learn(scheduler.choose(candidates), 20 + (i % 7))
const start = process.cpuUsage()
for (let i = 0; i < decisions; i++) scheduler.learn(scheduler.choose(candidates), 20 + (i % 7))
const used = process.cpuUsage(start)
print('decision', (used.user + used.system) / decisions, 'µs a choice of 16 and its update')

const network = simulateNetwork({
  seed: 7,
  regions: 10,
  cachesPerRegion: 20,
  objects: 4000,
  epochs: quick ? 10 : 24,
  requestsPerEpoch: quick ? 40_000 : 100_000,
  cacheBytes: 9_000_000,
  tools: { Cache, DemandForecast, place },
})
for (const peer of ['hash-lru', 'static', 'hindsight'] as const) {
  print(`placement-mean-vs-${peer}`, network.planned.meanMs, 'ms', peer, network[peer].meanMs)
  print(`placement-p99-vs-${peer}`, network.planned.p99Ms, 'ms', peer, network[peer].p99Ms)
  print(`placement-origin-vs-${peer}`, network.planned.originMegabytes, 'MB', peer, network[peer].originMegabytes)
}
