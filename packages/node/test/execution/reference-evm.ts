/** @ethereumjs/evm as it comes, over the same state, with a transaction and a block made for every call: what the node's own way of running is compared with. */
import { createBlock } from '@ethereumjs/block'
import { createCustomCommon, Hardfork, Mainnet } from '@ethereumjs/common'
import { createEVM } from '@ethereumjs/evm'
import { createTx, createTxFromRLP } from '@ethereumjs/tx'
import { Address, bigIntMax, bytesToHex, hexToBytes } from '@ethereumjs/util'
import { createVM, runTx } from '@ethereumjs/vm'
import type { BlockContext } from '../../src/execution/block-context.ts'
import { EthereumState } from '../../src/execution/ethereum-state.ts'
import type { BlockHashOf, EvmOutcome, UnsignedCall } from '../../src/execution/evm.ts'
import { nobleKzgVerify } from '../../src/precompiles/kzg-noble.ts'
import { StateOverlay } from '../../src/state/overlay.ts'

export async function createReferenceEvm(chainId: number, blockHash: BlockHashOf = () => undefined) {
  const common = createCustomCommon({ chainId }, Mainnet, { hardfork: Hardfork.Osaka })
  const verify = nobleKzgVerify()
  const verifyProof = (...proof: `0x${string}`[]) => {
    const isValid = verify(...(proof.map((part) => hexToBytes(part)) as Parameters<typeof verify>))
    if (isValid === undefined) throw new Error('C_KZG_BADARGS')
    return isValid
  }
  Object.assign(common.customCrypto, { kzg: { verifyProof } })
  const stateManager = new EthereumState(
    new StateOverlay({ account: () => undefined, storage: () => new Uint8Array(), code: () => new Uint8Array() }),
  )
  const blockchain = {
    getBlock: async (number: number) => ({ hash: () => hexToBytes(blockHash(number) ?? `0x${'00'.repeat(32)}`) }),
    putBlock: async () => {},
    shallowCopy: () => blockchain,
  }
  const evm = await createEVM({ common, stateManager, blockchain })
  const vm = await createVM({ common, stateManager, blockchain, evm })
  return {
    evm,
    /** Runs a signed transaction. Returns the logs; throws where it may not begin. */
    async transact(overlay: StateOverlay, context: BlockContext, raw: Uint8Array) {
      stateManager.use(overlay)
      const { number, beneficiary: coinbase, gasLimit, timestamp, mixHash, baseFeePerGas } = context
      const block = createBlock(
        { header: { number, coinbase, gasLimit, timestamp, mixHash, baseFeePerGas } },
        { common, skipConsensusFormatValidation: true, freeze: false },
      )
      const { execResult } = await runTx(vm, { tx: createTxFromRLP(raw, { common, freeze: false }), block })
      return execResult.logs ?? []
    },
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
