import { describe, expect, it } from 'vitest'
import { type DownloadToOptions, downloadStream, downloadTo } from '../../src/download/download.ts'
import type { DownloadProgress } from '../../src/download/progress.ts'
import { isCdnError } from '../../src/errors.ts'
import { randomContent } from '../sim/content.ts'
import { type SimulatedLink, simulatedSource } from '../sim/simulated-source.ts'
import { VirtualClock } from '../sim/virtual-clock.ts'

const Mbit = 1e6
const MiB = 1024 * 1024

/** Downloads in virtual time, checks every byte, and says how long it took. */
async function simulate(bytes: number, links: SimulatedLink[], options: Partial<DownloadToOptions> = {}) {
  const { content, map } = await randomContent(bytes)
  const clock = new VirtualClock()
  const sources = links.map((link) => simulatedSource(clock, content, link))
  const got = new Uint8Array(bytes)
  const report: DownloadProgress = await clock.run(
    downloadTo({ content: map, sources, clock, sink: { write: (at, part) => got.set(part, at) }, ...options }),
  )
  expect(Buffer.compare(got, content)).toBe(0)
  expect(report.bytesDone).toBe(bytes)
  const sent = sources.reduce((sum, source) => sum + source.sent, 0)
  return { ms: clock.now(), report, sent, idealMs: (rates: number) => (bytes * 8000) / rates }
}
const link = (id: string, mbit: number, more: Partial<SimulatedLink> = {}): SimulatedLink => ({
  id,
  bitsPerSecond: mbit * Mbit,
  ...more,
})

describe('the sum of the sources', () => {
  it('four unequal links without delay: at least 0.98 of their sum', async () => {
    const { ms, idealMs } = await simulate(40 * MiB, [link('a', 80), link('b', 40), link('c', 20), link('d', 10)])
    expect(idealMs(150 * Mbit) / ms).toBeGreaterThan(0.98)
  })
  it('four unequal links at 40 ms: at least 0.93', async () => {
    const links = [80, 40, 20, 10].map((mbit) => link(`s${mbit}`, mbit, { latencyMs: 40 }))
    const { ms, idealMs } = await simulate(40 * MiB, links)
    expect(idealMs(150 * Mbit) / ms).toBeGreaterThan(0.93)
  })
  it('twelve sources of 10 Mbit, one lying, one silent: 0.95 of the ten honest ones, and no lie gets through', async () => {
    const links = Array.from({ length: 10 }, (_, i) => link(`s${i}`, 10, { latencyMs: 20 + 5 * i }))
    links.push(link('liar', 10, { corrupt: (bytes) => bytes.slice().fill(0) }), link('silent', 0))
    const { ms, idealMs, report } = await simulate(40 * MiB, links)
    expect(idealMs(100 * Mbit) / ms).toBeGreaterThan(0.95)
    const why = Object.fromEntries(report.sources.map((source) => [source.id, source.dropped]))
    expect(why.liar).toBe('lied')
    expect(report.sources.find((source) => source.id === 'silent')!.bytes).toBe(0)
  })
  it('twelve honest sources of 10 Mbit give more than 100 Mbit a second', async () => {
    const links = Array.from({ length: 12 }, (_, i) => link(`s${i}`, 10, { latencyMs: 30 }))
    const { ms } = await simulate(40 * MiB, links)
    expect((40 * MiB * 8) / ms / 1000).toBeGreaterThan(100)
  })
})

