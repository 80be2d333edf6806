/** JSON-RPC 2.0 and EIP-1474 error codes. */
export const RpcCode = {
  parse: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  /** EIP-1474 "invalid input"; what Ethereum clients answer to a transaction that they do not take. */
  rejected: -32000,
  resourceUnavailable: -32002,
  limitExceeded: -32005,
  /** The block is older than what this node keeps (the code that EIP-4444 clients use). */
  historyPruned: 4444,
  /** A call reverted; `data` is the revert data. */
  reverted: 3,
} as const

/** An answer that is an error: thrown by methods, turned into JSON by the router. */
export class RpcError extends Error {
  override readonly name = 'RpcError'
  readonly code: number
  readonly data: unknown

  constructor(code: number, message: string, data?: unknown) {
    super(message)
    this.code = code
    this.data = data
  }
}

export function invalidParams(message: string): RpcError {
  return new RpcError(RpcCode.invalidParams, message)
}

export function pruned(block: number, firstBlock: number): RpcError {
  return new RpcError(
    RpcCode.historyPruned,
    `pruned history unavailable: block ${block} was dropped, this node keeps blocks from ${firstBlock} on`,
  )
}
