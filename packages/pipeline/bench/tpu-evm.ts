// Ethereum-signed plain transfers through the whole TPU, durable: with the sender named by the submitter (batch equation), and
// without (recovery). See tpu-run.ts for what is checked.
import { keccak256 } from '@zos/pipeline/hash'
import { type Plan, signEvm } from './generator.ts'
import { report } from './measure.ts'
import { anvil as runAnvil } from './peers/anvil.ts'
import { hardhat as runHardhat } from './peers/hardhat.ts'
import { runTpu } from './tpu-run.ts'

const quick = process.argv.includes('--quick')
const sign = (plans: readonly Plan[], firstNonce: bigint) => signEvm(plans, firstNonce, 21_000n)
const anvil = await runAnvil('transfers', quick ? 3000 : 20_000)
const hardhat = await runHardhat('transfers', quick ? 2000 : 10_000)
for (const hints of [true, false]) {
  const result = await runTpu({
    kind: 'evm',
    count: quick ? 30_000 : 400_000,
    keys: quick ? 2000 : 50_000,
    sign,
    idOf: keccak256,
    hints,
    workers: 2,
  })
  const suffix = hints ? '' : '-unknown-senders'
  console.error(`seed ${result.seed}`)
  report('tpu-evm', `tps${suffix}`, result.tps, '1/s', 'anvil (JSON-RPC)', anvil?.tps)
  report('tpu-evm', `tps${suffix}-hardhat`, result.tps, '1/s', 'hardhat node (JSON-RPC)', hardhat?.tps)
  report('tpu-evm', `cpu-us-per-tx${suffix}`, result.cpuMicrosPerTx, 'us', 'anvil (JSON-RPC)', anvil?.cpuMicrosPerTx)
  report('tpu-evm', `p99-ms${suffix}`, result.p99Ms, 'ms')
}
