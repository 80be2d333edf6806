/** The node's RPC over an imported chain: its own router and methods, chain, state, EVM, pool and intake, without a network. */
import { verifyHere } from '@zos/pipeline/tpu'
import { createVerifier } from '@zos/pipeline/verify'
import { nextBaseFee } from '../../src/execution/header.ts'
import { BEACON_ROOTS_ADDRESS, HISTORY_ADDRESS } from '../../src/execution/system-contracts.ts'
import { TransactionIntake } from '../../src/mempool/intake.ts'
import { Mempool } from '../../src/mempool/mempool.ts'
import { createCallRunner, type RpcContext } from '../../src/rpc/context.ts'
import type { ForkSchedule } from '../../src/rpc/fork-schedule.ts'
import { createRpcRouter, type RpcRouter } from '../../src/rpc/router.ts'
import type { AddressHex } from '../../src/state/account.ts'
import type { ImportedChain } from './import-chain.ts'

export async function importedNode({ chain, state, common, genesis }: ImportedChain): Promise<RpcRouter> {
  const { chainId } = genesis.config
  const forks = forkSchedule(genesis)
  const mempool = new Mempool(() => ({
    account: state.latest().account,
    nextBaseFee: nextBaseFee(chain.head!.header),
    blockGasLimit: chain.head!.header.gasLimit,
  }))
  const context = {
    genesis: { chainId },
    forks,
    chain,
    state,
    mempool,
    intake: new TransactionIntake({ chainId, verify: verifyHere(await createVerifier()), mempool, accepted: () => {} }),
    call: await createCallRunner(chainId, (number) => chain.block(number)?.hash, [], common),
  }
  // What a method did not mean is an `internal error` to the client, and so to the comparison.
  return createRpcRouter(context as unknown as RpcContext, () => {})
}

/** The forks of a genesis file of go-ethereum; all of them lie behind the imported head. */
function forkSchedule({ config }: ImportedChain['genesis']): ForkSchedule {
  const points = Object.entries(config).flatMap(([name, point]) =>
    /(Block|Time)$/.test(name) ? [{ isTime: name.endsWith('Time'), point: Number(point), name }] : [],
  )
  const sorted = (isTime: boolean) =>
    points.filter((one) => one.isTime === isTime && one.point > 0).sort((a, b) => a.point - b.point)
  const times = sorted(true)
  const last = times.at(-1)!
  return {
    activations: [...new Set([...sorted(false), ...times].map(({ point }) => point))],
    activationTime: last.point,
    blobSchedule: (config.blobSchedule as Record<string, ForkSchedule['blobSchedule']>)[last.name.replace('Time', '')]!,
    systemContracts: {
      BEACON_ROOTS_ADDRESS,
      CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS: '0x0000bbddc7ce488642fb579f8b00f3a590007251', // EIP-7251
      DEPOSIT_CONTRACT_ADDRESS: config.depositContractAddress as AddressHex, // EIP-6110
      HISTORY_STORAGE_ADDRESS: HISTORY_ADDRESS,
      WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS: '0x00000961ef480eb55e80d19ad83579a64c007002', // EIP-7002
    },
  }
}
