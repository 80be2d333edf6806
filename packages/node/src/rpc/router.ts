import { isNodeError } from '../errors.ts'
import type { RpcContext, RpcMethod } from './context.ts'
import { chainMethods } from './methods/chain.ts'
import { checkpointMethods } from './methods/checkpoints.ts'
import { committeeMethods } from './methods/committee.ts'
import { configMethods } from './methods/config.ts'
import { debugMethods } from './methods/debug.ts'
import { createDevMethods } from './methods/dev.ts'
import { feeMethods } from './methods/fees.ts'
import { createFilterMethods } from './methods/filters.ts'
import { ibcMethods } from './methods/ibc.ts'
import { indexMethods } from './methods/index.ts'
import { logMethods } from './methods/logs.ts'
import { networkMethods } from './methods/network.ts'
import { otterscanMethods } from './methods/otterscan.ts'
import { simulateMethods } from './methods/simulate.ts'
import { stateMethods } from './methods/state.ts'
import { transactionMethods } from './methods/transactions.ts'
import { txpoolMethods } from './methods/txpool.ts'
import { validatorMethods } from './methods/validators.ts'
import { zosMethods } from './methods/zos.ts'
import { RpcCode, RpcError } from './rpc-error.ts'

/** Calls in one batch; a client that has more sends several. */
const MAX_BATCH = 1_000

export type RpcId = string | number | null

export interface RpcRequest {
  id: RpcId | undefined
  method: string
  params: readonly unknown[]
}

export type RpcResponse =
  | { jsonrpc: '2.0'; id: RpcId; result: unknown }
  | { jsonrpc: '2.0'; id: RpcId; error: { code: number; message: string; data?: unknown } }

/** Serves one request that is already known to be well formed; undefined falls through to the methods below. */
export type Intercept = (request: RpcRequest) => { result: unknown } | undefined

export interface RpcRouter {
  /** One call of a program in the same process. Throws {@link RpcError}. */
  call(method: string, params: readonly unknown[]): Promise<unknown>
  /** Answers a body of JSON-RPC 2.0, single or batch; undefined when there is nothing to answer (notifications). */
  handle(body: string, intercept?: Intercept): Promise<string | undefined>
  methods: readonly string[]
}

/** Dispatch by method name. Errors that a method did not mean become `internal error` and go to `onError`. */
export function createRpcRouter(context: RpcContext, onError: (error: unknown, method: string) => void): RpcRouter {
  const methods: Record<string, RpcMethod> = {
    ...networkMethods,
    ...configMethods,
    ...chainMethods,
    ...stateMethods,
    ...simulateMethods,
    ...transactionMethods,
    ...txpoolMethods,
    ...feeMethods,
    ...logMethods,
    ...createFilterMethods(),
    ...zosMethods,
    ...validatorMethods,
    ...debugMethods,
    ...otterscanMethods,
    ...checkpointMethods,
    ...indexMethods,
    ...committeeMethods,
    ...(context.dev ? createDevMethods(context.dev) : {}),
    ...(context.ibc ? ibcMethods : {}),
  }

  const answer = async (value: unknown, intercept: Intercept | undefined): Promise<RpcResponse | undefined> => {
    const request = parseRequest(value)
    if (!request) return failure(null, new RpcError(RpcCode.invalidRequest, 'invalid request'))
    const id = request.id ?? null
    try {
      const intercepted = intercept?.(request)
      const method = Object.hasOwn(methods, request.method) ? methods[request.method] : undefined
      if (!intercepted && !method)
        throw new RpcError(
          RpcCode.methodNotFound,
          `the method ${request.method.slice(0, 64)} does not exist/is not available`,
        )
      const result = intercepted ? intercepted.result : await method!(request.params, context)
      return request.id === undefined ? undefined : { jsonrpc: '2.0', id, result }
    } catch (error) {
      if (request.id === undefined) return undefined
      if (error instanceof RpcError) return failure(id, error)
      if (isNodeError(error, 'NODE_HISTORY_PRUNED'))
        return failure(id, new RpcError(RpcCode.historyPruned, error.message))
      onError(error, request.method)
      return failure(id, new RpcError(RpcCode.internal, 'internal error'))
    }
  }

  return {
    methods: Object.keys(methods),
    async call(method, params) {
      if (!Object.hasOwn(methods, method))
        throw new RpcError(RpcCode.methodNotFound, `the method ${method} does not exist/is not available`)
      return methods[method]!(params, context)
    },
    async handle(body, intercept) {
      let value: unknown
      try {
        value = JSON.parse(body)
      } catch {
        return JSON.stringify(failure(null, new RpcError(RpcCode.parse, 'parse error')))
      }
      if (!Array.isArray(value)) {
        const response = await answer(value, intercept)
        return response && JSON.stringify(response)
      }
      if (value.length === 0) return JSON.stringify(failure(null, new RpcError(RpcCode.invalidRequest, 'empty batch')))
      if (value.length > MAX_BATCH)
        return JSON.stringify(
          failure(null, new RpcError(RpcCode.limitExceeded, `a batch has at most ${MAX_BATCH} calls`)),
        )
      const responses = (await Promise.all(value.map((one) => answer(one, intercept)))).filter(
        (response) => response !== undefined,
      )
      return responses.length > 0 ? JSON.stringify(responses) : undefined
    },
  }
}

function parseRequest(value: unknown): RpcRequest | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { jsonrpc, id, method, params } = value as Record<string, unknown>
  if (jsonrpc !== '2.0' || typeof method !== 'string') return undefined
  if (id !== undefined && id !== null && typeof id !== 'string' && typeof id !== 'number') return undefined
  if (params !== undefined && params !== null && !Array.isArray(params)) return undefined
  return { id: id as RpcId | undefined, method, params: (params as unknown[] | null | undefined) ?? [] }
}

function failure(id: RpcId, { code, message, data }: RpcError): RpcResponse {
  return { jsonrpc: '2.0', id, error: data === undefined ? { code, message } : { code, message, data } }
}
