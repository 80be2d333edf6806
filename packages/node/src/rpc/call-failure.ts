/** How a call that did not succeed is told to a client: the codes and words that Ethereum clients know. */
import { bytesToHex } from '@ethereumjs/util'
import type { EvmOutcome } from '../execution/evm.ts'
import { revertMessage } from './revert.ts'
import { RpcCode, RpcError } from './rpc-error.ts'

/** The error of a call that ran and failed: 3 with the data of a revert, else −32000. */
export function callFailed(outcome: EvmOutcome): RpcError {
  if (outcome.exception === 'revert')
    return new RpcError(
      RpcCode.reverted,
      `execution reverted${revertMessage(outcome.returned)}`,
      bytesToHex(outcome.returned),
    )
  return new RpcError(RpcCode.rejected, outcome.exception ?? 'execution failed')
}

/** The error of a call that the EVM did not run at all, say for too little gas. */
export function callRefused(error: unknown): RpcError {
  if (error instanceof RpcError) return error
  return new RpcError(RpcCode.rejected, (error as Error).message.replace(/ \(vm hf.*$/s, ''))
}
