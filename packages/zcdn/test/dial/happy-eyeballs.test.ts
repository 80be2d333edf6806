import { describe, expect, it } from 'vitest'
import { sleep } from '../../src/clock.ts'
import { type Address, interleave, prefixOf } from '../../src/dial/address.ts'
import { dial } from '../../src/dial/happy-eyeballs.ts'
import { PathMemory } from '../../src/dial/path-memory.ts'
import { isCdnError } from '../../src/errors.ts'
import { VirtualClock } from '../sim/virtual-clock.ts'

interface World {
  /** Milliseconds until each family's DNS answer, and the answer. */
  dns: { [family in 4 | 6]: { ms: number; ips: string[] } }
  /** Milliseconds to connect; negative: refused after that long; Infinity: silence. */
  connectMs: Record<string, number>
}

function world({ dns, connectMs }: World, clock = new VirtualClock(), memory?: PathMemory) {
  const events: string[] = []
  const open = new Set<string>()
  const run = () =>
    dial<string>({
      host: 'node',
      clock,
      ...(memory ? { memory } : {}),
      resolve: async (_, family) => {
        await sleep(clock, dns[family].ms)
        return dns[family].ips
      },
      connect: async ({ ip }: Address, { signal }) => {
        events.push(`${clock.now()} ${ip}`)
        open.add(ip)
        try {
          const ms = connectMs[ip]!
          if (ms === Number.POSITIVE_INFINITY)
            await new Promise((_, lost) => signal.addEventListener('abort', () => lost(signal.reason)))
          await sleep(clock, Math.abs(ms), signal)
          if (ms < 0) throw new Error('refused')
          return ip
        } finally {
          open.delete(ip)
        }
      },
      close: () => {},
    })
  return { clock, events, open, run: () => clock.run(run()) }
}
const silent = Number.POSITIVE_INFINITY

