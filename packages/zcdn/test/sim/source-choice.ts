import type { Candidate, SourceScheduler } from '../../src/schedule/source-scheduler.ts'
import { seeded } from '../seeded.ts'

/** Mean and 95th percentile of the answer times of one rule, and the mean of what it expected to lose against the oracle. */
export interface ChoiceResult {
  meanMs: number
  p95Ms: number
  /** Expected time of the choices over that of the best choices, minus one. */
  regret: number
}

interface SimulatedServer {
  id: string
  rttMs: number
  /** Milliseconds of work for one answer when it is healthy. */
  workMs: number
  /** Grows tenfold in a shift. */
  slow: number
}

/**
 * One client population and `sources` servers; every `shiftEvery` requests one server slows down or recovers. All rules see the same servers,
 * shifts and noise. The oracle knows the present speed of each.
 */
export function simulateSourceChoice(options: {
  seed: number
  sources: number
  requests: number
  shiftEvery: number
  makeScheduler: (random: () => number) => Pick<SourceScheduler, 'choose' | 'learn'>
}): Record<'learned' | 'least-rtt' | 'round-robin' | 'two-choices' | 'oracle', ChoiceResult> {
  const { seed, sources, requests, shiftEvery, makeScheduler } = options
  const rules = ['learned', 'least-rtt', 'round-robin', 'two-choices', 'oracle'] as const
  const results = {} as Record<(typeof rules)[number], ChoiceResult>
  for (const rule of rules) {
    const random = seeded(seed)
    const ruleRandom = seeded(seed + 1)
    const scheduler = makeScheduler(seeded(seed + 2))
    const servers: SimulatedServer[] = Array.from({ length: sources }, (_, i) => ({
      id: `s${i}`,
      rttMs: 5 + 95 * random() ** 1.5,
      workMs: 20 + 180 * random() ** 2,
      slow: 1,
    }))
    const expected = (server: SimulatedServer) => server.rttMs + server.workMs * server.slow
    /** Each rule's own sight of recent answers, for two-choices: last time a server. */
    const last = new Map<string, number>()
    const times = new Float64Array(requests)
    let chosen = 0
    let best = 0
    for (let i = 0; i < requests; i++) {
      if (i > 0 && i % shiftEvery === 0) {
        // A fast one slows down, or a slow one recovers.
        const order = [...servers].sort((a, b) => expected(a) - expected(b))
        const hurt = servers.filter((server) => server.slow > 1)
        if (hurt.length >= sources / 3 || (hurt.length > 0 && random() < 0.4))
          hurt[Math.floor(random() * hurt.length)]!.slow = 1
        else order[Math.floor(random() * 3)]!.slow = 4 + 6 * random()
      }
      const noise = Math.exp(0.25 * (random() + random() + random() - 1.5))
      const fastest = servers.reduce((a, b) => (expected(a) <= expected(b) ? a : b))
      let server: SimulatedServer
      let learn: ((ms: number) => void) | undefined
      if (rule === 'oracle') server = fastest
      else if (rule === 'least-rtt') server = servers.reduce((a, b) => (a.rttMs <= b.rttMs ? a : b))
      else if (rule === 'round-robin') server = servers[i % sources]!
      else if (rule === 'two-choices') {
        const one = servers[Math.floor(ruleRandom() * sources)]!
        const two = servers[Math.floor(ruleRandom() * sources)]!
        server = (last.get(one.id) ?? one.rttMs) <= (last.get(two.id) ?? two.rttMs) ? one : two
      } else {
        const candidates: Candidate[] = servers.map(({ id, rttMs }) => ({ id, rttMs, openRequests: 0 }))
        const choice = scheduler.choose(candidates)
        server = servers.find(({ id }) => id === choice.id)!
        learn = (ms) => scheduler.learn(choice, ms)
      }
      const ms = expected(server) * noise
      learn?.(ms)
      last.set(server.id, ms)
      times[i] = ms
      chosen += expected(server)
      best += expected(fastest)
    }
    const sorted = times.slice().sort()
    results[rule] = {
      meanMs: times.reduce((a, b) => a + b, 0) / requests,
      p95Ms: sorted[Math.floor(requests * 0.95)]!,
      regret: chosen / best - 1,
    }
  }
  return results
}
