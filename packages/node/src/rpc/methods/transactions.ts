import type { RpcMethod } from '../context.ts'
import { dataParam } from '../params.ts'
import { RpcCode, RpcError } from '../rpc-error.ts'

/** Sending. */
export const transactionMethods: Record<string, RpcMethod> = {
  eth_sendRawTransaction: async ([raw], { intake }) => {
    const result = await intake.submit(dataParam(raw, 'transaction'))
    if (typeof result === 'string') return result
    throw new RpcError(RpcCode.rejected, result.message)
  },
}
