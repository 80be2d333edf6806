import type { RpcMethod } from '../context.ts'
import { quantity } from '../format.ts'
import { dataParam } from '../params.ts'
import { RpcCode, RpcError } from '../rpc-error.ts'

/** Sending, and what waits. */
export const transactionMethods: Record<string, RpcMethod> = {
  eth_sendRawTransaction: async ([raw], { intake }) => {
    const result = await intake.submit(dataParam(raw, 'transaction'))
    if (typeof result === 'string') return result
    throw new RpcError(RpcCode.rejected, result.message)
  },

  txpool_status: (_, { mempool }) => {
    const { pending, queued } = mempool.counts()
    return { pending: quantity(pending), queued: quantity(queued) }
  },
}
