import fc from 'fast-check'
import { expect, it } from 'vitest'
import { isCdnError } from '../../src/errors.ts'
import { downloadSegments } from '../../src/shards/download-segments.ts'
import { codedContent, simulatedHolder } from '../sim/coded-content.ts'
import { VirtualClock } from '../sim/virtual-clock.ts'

const KiB = 1024
const K = 3
const N = 6
const coded = codedContent({ bytes: 700 * KiB + 13, segmentBytes: 200 * KiB, dataShards: K, totalShards: N })

const holder = fc.record({
  kbit: fc.integer({ min: 200, max: 40_000 }),
  latencyMs: fc.integer({ min: 0, max: 200 }),
  parallel: fc.integer({ min: 1, max: 4 }),
  wholeOnly: fc.boolean(),
})
/** What is wrong with up to n − k of the holders. */
const fault = fc.oneof(
  fc.constant({ kind: 'lies' as const }),
  fc.record({ kind: fc.constant('lies sometimes' as const), every: fc.integer({ min: 2, max: 9 }) }),
  fc.record({ kind: fc.constant('dies' as const), atMs: fc.integer({ min: 0, max: 600 }) }),
  fc.record({ kind: fc.constant('falls silent' as const), atMs: fc.integer({ min: 0, max: 600 }) }),
  fc.constant({ kind: 'has nothing' as const }),
)
type Fault = typeof fault extends fc.Arbitrary<infer T> ? T : never

async function read(
  holders: (typeof holder extends fc.Arbitrary<infer T> ? T : never)[],
  faults: Fault[],
  windowBytes: number,
) {
  const clock = new VirtualClock()
  const sources = holders.map(({ kbit, latencyMs, parallel, wholeOnly }, slot) => {
    const wrong = faults[slot]
    let sent = 0
    const isWrong = () => wrong?.kind === 'lies' || (wrong?.kind === 'lies sometimes' && ++sent % wrong.every === 0)
    return simulatedHolder(
      clock,
      coded,
      {
        id: `s${slot}`,
        bitsPerSecond: (now) => (wrong?.kind === 'falls silent' && now >= wrong.atMs ? 0 : kbit * 1000),
        latencyMs,
        parallel,
        corrupt: (bytes) => (isWrong() ? bytes.map((byte) => byte ^ 4) : bytes),
        ...(wrong?.kind === 'dies' ? { failsFromMs: wrong.atMs } : {}),
      },
      { slot, wholeOnly, ...(wrong?.kind === 'has nothing' ? { has: () => false } : {}) },
    )
  })
  const run = async () => {
    let at = 0
    for await (const data of downloadSegments({ plan: coded.plan, sources, clock, windowBytes })) {
      expect(Buffer.compare(data, coded.content.subarray(at, at + data.length))).toBe(0)
      at += data.length
    }
    return at
  }
  return clock.run(run(), 3_600_000)
}

it('whatever n − k of the holders do, the bytes come, and are right', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(holder, { minLength: N, maxLength: N }),
      fc.array(fault, { maxLength: N - K }),
      fc.constantFrom(1, 300 * KiB, 1e9),
      async (holders, faults, windowBytes) => {
        expect(await read(holders, faults, windowBytes)).toBe(coded.content.length)
      },
    ),
    { numRuns: 60 },
  )
})

it('when more of them fail, no wrong byte comes, and it ends', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(holder, { minLength: N, maxLength: N }),
      fc.array(fault, { minLength: N - K + 1, maxLength: N }),
      async (holders, faults) => {
        const error = await read(holders, faults, 1e9).catch((e: unknown) => e)
        if (error !== coded.content.length && !isCdnError(error, 'CDN_NO_SOURCE')) throw error
      },
    ),
    { numRuns: 60 },
  )
})
