// Ethereum-signed plain transfers through the whole TPU, durable: with the sender named by the submitter (batch equation), and
// without (recovery). See tpu-run.ts for what is checked.
import { keccak256 } from '@zos/pipeline/hash'
import { type Plan, signEvm } from './generator.ts'
import { report } from './measure.ts'
import { runTpu } from './tpu-run.ts'

const quick = process.argv.includes('--quick')
const sign = (plans: readonly Plan[], firstNonce: bigint) => signEvm(plans, firstNonce, 21_000n)
for (const hints of [true, false]) {
  const result = await runTpu({
    kind: 'evm',
    count: quick ? 50_000 : 400_000,
    keys: quick ? 5000 : 50_000,
    sign,
    idOf: keccak256,
    hints,
    workers: 1,
  })
  const suffix = hints ? '' : '-unknown-senders'
  console.error(`seed ${result.seed}`)
  report('tpu-evm', `tps${suffix}`, result.tps, '1/s')
  report('tpu-evm', `cpu-us-per-tx${suffix}`, result.cpuMicrosPerTx, 'us')
  report('tpu-evm', `p99-ms${suffix}`, result.p99Ms, 'ms')
}
