/** The EVMs of a node, with the contracts that the node itself executes. */
import type { Verifier } from '@zos/pipeline/verify'
import type { Chain } from '../chain/chain.ts'
import type { Ibc } from '../ibc/ibc.ts'
import { type ConsensusSettings, createConsensusNative } from '../native/consensus-contract.ts'
import { createDagNative } from '../native/dag-contract.ts'
import { fastPrecompiles } from '../precompiles/fast-precompiles.ts'
import { type CallRunner, createCallRunner } from '../rpc/context.ts'
import type { WorldState } from '../state/world-state.ts'
import { Evm } from './evm.ts'
import { ancestorHash } from './system-contracts.ts'

export interface Machines {
  /** Executes blocks. */
  readonly evm: Evm
  /** Executes the calls of JSON-RPC. */
  readonly call: CallRunner
}

export async function createMachines(options: {
  readonly chainId: number
  readonly chain: Chain
  readonly state: WorldState
  readonly settings: ConsensusSettings
  readonly verifier: Verifier
  readonly ibc: Ibc | undefined
}): Promise<Machines> {
  const { chainId, chain, state, settings, verifier, ibc } = options
  // To add a contract of the node: make it here, and give it its code in the genesis.
  const natives = [createConsensusNative(settings), createDagNative()]
  const precompiles = fastPrecompiles(verifier)
  const blockHash = (number: number) => chain.block(number)?.hash ?? ancestorHash(state.latest(), number)
  const forBlocks = ibc ? [...natives, ibc.machine.native] : natives
  const forCalls = ibc ? [...natives, ibc.callMachine.native] : natives
  return {
    evm: await Evm.create(chainId, blockHash, forBlocks, undefined, undefined, precompiles),
    call: await createCallRunner(chainId, blockHash, forCalls, undefined, {}, precompiles),
  }
}