describe('against the fluid ideal', () => {
  const rest = [link('b', 40), link('c', 20), link('d', 20)]
  it('a source that dies in the middle costs at most 8 %', async () => {
    const { ms, idealMs } = await simulate(32 * MiB, [link('a', 40, { failsFromMs: 1000 }), ...rest])
    expect(ms).toBeLessThan((idealMs(80 * Mbit) - 1000 * (40 / 80)) * 1.08)
  })
  it('a source that falls silent in the middle costs at most 8 %', async () => {
    const silent = link('a', 0, { bitsPerSecond: (now) => (now < 1000 ? 40 * Mbit : 0) })
    const { ms, idealMs } = await simulate(32 * MiB, [silent, ...rest])
    expect(ms).toBeLessThan((idealMs(80 * Mbit) - 1000 * (40 / 80)) * 1.08)
  })
  it('a source that begins to lie in the middle costs at most 8 %', async () => {
    let sent = 0
    const corrupt = (bytes: Uint8Array) => {
      sent += bytes.length
      return sent > 5 * MiB ? bytes.map((byte) => byte ^ 1) : bytes
    }
    const { ms, idealMs, report } = await simulate(32 * MiB, [link('a', 40, { corrupt }), ...rest])
    expect(ms).toBeLessThan((idealMs(80 * Mbit) - (5 * MiB * 8000) / (80 * Mbit)) * 1.08)
    expect(report.sources[0]!.dropped).toBe('lied')
  })
  it('a source that slows tenfold costs at most 8 %', async () => {
    const slowing = link('a', 0, { bitsPerSecond: (now) => (now < 1000 ? 40 : 4) * Mbit })
    const { ms, idealMs } = await simulate(32 * MiB, [slowing, ...rest])
    expect(ms).toBeLessThan((1000 + (32 * MiB * 8000 - 120 * Mbit * 1000) / (84 * Mbit)) * 1.08)
    expect(idealMs(120 * Mbit)).toBeLessThan(ms)
  })
  it('a late joiner is used from when it comes', async () => {
    const { content, map } = await randomContent(24 * MiB)
    const clock = new VirtualClock()
    async function* sources() {
      yield simulatedSource(clock, content, link('first', 20))
      await new Promise<void>((resolve) => clock.after(2000, resolve))
      yield simulatedSource(clock, content, link('late', 60))
    }
    const report = await clock.run(downloadTo({ content: map, sources: sources(), clock, sink: { write: () => {} } }))
    const ideal = 2000 + ((24 * MiB * 8 - 40 * Mbit) / (80 * Mbit)) * 1000
    expect(report.elapsedMs).toBeLessThan(ideal * 1.05)
  })
  it('the last bytes are not sent twice without need: at most 2 % more than the object', async () => {
    const { sent } = await simulate(40 * MiB, [link('a', 80), link('b', 40), link('c', 20), link('d', 10)])
    expect(sent / (40 * MiB)).toBeLessThan(1.02)
  })
})

describe('reading in order', () => {
  async function read(links: SimulatedLink[], bytes: number, windowBytes: number, pauseMs = 0) {
    const { content, map } = await randomContent(bytes)
    const clock = new VirtualClock()
    const sources = links.map((l) => simulatedSource(clock, content, l))
    let fetched = 0
    let taken = 0
    let most = 0
    const { stream } = downloadStream({
      content: map,
      sources,
      clock,
      windowBytes,
      onLeaf: (leaf) => {
        fetched += leaf.end - leaf.start
        most = Math.max(most, fetched - taken)
      },
    })
    const run = async () => {
      const reader = stream.getReader()
      for (;;) {
        const { value, done } = await reader.read()
        if (done) return
        expect(Buffer.compare(value, content.subarray(taken, taken + value.length))).toBe(0)
        taken += value.length
        if (pauseMs) await new Promise<void>((resolve) => clock.after(pauseMs, resolve))
      }
    }
    await clock.run(run())
    expect(taken).toBe(bytes)
    return { ms: clock.now(), most }
  }
  it('keeps the rate and stays within its window', async () => {
    const links = [80, 40, 20, 10].map((mbit) => link(`s${mbit}`, mbit, { latencyMs: 20 }))
    const { ms, most } = await read(links, 32 * MiB, 8 * MiB)
    expect((32 * MiB * 8000) / (150 * Mbit) / ms).toBeGreaterThan(0.9)
    expect(most).toBeLessThanOrEqual(8 * MiB + 65_536)
  })
  it('a slow reader holds everything back: memory stays bounded', async () => {
    const { most } = await read([link('a', 800), link('b', 800)], 16 * MiB, MiB, 20)
    expect(most).toBeLessThanOrEqual(MiB + 65_536)
  })
  it('a silent source at the head does not hold up the reader for long', async () => {
    const silent = link('a', 0, { bitsPerSecond: (now) => (now < 500 ? 40 * Mbit : 0) })
    const { ms } = await read([silent, link('b', 40), link('c', 40)], 24 * MiB, 4 * MiB)
    expect(ms).toBeLessThan(((24 * MiB * 8000) / (80 * Mbit)) * 1.25)
  })
})

