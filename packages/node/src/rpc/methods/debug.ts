import { bytesToHex } from '@ethereumjs/util'
import type { StoredBlock } from '../../chain/block-codec.ts'
import { encodeHeader } from '../../execution/header.ts'
import { encodeReceipt } from '../../execution/receipt.ts'
import { NO_CODE } from '../../state/account.ts'
import { StateOverlay } from '../../state/overlay.ts'
import type { CallFrame } from '../../trace/call-frame.ts'
import { prestate, type Replayed, replay } from '../../trace/replay.ts'
import { type RpcContext, type RpcMethod, resolveBlock, resolveState } from '../context.ts'
import { quantity } from '../format.ts'
import { blockParam, callParam, hashParam } from '../params.ts'
import { revertMessage } from '../revert.ts'
import { invalidParams, RpcCode, RpcError } from '../rpc-error.ts'

type Tracer = 'callTracer' | 'prestateTracer'

/** A frame as go-ethereum writes it. `onlyTop` leaves out the calls inside. */
function formatFrame(frame: CallFrame, onlyTop: boolean): Record<string, unknown> {
  const { type, from, to, value, gas, gasUsed, input, output, error, calls } = frame
  const reason = error === 'execution reverted' ? revertMessage(Buffer.from(output.slice(2), 'hex')) : ''
  return {
    from,
    gas: quantity(gas),
    gasUsed: quantity(gasUsed),
    ...(to ? { to } : {}),
    input,
    ...(output === '0x' ? {} : { output }),
    ...(error ? { error } : {}),
    ...(reason ? { revertReason: reason.replace(/^: /, '') } : {}),
    ...(calls.length > 0 && !onlyTop ? { calls: calls.map((call) => formatFrame(call, false)) } : {}),
    ...(type === 'STATICCALL' ? {} : { value: quantity(value) }),
    type,
  }
}

function tracerParam(value: unknown): { tracer: Tracer; onlyTop: boolean } {
  const { tracer, tracerConfig } = (value ?? {}) as { tracer?: unknown; tracerConfig?: Record<string, unknown> }
  if (tracer !== 'callTracer' && tracer !== 'prestateTracer')
    throw invalidParams('the tracers of this node are callTracer and prestateTracer')
  if (tracerConfig?.diffMode === true) throw invalidParams('prestateTracer has no diffMode here')
  return { tracer, onlyTop: tracerConfig?.onlyTopCall === true }
}

/** Runs the transactions of `block` up to `last` again. Errors: a block whose parent's state is no longer kept. */
export async function replayIn(context: RpcContext, block: StoredBlock, last: number): Promise<Replayed[]> {
  const parent = block.header.number - 1
  const base = parent < 0 ? undefined : context.state.at(parent)
  if (!base) throw new RpcError(RpcCode.rejected, `the state of block ${parent} is no longer kept by this node`)
  const replayed: Replayed[] = []
  await context.call.use((evm) => replay(evm, context.chain, block, base, last, (one) => replayed.push(one)))
  return replayed
}

function told(context: RpcContext, replayed: Replayed, { tracer, onlyTop }: ReturnType<typeof tracerParam>) {
  if (tracer === 'callTracer') return formatFrame(replayed.frame, onlyTop)
  const { state } = context
  return prestate(replayed, (codeHash) => state.latest().code(codeHash), NO_CODE)
}

async function traceBlock(context: RpcContext, block: StoredBlock | undefined, options: unknown) {
  const tracer = tracerParam(options)
  if (!block) throw new RpcError(RpcCode.rejected, 'header not found')
  const replayed = await replayIn(context, block, Number.MAX_SAFE_INTEGER)
  return replayed.map((one) => ({ txHash: one.transaction.hash, result: told(context, one, tracer) }))
}

/** Traces and raw forms. Traces reach as far back as the state that the node keeps: 128 blocks. */
export const debugMethods: Record<string, RpcMethod> = {
  debug_traceTransaction: async ([value, options], context) => {
    const tracer = tracerParam(options)
    const transaction = context.chain.transaction(hashParam(value, 'hash'))
    if (!transaction) throw new RpcError(RpcCode.rejected, 'transaction not found')
    const replayed = await replayIn(context, context.chain.block(transaction.block)!, transaction.index)
    return told(context, replayed.at(-1)!, tracer)
  },
  debug_traceBlockByNumber: ([block, options], context) =>
    traceBlock(context, resolveBlock(context, blockParam(block)), options),
  debug_traceBlockByHash: ([hash, options], context) =>
    traceBlock(context, resolveBlock(context, { hash: hashParam(hash, 'hash') }), options),
  debug_traceCall: async ([transaction, block, options], context) => {
    const { onlyTop, tracer } = tracerParam(options)
    if (tracer !== 'callTracer') throw invalidParams('debug_traceCall takes callTracer')
    const { state, block: found } = resolveState(context, blockParam(block))
    const { frame } = await context.call.use((evm) =>
      evm.traceCall(new StateOverlay(state), found.header, callParam(transaction)),
    )
    return formatFrame(frame, onlyTop)
  },

  debug_getRawHeader: ([param], context) => {
    const block = resolveBlock(context, blockParam(param))
    if (!block) throw new RpcError(RpcCode.rejected, 'header not found')
    return bytesToHex(encodeHeader(block.header))
  },
  debug_getRawReceipts: ([param], context) => {
    const block = resolveBlock(context, blockParam(param))
    if (!block) throw new RpcError(RpcCode.rejected, 'header not found')
    return context.chain.transactionsOf(block).map(({ receipt }) => bytesToHex(encodeReceipt(receipt)))
  },
  debug_getRawTransaction: ([value], { chain, mempool }) => {
    const hash = hashParam(value, 'hash')
    const raw = chain.transaction(hash)?.raw ?? mempool.get(hash)?.tx.raw
    return raw ? bytesToHex(raw) : '0x'
  },
}
