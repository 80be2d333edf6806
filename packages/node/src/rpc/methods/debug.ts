import { bytesToHex } from '@ethereumjs/util'
import type { StoredBlock, StoredTransaction } from '../../chain/block-codec.ts'
import { encodeEthereumBlock } from '../../execution/block-rlp.ts'
import { encodeHeader } from '../../execution/header.ts'
import { encodeReceipt } from '../../execution/receipt.ts'
import { replay, type Tracer, traceRun } from '../../trace/replay.ts'
import { TraceTooLarge } from '../../trace/trace-too-large.ts'
import { type RpcContext, type RpcMethod, resolveBlock, resolveState } from '../context.ts'
import { overridden } from '../overridden.ts'
import { objectParam } from '../override-params.ts'
import { blockParam, callParam, hashParam } from '../params.ts'
import { RpcCode, RpcError } from '../rpc-error.ts'
import { tracerParam } from '../tracers.ts'

/** Runs the transactions of `block` again. Errors: a block whose parent's state is no longer kept; a trace too large to tell. */
export async function replayIn<T>(
  context: RpcContext,
  block: StoredBlock,
  range: { first: number; last: number },
  tracer: Tracer<T>,
): Promise<{ transaction: StoredTransaction; result: T }[]> {
  const parent = block.header.number - 1
  if (parent < 0) throw new RpcError(RpcCode.rejected, 'genesis is not traceable')
  const base = context.state.at(parent)
  if (!base) throw new RpcError(RpcCode.rejected, `the state of block ${parent} is no longer kept by this node`)
  return withinLimits(context.call.use((evm) => replay(evm, context.chain, block, base, range, tracer)))
}

async function withinLimits<T>(trace: Promise<T>): Promise<T> {
  try {
    return await trace
  } catch (error) {
    if (error instanceof TraceTooLarge) throw new RpcError(RpcCode.limitExceeded, error.message)
    throw error
  }
}

async function traceBlock(context: RpcContext, block: StoredBlock | undefined, options: unknown) {
  const tracer = tracerParam(options)
  if (!block) throw new RpcError(RpcCode.rejected, 'block not found')
  const traced = await replayIn(context, block, { first: 0, last: Number.MAX_SAFE_INTEGER }, tracer)
  return traced.map(({ transaction, result }) => ({ txHash: transaction.hash, result }))
}

function existing(context: RpcContext, param: unknown): StoredBlock {
  const block = resolveBlock(context, blockParam(param))
  if (!block) throw new RpcError(RpcCode.rejected, 'header not found')
  return block
}

/** Traces and raw forms. Traces reach as far back as the state that the node keeps: 128 blocks. */
export const debugMethods: Record<string, RpcMethod> = {
  debug_traceTransaction: async ([value, options], context) => {
    const tracer = tracerParam(options)
    const transaction = context.chain.transaction(hashParam(value, 'hash'))
    if (!transaction) throw new RpcError(RpcCode.rejected, 'transaction not found')
    const { block, index } = transaction
    const [traced] = await replayIn(context, context.chain.block(block)!, { first: index, last: index }, tracer)
    return traced!.result
  },
  debug_traceBlockByNumber: ([block, options], context) =>
    traceBlock(context, resolveBlock(context, blockParam(block)), options),
  debug_traceBlockByHash: ([hash, options], context) =>
    traceBlock(context, resolveBlock(context, { hash: hashParam(hash, 'hash') }), options),
  /** Options as of the other traces, and `stateOverrides` and `blockOverrides` as of `eth_call`. */
  debug_traceCall: async ([transaction, block, options], context) => {
    const tracer = tracerParam(options)
    const { stateOverrides, blockOverrides } = objectParam(options, 'the options')
    const call = callParam(transaction)
    const { state, blockContext } = overridden(resolveState(context, blockParam(block)), stateOverrides, blockOverrides)
    return withinLimits(
      context.call.use((evm) =>
        tracer(traceRun(evm, state, call.gasLimit, (overlay) => evm.call(overlay, blockContext, call))),
      ),
    )
  },

  debug_getRawBlock: ([param], context) => {
    const block = existing(context, param)
    return bytesToHex(encodeEthereumBlock(block, context.chain.transactionsOf(block)))
  },
  debug_getRawHeader: ([param], context) => bytesToHex(encodeHeader(existing(context, param).header)),
  debug_getRawReceipts: ([param], context) =>
    context.chain.transactionsOf(existing(context, param)).map(({ receipt }) => bytesToHex(encodeReceipt(receipt))),
  debug_getRawTransaction: ([value], { chain, mempool }) => {
    const hash = hashParam(value, 'hash')
    const raw = chain.transaction(hash)?.raw ?? mempool.get(hash)?.tx.raw
    return raw ? bytesToHex(raw) : '0x'
  },
}
