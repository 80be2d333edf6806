import { describe, expect, it } from 'vitest'
import { downloadTo } from '../../src/download/download.ts'
import type { DownloadProgress } from '../../src/download/progress.ts'
import { isCdnError } from '../../src/errors.ts'
import { type DownloadSegmentsOptions, downloadSegments } from '../../src/shards/download-segments.ts'
import type { ShardSource } from '../../src/shards/segment-plan.ts'
import { type CodedContent, codedContent, simulatedHolder } from '../sim/coded-content.ts'
import { randomContent } from '../sim/content.ts'
import { type SimulatedLink, simulatedSource } from '../sim/simulated-source.ts'
import { VirtualClock } from '../sim/virtual-clock.ts'

const Mbit = 1e6
const MiB = 1024 * 1024
const link = (id: string, mbit: number, more: Partial<SimulatedLink> = {}): SimulatedLink => ({
  id,
  bitsPerSecond: mbit * Mbit,
  ...more,
})
const coded = codedContent({ bytes: 40 * MiB - 12_345, segmentBytes: 4 * MiB, dataShards: 10, totalShards: 16 })

/** Reads all segments in virtual time and checks every byte. */
async function read(
  from: CodedContent,
  makeSources: (clock: VirtualClock) => (ShardSource & { sent: number })[],
  options: Partial<DownloadSegmentsOptions> = {},
) {
  const clock = new VirtualClock()
  const sources = makeSources(clock)
  const run = async (): Promise<DownloadProgress> => {
    const segments = downloadSegments({ plan: from.plan, sources, clock, ...options })
    let at = 0
    for (;;) {
      const { value, done } = await segments.next()
      if (done) {
        expect(at).toBe(from.content.length)
        return value
      }
      expect(Buffer.compare(value, from.content.subarray(at, at + value.length))).toBe(0)
      at += value.length
    }
  }
  const report = await clock.run(run())
  return { ms: clock.now(), report, sent: sources.reduce((sum, source) => sum + source.sent, 0) }
}
/** One holder a slot, the last of them slow. */
const withStraggler = (latencyMs: number) =>
  Array.from({ length: 16 }, (_, slot) => ({
    slot,
    link: link(`s${slot}`, slot === 3 ? 0.1 : 10, { latencyMs }),
  }))

describe('any k of n shards, one source at a hundredth of the others’ rate', () => {
  for (const latencyMs of [0, 40]) {
    it(`takes no longer than range stealing from copies, and sends at most 1 % twice, at ${latencyMs} ms`, async () => {
      const holders = withStraggler(latencyMs)
      const shards = await read(
        coded,
        (clock) => holders.map(({ link: l, ...o }) => simulatedHolder(clock, coded, l, o)),
        { windowBytes: Number.POSITIVE_INFINITY },
      )
      const { content, map } = await randomContent(coded.content.length)
      const clock = new VirtualClock()
      const copies = holders.map(({ link: l }) => simulatedSource(clock, content, l))
      await clock.run(downloadTo({ content: map, sources: copies, clock, sink: { write: () => {} } }))
      const needed = coded.plan.segments.reduce((sum, { shardBytes }) => sum + 10 * shardBytes, 0)
      expect(shards.ms / clock.now()).toBeLessThanOrEqual(1)
      expect(shards.sent / needed).toBeLessThan(1.01)
    })
  }
})

const small = codedContent({ bytes: 6 * MiB + 777, segmentBytes: MiB, dataShards: 4, totalShards: 7, seed: 2 })
const holders = (
  clock: VirtualClock,
  about: (slot: number) => Partial<SimulatedLink>,
  more: (slot: number) => Partial<Parameters<typeof simulatedHolder>[3]> = () => ({}),
) =>
  Array.from({ length: 7 }, (_, slot) =>
    simulatedHolder(clock, small, link(`s${slot}`, 10, { latencyMs: 10, ...about(slot) }), { slot, ...more(slot) }),
  )

describe('the rate', () => {
  it('in order, through a window: a straggler does not hold up the head', async () => {
    const straggler = (clock: VirtualClock) =>
      withStraggler(20).map(({ link: l, ...o }) => simulatedHolder(clock, coded, l, o))
    const { ms } = await read(coded, straggler)
    expect((coded.content.length * 8000) / (150 * Mbit) / ms).toBeGreaterThan(0.93)
  })
  it('a source that slows tenfold in the middle costs at most 8 % over the fluid ideal', async () => {
    const { ms } = await read(
      coded,
      (clock) =>
        withStraggler(20).map(({ slot }) =>
          simulatedHolder(
            clock,
            coded,
            link(`s${slot}`, 10, {
              latencyMs: 20,
              ...(slot === 5 ? { bitsPerSecond: (now: number) => (now < 900 ? 10 : 1) * Mbit } : {}),
            }),
            { slot },
          ),
        ),
      { windowBytes: Number.POSITIVE_INFINITY },
    )
    expect(ms).toBeLessThan((900 + (coded.content.length * 8000 - 160 * Mbit * 900) / (151 * Mbit)) * 1.08)
  })
  it('sources that only give whole shards: a straggler costs at most two shards’ time', async () => {
    const { ms, sent } = await read(small, (clock) =>
      holders(
        clock,
        (slot) => (slot === 2 ? { bitsPerSecond: 0.1 * Mbit } : {}),
        () => ({ wholeOnly: true }),
      ),
    )
    const { shardBytes } = small.plan.segments[0]!
    expect(ms).toBeLessThan((small.content.length * 8000) / (60 * Mbit) + 2 * ((shardBytes * 8000) / ((10 * Mbit) / 3)))
    expect(sent / small.content.length).toBeLessThan(1.35)
  })
})

