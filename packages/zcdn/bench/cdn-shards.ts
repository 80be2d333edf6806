// Any k of n erasure-coded shards from as many sources, one of them a hundred times slower, beside range stealing from whole copies. Virtual time:
// the links are fluid and the arithmetic costs nothing; how fast shards are decoded is rain storage's bench.
import { downloadSegments, downloadTo } from '@zos/zcdn'
import { printMetric } from '../../../scripts/metric.ts'
import { codedContent, simulatedHolder } from '../test/sim/coded-content.ts'
import { randomContent } from '../test/sim/content.ts'
import { type SimulatedLink, simulatedSource } from '../test/sim/simulated-source.ts'
import { VirtualClock } from '../test/sim/virtual-clock.ts'

const MiB = 1024 * 1024
const K = 10
const N = 16
const MBIT = 10
const STRAGGLER_MBIT = MBIT / 100
const coded = codedContent({ bytes: 40 * MiB, segmentBytes: 4 * MiB, dataShards: K, totalShards: N })
const needed = coded.plan.segments.reduce((sum, { shardBytes }) => sum + K * shardBytes, 0)
const print = (metric: string, value: number, unit: string, peer?: string, peerValue?: number) =>
  printMetric({ bench: 'cdn-shards', metric, value, unit, peer, peerValue })

for (const latencyMs of [0, 40]) {
  const links = Array.from(
    { length: N },
    (_, slot): SimulatedLink => ({
      id: `s${slot}`,
      bitsPerSecond: (slot === 3 ? STRAGGLER_MBIT : MBIT) * 1e6,
      latencyMs,
    }),
  )
  const clock = new VirtualClock()
  const holders = links.map((link, slot) => simulatedHolder(clock, coded, link, { slot }))
  await clock.run(
    (async () => {
      let at = 0
      const { plan } = coded
      for await (const data of downloadSegments({ plan, sources: holders, clock, windowBytes: needed })) {
        if (Buffer.compare(data, coded.content.subarray(at, at + data.length)) !== 0) throw new Error('wrong bytes')
        at += data.length
      }
    })(),
  )
  const sent = holders.reduce((sum, holder) => sum + holder.sent, 0)

  const { content, map } = await randomContent(coded.content.length)
  const peerClock = new VirtualClock()
  const copies = links.map((link) => simulatedSource(peerClock, content, link))
  await peerClock.run(downloadTo({ content: map, sources: copies, clock: peerClock, sink: { write: () => {} } }))

  const ideal = (needed * 8000) / (((N - 1) * MBIT + STRAGGLER_MBIT) * 1e6)
  print(`rtt${latencyMs}`, clock.now(), 'ms', 'range stealing from copies', peerClock.now())
  print(`rtt${latencyMs}-vs-fluid`, clock.now() / ideal, 'of the fluid ideal')
  print(`rtt${latencyMs}-twice`, sent / needed - 1, 'of the object sent twice')
}
