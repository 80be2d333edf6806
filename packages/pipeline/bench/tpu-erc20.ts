// ERC-20 transfers through the whole TPU, durable, executed by the library EVM. See tpu-run.ts for what is checked.
import { keccak256 } from '@zos/pipeline/hash'
import { type Plan, signEvm } from './generator.ts'
import { report } from './measure.ts'
import { TOKEN, transferCall } from './token-bank.ts'
import { runTpu } from './tpu-run.ts'

const quick = process.argv.includes('--quick')
const sign = (plans: readonly Plan[], firstNonce: bigint) =>
  signEvm(plans, firstNonce, 100_000n, (plan) => transferCall(plan.to, plan.amount), TOKEN)
const result = await runTpu({
  kind: 'erc20',
  count: quick ? 16_000 : 60_000,
  keys: quick ? 1000 : 10_000,
  sign,
  idOf: keccak256,
  hints: true,
  workers: 1,
})
console.error(`seed ${result.seed}`)
report('tpu-erc20', 'tps', result.tps, '1/s')
report('tpu-erc20', 'cpu-us-per-tx', result.cpuMicrosPerTx, 'us')
report('tpu-erc20', 'p99-ms', result.p99Ms, 'ms')