describe('when it cannot go on', () => {
  it('fails with CDN_NO_SOURCE when every source lies', async () => {
    const lie = { corrupt: (bytes: Uint8Array) => bytes.slice().fill(9) }
    const error = await simulate(MiB, [link('a', 10, lie), link('b', 10, lie)]).catch((e) => e)
    expect(isCdnError(error, 'CDN_NO_SOURCE')).toBe(true)
    expect(error.message).toContain('lied')
  })
  it('fails with CDN_NO_SOURCE when all are dead, and when none is given', async () => {
    const error = await simulate(MiB, [link('a', 10, { failsFromMs: 0 })]).catch((e) => e)
    expect(isCdnError(error, 'CDN_NO_SOURCE')).toBe(true)
    expect(isCdnError(await simulate(MiB, []).catch((e) => e), 'CDN_NO_SOURCE')).toBe(true)
  })
  it('a source that stays silent is dropped as stalled while others go on', async () => {
    const { report } = await simulate(30 * MiB, [link('silent', 0), link('slow', 8)])
    expect(report.sources[0]!.dropped).toBe('stalled')
  })
  it('fails with CDN_NO_SOURCE when the only source falls silent', async () => {
    const silent = link('a', 0, { bitsPerSecond: (now) => (now < 300 ? 10 * Mbit : 0) })
    expect(isCdnError(await simulate(4 * MiB, [silent]).catch((e) => e), 'CDN_NO_SOURCE')).toBe(true)
  })
  it('a source that fails once and then works is used again', async () => {
    let calls = 0
    const { content, map } = await randomContent(2 * MiB)
    const clock = new VirtualClock()
    const good = simulatedSource(clock, content, link('a', 10))
    const flaky = {
      id: 'flaky',
      read: (...args: Parameters<typeof good.read>) => {
        if (calls++ === 0) throw new Error('503')
        return good.read(...args)
      },
    }
    const report = await clock.run(downloadTo({ content: map, sources: [flaky], clock, sink: { write: () => {} } }))
    expect(report.sources[0]).toMatchObject({ failures: 1, bytes: 2 * MiB })
  })
  it('stops at once when aborted, and asks for nothing more', async () => {
    const { content, map } = await randomContent(8 * MiB)
    const clock = new VirtualClock()
    const source = simulatedSource(clock, content, link('a', 10))
    const stop = new AbortController()
    clock.after(500, () => stop.abort(new Error('enough')))
    const run = downloadTo({ content: map, sources: [source], clock, signal: stop.signal, sink: { write: () => {} } })
    await expect(clock.run(run)).rejects.toThrow('enough')
    const { sent } = source
    await new Promise((resolve) => setImmediate(resolve))
    expect(source.sent).toBe(sent)
  })
  it('stops when aborted before the first source has come, and tells who looks for sources', async () => {
    const { content, map } = await randomContent(MiB)
    const clock = new VirtualClock()
    let left = false
    const sources: AsyncIterable<ReturnType<typeof simulatedSource>> = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => {}),
        return: async () => {
          left = true
          return { done: true, value: undefined }
        },
      }),
    }
    const stop = new AbortController()
    clock.after(500, () => stop.abort(new Error('enough')))
    const run = downloadTo({ content: map, sources, clock, signal: stop.signal, sink: { write: () => {} } })
    await expect(clock.run(run)).rejects.toThrow('enough')
    expect(left).toBe(true)
    const twins = async function* () {
      yield simulatedSource(clock, content, link('a', 10))
      yield simulatedSource(clock, content, link('a', 10))
    }
    const twice = downloadTo({ content: map, sources: twins(), clock, sink: { write: () => {} } })
    expect(isCdnError(await clock.run(twice).catch((e) => e), 'CDN_INVALID_ARGUMENT')).toBe(true)
  })
  it('resumes by verifying what is there: only what is missing or damaged is fetched', async () => {
    const { content, map } = await randomContent(4 * MiB)
    const file = content.slice()
    file.fill(0, MiB, 2 * MiB)
    file[3 * MiB] = file[3 * MiB]! ^ 1
    const clock = new VirtualClock()
    const source = simulatedSource(clock, content, link('a', 100))
    await clock.run(
      downloadTo({
        content: map,
        sources: [source],
        clock,
        resume: true,
        sink: { write: (at, bytes) => file.set(bytes, at), read: async (at, n) => file.subarray(at, at + n) },
      }),
    )
    expect(Buffer.compare(file, content)).toBe(0)
    expect(source.sent).toBe(MiB + 65_536)
  })
})
