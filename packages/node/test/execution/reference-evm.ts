/** @ethereumjs/evm as it comes, over the same state, with a transaction and a block made for every call: what the node's own way of running is compared with. */
import { createBlock } from '@ethereumjs/block'
import { createCustomCommon, Hardfork, Mainnet } from '@ethereumjs/common'
import { createEVM } from '@ethereumjs/evm'
import { createTx } from '@ethereumjs/tx'
import { Address, bigIntMax, bytesToHex, hexToBytes } from '@ethereumjs/util'
import { createVM, runTx } from '@ethereumjs/vm'
import type { BlockContext } from '../../src/execution/block-context.ts'
import { EthereumState } from '../../src/execution/ethereum-state.ts'
import type { EvmOutcome, UnsignedCall } from '../../src/execution/evm.ts'
import { StateOverlay } from '../../src/state/overlay.ts'

export async function createReferenceEvm(chainId: number) {
  const common = createCustomCommon({ chainId }, Mainnet, { hardfork: Hardfork.Osaka })
  const stateManager = new EthereumState(
    new StateOverlay({ account: () => undefined, storage: () => new Uint8Array(), code: () => new Uint8Array() }),
  )
  const hash = () => new Uint8Array(32)
  const blockchain = {
    getBlock: async () => ({ hash }),
    putBlock: async () => {},
    shallowCopy: () => blockchain,
  }
  const evm = await createEVM({ common, stateManager, blockchain })
  const vm = await createVM({ common, stateManager, blockchain, evm })
  return {
    evm,
    async call(overlay: StateOverlay, context: BlockContext, call: UnsignedCall): Promise<EvmOutcome> {
      stateManager.use(overlay, call.from)
      const data = { type: 2, ...call, maxFeePerGas: 0n, maxPriorityFeePerGas: 0n }
      const tx = createTx(data as Parameters<typeof createTx>[0], { common, freeze: false })
      tx.getSenderAddress = () => new Address(hexToBytes(call.from))
      const { number, beneficiary: coinbase, gasLimit, timestamp, mixHash } = context
      const block = createBlock(
        { header: { number, coinbase, gasLimit, timestamp, mixHash, baseFeePerGas: 0n } },
        { common, skipConsensusFormatValidation: true, freeze: false },
      )
      const { totalGasSpent, execResult, createdAddress } = await runTx(vm, {
        tx,
        block,
        skipNonce: true,
        skipBalance: true,
        skipHardForkValidation: true,
        skipBlockGasLimitValidation: true,
      })
      return {
        succeeded: execResult.exceptionError === undefined,
        gasUsed: totalGasSpent,
        peakGas: bigIntMax(execResult.executionGasUsed + tx.getIntrinsicGas(), totalGasSpent),
        driftGas: 0n,
        logs: (execResult.logs ?? []).map(([address, topics, data]) => ({
          address: bytesToHex(address),
          topics: topics.map((topic) => bytesToHex(topic)),
          data,
        })),
        returned: execResult.returnValue,
        contractAddress: createdAddress?.toString(),
        exception: execResult.exceptionError?.error,
      }
    },
  }
}
