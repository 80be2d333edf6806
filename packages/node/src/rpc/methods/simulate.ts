import { bytesToHex } from '@ethereumjs/util'
import { type BlockRequest, MAX_SIMULATED_BLOCKS, type SimulatedBlock, simulate } from '../../simulate/simulate.ts'
import type { SimulatedResult } from '../../simulate/simulated-call.ts'
import { SimulationCode, SimulationError } from '../../simulate/simulation-error.ts'
import { GETH_ERRORS } from '../../trace/call-frame.ts'
import { type RpcMethod, resolveState } from '../context.ts'
import { formatBlock, formatLog, formatTransaction, quantity } from '../format.ts'
import { blockOverridesParam, objectParam, stateOverridesParam } from '../override-params.ts'
import { blockParam, callFields } from '../params.ts'
import { revertMessage } from '../revert.ts'
import { invalidParams, RpcCode, RpcError } from '../rpc-error.ts'

/** Calls of one request. */
const MAX_CALLS = 1_000
/** A call that ended otherwise than by a revert (execution-apis). */
const VM_ERROR = -32015

function blockRequests(value: unknown): BlockRequest[] {
  if (!Array.isArray(value) || value.length === 0)
    throw invalidParams('empty input: blockStateCalls has to list blocks')
  if (value.length > MAX_SIMULATED_BLOCKS) throw new RpcError(SimulationCode.limit, 'too many blocks')
  let count = 0
  return value.map((entry) => {
    const { blockOverrides, stateOverrides, calls = [] } = objectParam(entry, 'an entry of blockStateCalls')
    if (!Array.isArray(calls)) throw invalidParams('calls must be a list')
    count += calls.length
    if (count > MAX_CALLS) throw new RpcError(SimulationCode.limit, `too many calls: at most ${MAX_CALLS} in a request`)
    return {
      block: blockOverridesParam(blockOverrides),
      accounts: stateOverridesParam(stateOverrides),
      calls: calls.map(callFields),
    }
  })
}

function formatSimulated({ block, results }: SimulatedBlock, isFull: boolean) {
  const calls = results.map((result, index) => formatCall(result, index, block))
  const transactions = isFull
    ? results.map(({ tx, hash, sender }) => formatTransaction({ tx, hash, sender }, block))
    : block.transactions
  return { ...formatBlock(block, undefined), transactions, calls }
}

function formatCall({ outcome, logs, hash }: SimulatedResult, place: number, block: SimulatedBlock['block']) {
  const { succeeded, returned, gasUsed, peakGas, exception } = outcome
  const hasReverted = exception === 'revert'
  return {
    returnData: succeeded ? bytesToHex(returned) : '0x',
    logs: logs.map(({ log, index }) => formatLog(log, { hash, index: place }, block, index)),
    gasUsed: quantity(gasUsed),
    maxUsedGas: quantity(peakGas),
    status: succeeded ? '0x1' : '0x0',
    ...(succeeded
      ? {}
      : {
          error: hasReverted
            ? {
                code: RpcCode.reverted,
                message: `execution reverted${revertMessage(returned)}`,
                data: bytesToHex(returned),
              }
            : { code: VM_ERROR, message: GETH_ERRORS[exception!] ?? exception },
        }),
  }
}

export const simulateMethods: Record<string, RpcMethod> = {
  eth_simulateV1: async ([payload, param], context) => {
    const { blockStateCalls, validation, traceTransfers, returnFullTransactions } = objectParam(payload, 'the payload')
    const blocks = blockRequests(blockStateCalls)
    const request = {
      blocks,
      validation: validation === true,
      traceTransfers: traceTransfers === true,
      chainId: context.genesis.chainId,
    }
    try {
      return await context.call.use(async (evm) => {
        // Only now, with the EVM to itself: the branch holds until the node's state moves on.
        const { block } = resolveState(context, blockParam(param))
        const branch = context.state.branch(block.header.number)
        if (!branch) throw new RpcError(RpcCode.rejected, `the state of block ${block.header.number} is no longer kept`)
        const simulated = await simulate(evm, block, branch, request)
        return simulated.map((one) => formatSimulated(one, returnFullTransactions === true))
      })
    } catch (error) {
      if (error instanceof SimulationError) throw new RpcError(error.code, error.message)
      throw error
    }
  },
}
