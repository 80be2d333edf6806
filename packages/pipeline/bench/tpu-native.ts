// Native transfers through the whole TPU, durable. See tpu-run.ts for what is checked.
import { nativeTransferId } from '@zos/pipeline/native'
import { signNative } from './generator.ts'
import { report } from './measure.ts'
import { litesvm as runLitesvm } from './peers/litesvm.ts'
import { runTpu } from './tpu-run.ts'

const quick = process.argv.includes('--quick')
const litesvm = await runLitesvm(quick ? 10_000 : 50_000)
const result = await runTpu({
  kind: 'native',
  count: quick ? 100_000 : 600_000,
  keys: quick ? 10_000 : 100_000,
  sign: signNative,
  idOf: nativeTransferId,
  hints: false,
  workers: 2,
})
console.error(`seed ${result.seed}`)
report('tpu-native', 'tps', result.tps, '1/s', 'litesvm (in process, nothing durable)', litesvm?.tps)
report('tpu-native', 'p99-ms', result.p99Ms, 'ms')
report('tpu-native', 'p50-ms', result.p50Ms, 'ms')
report('tpu-native', 'cpu-us-per-tx', result.cpuMicrosPerTx, 'us', 'litesvm', litesvm?.cpuMicrosPerTx)
report('tpu-native', 'replay-tps', result.replayTps, '1/s')
report('tpu-native', 'rss', result.rssMb, 'MiB')