describe('verification', () => {
  const flip = (bytes: Uint8Array) => bytes.map((byte) => byte ^ 1)
  it('drops who lies, and only it', async () => {
    const { report } = await read(small, (clock) => holders(clock, (slot) => (slot === 1 ? { corrupt: flip } : {})))
    expect(report.sources.filter((source) => source.dropped).map(({ id, dropped }) => [id, dropped])).toEqual([
      ['s1', 'lied'],
    ])
  })
  it('a lie in a part that is put together with parts of others gets no further, and its author is found', async () => {
    // The liar is so slow that others finish its shards: nothing that it sends is ever whole, until it is asked for a whole one.
    const { report } = await read(small, (clock) =>
      holders(clock, (slot) => (slot === 1 ? { corrupt: flip, bitsPerSecond: 0.6 * Mbit } : {})),
    )
    const liar = report.sources.find(({ id }) => id === 's1')!
    expect(report.sources.filter((source) => source.dropped && source !== liar)).toEqual([])
    expect(liar.bytes).toBe(0)
  })
  it('as many liars as there are spare shards', async () => {
    const { report } = await read(small, (clock) => holders(clock, (slot) => (slot < 3 ? { corrupt: flip } : {})))
    expect(report.sources.filter(({ dropped }) => dropped === 'lied').map(({ id }) => id)).toEqual(['s0', 's1', 's2'])
  })
})

describe('when shards are not where they should be', () => {
  it('n − k sources are dead', async () => {
    await read(small, (clock) => holders(clock, (slot) => (slot % 2 === 1 ? { failsFromMs: 0 } : {})))
  })
  it('one more dies in the middle: CDN_NO_SOURCE', async () => {
    const dying = (clock: VirtualClock) =>
      holders(clock, (slot) => (slot % 2 === 1 ? { failsFromMs: 0 } : slot === 0 ? { failsFromMs: 400 } : {}))
    const error = await read(small, dying).catch((e) => e)
    expect(isCdnError(error, 'CDN_NO_SOURCE')).toBe(true)
    expect(error.message).toContain('s0: failed')
  })
  it('a shard that a repair has moved is found by asking around', async () => {
    // The shards of slots 0 to 3 lie with the holders of slots 3 to 6, beside their own; holders 0 to 2 have nothing.
    const moved = (slot: number) => ({
      has: (_: number, wanted: number) => slot >= 3 && (wanted === slot || wanted === slot - 3),
    })
    const few = (clock: VirtualClock) => holders(clock, () => ({}), moved)
    await read(small, (clock) => few(clock).slice(0, 6))
  })
  it('sources that have any shard are asked for any', async () => {
    const all = (clock: VirtualClock) =>
      holders(
        clock,
        () => ({}),
        () => ({ has: () => true }),
      )
        .slice(0, 3)
        .map(({ slots: _, ...source }) => ({ ...source, sent: 0 }))
    await read(small, all)
  })
  it('nobody: CDN_NO_SOURCE', async () => {
    expect(isCdnError(await read(small, () => []).catch((e) => e), 'CDN_NO_SOURCE')).toBe(true)
  })
})

describe('reading', () => {
  it('a range of segments', async () => {
    const clock = new VirtualClock()
    const got: Uint8Array[] = []
    const run = async () => {
      const sources = holders(clock, () => ({}))
      for await (const data of downloadSegments({ plan: small.plan, sources, clock, first: 2, end: 4 })) got.push(data)
    }
    await clock.run(run())
    expect(Buffer.concat(got).equals(small.content.subarray(2 * MiB, 4 * MiB))).toBe(true)
  })
  it('a slow reader holds everything back', async () => {
    const clock = new VirtualClock()
    const sources = holders(clock, () => ({}))
    const run = async () => {
      let read = 0
      for await (const data of downloadSegments({ plan: small.plan, sources, clock, windowBytes: 2 * MiB })) {
        read += data.length
        await new Promise<void>((resolve) => clock.after(3000, resolve))
        const sent = sources.reduce((sum, source) => sum + source.sent, 0)
        // The window begins with the segment that the reader has now.
        expect(sent).toBeLessThan(read + 2.1 * MiB)
      }
    }
    await clock.run(run())
  })
  it('leaving the loop, and the signal, stop all requests', async () => {
    for (const how of ['break', 'abort'] as const) {
      const clock = new VirtualClock()
      const sources = holders(clock, () => ({}))
      const stop = new AbortController()
      const run = async () => {
        for await (const _ of downloadSegments({ plan: small.plan, sources, clock, signal: stop.signal })) {
          if (how === 'break') break
          stop.abort(new Error('enough'))
        }
      }
      if (how === 'break') await clock.run(run())
      else await expect(clock.run(run())).rejects.toThrow('enough')
      const sent = () => sources.reduce((sum, source) => sum + source.sent, 0)
      const before = sent()
      await clock.run(new Promise<void>((resolve) => clock.after(5000, resolve)))
      expect(sent()).toBe(before)
      expect(before).toBeLessThan(small.content.length)
    }
  })
  it('refuses a plan that cannot be', async () => {
    const { plan } = small
    for (const wrong of [{ dataShards: 8 }, { dataShards: 0 }, { alignBytes: 0 }]) {
      const error = await downloadSegments({ plan: { ...plan, ...wrong }, sources: [] })
        .next()
        .catch((e) => e)
      expect(isCdnError(error, 'CDN_INVALID_ARGUMENT')).toBe(true)
    }
  })
})
