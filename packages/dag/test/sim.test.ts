import { describe, expect, it } from 'vitest'
import { createDag, isDagError, type UnitRef } from '../src/index.ts'
import { unitsOf } from '../src/notation/index.ts'
import {
  createSimRandom,
  equivocator,
  heavyTailLatency,
  linkLatency,
  minimal,
  SimScheduler,
  selective,
  shrinkUnits,
  silent,
  simulate,
  uniformLatency,
  withholder,
} from '../src/sim/index.ts'
import { closure } from './ledger.ts'

/** Two units of one author, neither in the other's past. */
function equivocation(units: readonly UnitRef[]): string | undefined {
  const past = closure(units)
  for (const a of units)
    for (const b of units) {
      if (!a.header.validator || a.header.authors[0] !== b.header.authors[0] || a.id === b.id) continue
      if (!past.get(a.id)!.has(b.id) && !past.get(b.id)!.has(a.id)) return `${a.header.authors[0]} equivocates`
    }
  return undefined
}

describe('the simulator', () => {
  it('runs events in the order of time, then of scheduling', async () => {
    const scheduler = new SimScheduler()
    const seen: string[] = []
    scheduler.after(5, () => void seen.push(`b@${scheduler.nowMs}`))
    scheduler.after(5, async () => {
      await Promise.resolve()
      seen.push('c')
    })
    scheduler.after(1, () => scheduler.after(4, () => void seen.push('d')))
    const next = createSimRandom(3)
    const times = Array.from({ length: 200 }, () => next.int(1000))
    const fired: number[] = []
    for (const at of times) scheduler.after(10 + at, () => void fired.push(at))
    await scheduler.run(2000)
    expect(seen).toEqual(['b@5', 'c', 'd'])
    expect(fired).toEqual([...times].sort((a, b) => a - b))
    expect(scheduler.nowMs).toBe(2000)
  })

  it('gives the same run for the same seed, and another for another', async () => {
    const run = async (seed: number) => {
      const { nodes } = await simulate({
        seed,
        validators: 4,
        durationMs: 5000,
        network: { loss: 0.05, duplicates: 0.05 },
      })
      return nodes.map(({ dag }) => dag.tips().join()).join('|')
    }
    expect(await run(1)).toBe(await run(1))
    expect(await run(1)).not.toBe(await run(2))
  })

  it.each([
    ['heavy tails', { latency: heavyTailLatency(60) }],
    ['links with jitter', { latency: linkLatency(20, 150) }],
    ['loss and duplicates', { latency: uniformLatency(20, 150), loss: 0.1, duplicates: 0.1 }],
    ['little bandwidth', { latency: uniformLatency(20, 50), uplinkBytesPerSecond: 20_000 }],
  ])('goes on under %s', async (_, network) => {
    const { rounds, counts } = await simulate({
      seed: 7,
      validators: 7,
      durationMs: 15_000,
      network,
      check: equivocation,
    })
    expect(Math.min(...rounds)).toBeGreaterThan(15)
    expect(counts.delivered).toBeGreaterThan(100)
  })

  it.each([
    ['silent', silent],
    ['withholding', withholder(3000)],
    ['selective', selective(0.4)],
    ['minimal', minimal(5)],
    ['equivocating', equivocator(3)],
  ])('goes on with two %s validators of seven, and honest nodes agree', async (_, strategy) => {
    const { rounds, nodes } = await simulate({
      seed: 11,
      validators: 7,
      durationMs: 12_000,
      strategies: { 5: strategy, 6: strategy },
    })
    expect(Math.min(...rounds.slice(0, 5))).toBeGreaterThan(15)
    const [a, b] = [nodes[0]!.dag, nodes[1]!.dag]
    const old = a.roundUnits(8)
    expect(old.filter((id) => b.has(id)).length).toBeGreaterThan(4)
  })

  it('stops in a partition without a quorum and goes on when it heals', async () => {
    const partition = {
      fromMs: 2000,
      untilMs: 8000,
      groups: [
        [0, 1],
        [2, 3],
      ],
    }
    const during = await simulate({ seed: 3, validators: 4, durationMs: 8000, network: { partitions: [partition] } })
    const after = await simulate({ seed: 3, validators: 4, durationMs: 20_000, network: { partitions: [partition] } })
    expect(Math.max(...during.rounds)).toBeLessThan(12)
    expect(Math.min(...after.rounds)).toBeGreaterThan(Math.max(...during.rounds) + 15)
  })

  it('survives a node that is down and comes back', async () => {
    const { rounds } = await simulate({
      seed: 5,
      validators: 4,
      durationMs: 15_000,
      outages: [{ node: 3, fromMs: 2000, untilMs: 6000 }],
    })
    expect(rounds[3]).toBeGreaterThan(30)
  })

  it('prints a failing seed as a small DAG in the notation', async () => {
    const failing = simulate({
      seed: 21,
      validators: 4,
      durationMs: 4000,
      strategies: { 3: equivocator(2) },
      check: equivocation,
    })
    const error = await failing.catch((e: unknown) => e)
    expect(isDagError(error, 'DAG_SIMULATION_FAILED')).toBe(true)
    const { seed, notation, units } = (error as { context: { seed: number; notation: string; units: number } }).context
    expect(seed).toBe(21)
    expect(units).toBeLessThan(12)
    const again = unitsOf(notation)
    expect(equivocation([again.genesis, ...again.units])).toMatch(/equivocates/)
  })

  it('shrinks until every unit that is left is needed', () => {
    const { genesis, units } = unitsOf('g\nA1: g\nB1: g\nA2: A1, B1\nB2: B1\nu: B1\nA3: A2')
    const small = shrinkUnits([genesis, ...units], (some) => some.some(({ header }) => header.validator?.round === 2))
    expect(small.map(({ header }) => header.validator?.round ?? 0)).toEqual([0, 1, 1, 2])
    expect(createDag({ genesis }).append(small[1]!).status).toBe('added')
  })
})