describe('RFC 8305', () => {
  it('prefers IPv6 when both work', async () => {
    const { run, clock, events } = world({
      dns: { 6: { ms: 10, ips: ['fd00::1'] }, 4: { ms: 5, ips: ['10.0.0.1'] } },
      connectMs: { 'fd00::1': 30, '10.0.0.1': 20 },
    })
    expect((await run()).address.family).toBe(6)
    expect(events).toEqual(['10 fd00::1'])
    expect(clock.now()).toBe(40)
  })
  it('waits 50 ms for AAAA when A is there, then goes on without', async () => {
    const { run, events } = world({
      dns: { 6: { ms: 5000, ips: ['fd00::1'] }, 4: { ms: 5, ips: ['10.0.0.1'] } },
      connectMs: { 'fd00::1': 1, '10.0.0.1': 20 },
    })
    expect((await run()).address.family).toBe(4)
    expect(events).toEqual(['55 10.0.0.1'])
  })
  it('a broken IPv6 costs exactly the attempt delay', async () => {
    const { run, clock, open } = world({
      dns: { 6: { ms: 0, ips: ['fd00::1'] }, 4: { ms: 0, ips: ['10.0.0.1'] } },
      connectMs: { 'fd00::1': silent, '10.0.0.1': 20 },
    })
    expect((await run()).address.family).toBe(4)
    expect(clock.now()).toBe(270)
    await new Promise((resolve) => setImmediate(resolve))
    expect(open.size).toBe(0)
  })
  it('a refused IPv6 costs nothing but the refusal', async () => {
    const { run, clock } = world({
      dns: { 6: { ms: 0, ips: ['fd00::1'] }, 4: { ms: 0, ips: ['10.0.0.1'] } },
      connectMs: { 'fd00::1': -15, '10.0.0.1': 20 },
    })
    await run()
    expect(clock.now()).toBe(35)
  })
  it('a broken IPv4 costs nothing', async () => {
    const { run, clock } = world({
      dns: { 6: { ms: 0, ips: ['fd00::1'] }, 4: { ms: silent, ips: [] } },
      connectMs: { 'fd00::1': 20 },
    })
    await run()
    expect(clock.now()).toBe(20)
  })
  it('alternates the families, one attempt every 250 ms, all at once', async () => {
    const ips = { 6: ['fd00::1', 'fd00::2', 'fd00::3'], 4: ['10.0.0.1', '10.0.0.2'] }
    const { run, events } = world({
      dns: { 6: { ms: 0, ips: ips[6] }, 4: { ms: 0, ips: ips[4] } },
      connectMs: { 'fd00::1': silent, 'fd00::2': silent, 'fd00::3': 10, '10.0.0.1': silent, '10.0.0.2': silent },
    })
    expect((await run()).attempts).toBe(5)
    expect(events).toEqual(['0 fd00::1', '250 10.0.0.1', '500 fd00::2', '750 10.0.0.2', '1000 fd00::3'])
  })
  it('a slow first attempt may still win after later ones began', async () => {
    const { run, clock } = world({
      dns: { 6: { ms: 0, ips: ['fd00::1'] }, 4: { ms: 0, ips: ['10.0.0.1'] } },
      connectMs: { 'fd00::1': 300, '10.0.0.1': 400 },
    })
    expect((await run()).address.ip).toBe('fd00::1')
    expect(clock.now()).toBe(300)
  })
  it('never loses more than the attempt delay against the better family', async () => {
    for (const v6 of [5, 100, 240, 260, 900, silent, -5]) {
      for (const v4 of [5, 100, 900, silent, -5]) {
        const times = [v6, v4].filter((ms) => ms >= 0 && ms < silent)
        const { run, clock } = world({
          dns: { 6: { ms: 0, ips: ['fd00::1'] }, 4: { ms: 0, ips: ['10.0.0.1'] } },
          connectMs: { 'fd00::1': v6, '10.0.0.1': v4 },
        })
        if (times.length === 0) continue
        await run()
        expect(clock.now(), `v6 ${v6} v4 ${v4}`).toBeLessThanOrEqual(Math.min(...times) + 250)
      }
    }
  })
  it('a connection that comes after the winner is closed', async () => {
    const clock = new VirtualClock()
    const closed: string[] = []
    const run = dial<string>({
      host: 'node',
      clock,
      resolve: async (_, family) => (family === 6 ? ['fd00::1'] : ['10.0.0.1']),
      // This connector does not stop when it is told to.
      connect: async ({ ip }) => {
        await sleep(clock, ip === 'fd00::1' ? 400 : 20)
        return ip
      },
      close: (connection) => closed.push(connection),
    })
    expect((await clock.run(run)).connection).toBe('10.0.0.1')
    await clock.run(sleep(clock, 1000))
    expect(closed).toEqual(['fd00::1'])
  })
  it('fails with CDN_DIAL_FAILED and every reason when nothing connects', async () => {
    const { run } = world({
      dns: { 6: { ms: 0, ips: ['fd00::1'] }, 4: { ms: 9, ips: [] } },
      connectMs: { 'fd00::1': -1 },
    })
    const error = await run().catch((e) => e)
    expect(isCdnError(error, 'CDN_DIAL_FAILED')).toBe(true)
    expect(error.message).toContain('fd00::1: refused')
    const none = await world({ dns: { 6: { ms: 0, ips: [] }, 4: { ms: 9, ips: [] } }, connectMs: {} })
      .run()
      .catch((e) => e)
    expect(isCdnError(none, 'CDN_DIAL_FAILED')).toBe(true)
  })
  it('remembers a broken prefix: the second dial does not wait', async () => {
    const clock = new VirtualClock()
    const memory = new PathMemory(clock)
    const facts: World = {
      dns: { 6: { ms: 0, ips: ['fd00::1'] }, 4: { ms: 0, ips: ['10.0.0.1'] } },
      connectMs: { 'fd00::1': silent, '10.0.0.1': 20 },
    }
    await world(facts, clock, memory).run()
    const before = clock.now()
    await world(facts, clock, memory).run()
    expect(clock.now() - before).toBeLessThanOrEqual(70)
    clock.after(11 * 60_000, () => {})
    await clock.run(sleep(clock, 11 * 60_000), 1e9)
    expect(memory.isDoubtful({ ip: 'fd00::1', family: 6 })).toBe(false)
  })
})

describe('addresses', () => {
  it('interleave keeps the order within a family', () => {
    const six = (ip: string): Address => ({ ip, family: 6 })
    const four = (ip: string): Address => ({ ip, family: 4 })
    expect(interleave([four('a'), four('b'), six('c')]).map(({ ip }) => ip)).toEqual(['c', 'a', 'b'])
    expect(interleave([six('c'), four('a')], 4).map(({ ip }) => ip)).toEqual(['a', 'c'])
  })
  it('prefixes are /24 and /48', () => {
    expect(prefixOf({ ip: '10.1.2.3', family: 4 })).toBe('10.1.2')
    expect(prefixOf({ ip: '2001:0db8:1:2::5', family: 6 })).toBe('2001:db8:1')
    expect(prefixOf({ ip: '::1', family: 6 })).toBe('0:0:0')
    expect(prefixOf({ ip: 'fd00::1', family: 6 })).toBe('fd00:0:0')
  })
})
