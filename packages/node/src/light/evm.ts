/**
 * `@zos/node/light/evm`: the EVM of a light node, loaded when the first call is made. It executes on state that is proved under a verified state
 * root (`eth_getProof`, code by its hash), with the node's own rules and its native contracts; no source can change what a call returns.
 */

import { bytesToHex } from '@ethereumjs/util'
import type { BlockContext } from '../execution/block-context.ts'
import { Evm, type EvmOutcome, type UnsignedCall } from '../execution/evm.ts'
import { consensusSettings } from '../genesis/consensus-genesis.ts'
import type { Genesis } from '../genesis/genesis.ts'
import { IBC_HOST_ADDRESS } from '../ibc/addresses.ts'
import { createConsensusNative } from '../native/consensus-contract.ts'
import { createDagNative } from '../native/dag-contract.ts'
import { type NativeContract, NativeRevert } from '../native/native-contract.ts'
import { callFailed, callRefused } from '../rpc/call-failure.ts'
import { estimateGas } from '../rpc/estimate-gas.ts'
import { quantity } from '../rpc/format.ts'
import { callParam } from '../rpc/params.ts'
import { StateOverlay } from '../state/overlay.ts'
import type { LightChain } from './chain.ts'
import { LightError } from './errors.ts'
import type { LightEvm, StateProver } from './light-evm.ts'
import { ProvenState } from './proven-state.ts'

export type { BlockContext } from '../execution/block-context.ts'
export type { AccountState } from '../state/account.ts'
export type { LightEvm, LightEvmModule, ProvedState, StateProver } from './light-evm.ts'

/** Runs of one call at most: each but the last reads something that was not proved yet. */
const MAX_RUNS = 64

/**
 * Makes an EVM for the network `chain`. Its `consensus` says how the consensus contract answers, so give the whole genesis where that has one.
 * Cost: one run (up to 16,777,216 gas) for each round of proofs, mostly two.
 */
export async function createLightEvm(chain: LightChain): Promise<LightEvm> {
  let state: ProvenState | undefined
  let usedIbc = false
  const ibcHost: NativeContract = {
    address: IBC_HOST_ADDRESS,
    name: 'the IBC host',
    call() {
      usedIbc = true
      throw new NativeRevert(new Uint8Array())
    },
  }
  const natives = [createConsensusNative(consensusSettings(chain as Genesis)), createDagNative(), ibcHost]
  const create = () => Evm.create(chain.chainId, (number) => state?.blockHash(number), natives)
  let evm = await create()
  let last: Promise<unknown> = Promise.resolve()

  /** One run; runs take turns, as there is one EVM. */
  function runOnce(proven: ProvenState, block: BlockContext, call: UnsignedCall): Promise<EvmOutcome | Error> {
    const run = last.then(async () => {
      state = proven
      usedIbc = false
      const outcome = await evm.call(new StateOverlay(proven), block, call).catch((error: Error) => error)
      // What was thrown may have left the EVM's journal open.
      if (outcome instanceof Error) evm = await create()
      if (usedIbc && !proven.isIncomplete)
        throw new LightError('LIGHT_UNVERIFIABLE', 'the light node refuses a call that reaches the IBC host', {
          contract: IBC_HOST_ADDRESS,
        })
      return outcome
    })
    last = run.catch(() => {})
    return run
  }

  /** Runs `call` until all that it has read is proved. */
  async function run(proven: ProvenState, block: BlockContext, call: UnsignedCall): Promise<EvmOutcome> {
    for (let runs = 0; runs < MAX_RUNS; runs++) {
      const outcome = await runOnce(proven, block, call)
      if (!proven.isIncomplete) {
        if (outcome instanceof Error) throw callRefused(outcome)
        return outcome
      }
      await proven.prove()
    }
    throw new LightError('LIGHT_UNAVAILABLE', `the call still needs other state after ${MAX_RUNS} rounds of proofs`, {
      limit: MAX_RUNS,
    })
  }

  /** State with what the call is known, or said, to need. */
  async function begin(call: UnsignedCall, transaction: unknown, prover: StateProver): Promise<ProvenState> {
    const proven = new ProvenState(prover)
    proven.expect(call.from)
    if (call.to) proven.expect(call.to)
    for (const { address, slots } of await prover.hint(transaction)) proven.expect(address, slots)
    await proven.prove()
    return proven
  }

  return {
    async call(transaction, block, prover) {
      const call = callParam(transaction)
      const outcome = await run(await begin(call, transaction, prover), block, call)
      if (!outcome.succeeded) throw callFailed(outcome)
      return bytesToHex(outcome.returned)
    },
    async estimateGas(transaction, block, prover) {
      const call = callParam(transaction)
      const proven = await begin(call, transaction, prover)
      return quantity(await estimateGas(call, proven, (attempt) => run(proven, block, attempt)))
    },
  }
}
