// ERC-20 transfers through the whole TPU, durable, executed by the library EVM. See tpu-run.ts for what is checked.
import { keccak256 } from '@zos/pipeline/hash'
import { type Plan, signEvm } from './generator.ts'
import { report } from './measure.ts'
import { anvil as runAnvil } from './peers/anvil.ts'
import { hardhat as runHardhat } from './peers/hardhat.ts'
import { TOKEN, transferCall } from './token-bank.ts'
import { runTpu } from './tpu-run.ts'

const quick = process.argv.includes('--quick')
const sign = (plans: readonly Plan[], firstNonce: bigint) =>
  signEvm(plans, firstNonce, 100_000n, (plan) => transferCall(plan.to, plan.amount), TOKEN)
const anvil = await runAnvil('erc20', quick ? 3000 : 20_000)
const hardhat = await runHardhat('erc20', quick ? 2000 : 10_000)
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
report('tpu-erc20', 'tps', result.tps, '1/s', 'anvil (JSON-RPC)', anvil?.tps)
report('tpu-erc20', 'tps-hardhat', result.tps, '1/s', 'hardhat node (JSON-RPC)', hardhat?.tps)
report('tpu-erc20', 'cpu-us-per-tx', result.cpuMicrosPerTx, 'us', 'anvil (JSON-RPC)', anvil?.cpuMicrosPerTx)
report('tpu-erc20', 'p99-ms', result.p99Ms, 'ms')
