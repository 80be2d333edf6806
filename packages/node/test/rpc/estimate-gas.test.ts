import { expect, test } from 'vitest'
import type { UnsignedCall } from '../../src/execution/evm.ts'
import { DRIFT_GAS } from '../../src/native/consensus-contract.ts'
import { estimateGas } from '../../src/rpc/estimate-gas.ts'
import { CONSENSUS, consensus, createWorld, USER, VALIDATOR, ZOS } from '../native/world.ts'

const delegation: UnsignedCall = {
  from: USER,
  to: CONSENSUS,
  gasLimit: 0n,
  value: 5n * ZOS,
  data: Buffer.from(consensus.encodeFunctionData('delegate', [VALIDATOR]).slice(2), 'hex'),
}

async function estimate(call: UnsignedCall): Promise<{ estimated: bigint; needed: bigint }> {
  const world = await createWorld()
  const run = ({ to, data, value, gasLimit }: UnsignedCall) =>
    world.sandbox(() => world.call(to, `0x${Buffer.from(data).toString('hex')}`, { value, gasLimit }))
  const { peakGas } = await run({ ...call, gasLimit: 1_000_000n })
  return { estimated: await estimateGas(call, world.state, run), needed: peakGas }
}

test('a call of the consensus contract is estimated with what rewards until its block may add', async () => {
  const { estimated, needed } = await estimate(delegation)
  expect(estimated).toBeGreaterThanOrEqual(needed + DRIFT_GAS)
  expect(estimated).toBeLessThanOrEqual((needed * 65n) / 64n + DRIFT_GAS)
})

test('a caller who names a limit is told no more than that', async () => {
  const { estimated, needed } = await estimate({ ...delegation, gasLimit: 100_000n })
  expect(needed).toBeLessThan(100_000n)
  expect(estimated).toBe(100_000n)
})
