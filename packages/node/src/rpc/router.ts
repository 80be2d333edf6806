import { isNodeError } from '../errors.ts'
import type { RpcContext, RpcMethod } from './context.ts'
import { JsonText, jsonOf } from './json-text.ts'
import { chainMethods, createBlockMethods } from './methods/chain.ts'
import { checkpointMethods } from './methods/checkpoints.ts'
import { committeeMethods } from './methods/committee.ts'
import { configMethods } from './methods/config.ts'
import { debugMethods } from './methods/debug.ts'
import { createDevMethods } from './methods/dev.ts'
import { feeMethods } from './methods/fees.ts'
import { createFilterMethods } from './methods/filters.ts'
import { ibcMethods } from './methods/ibc.ts'
import { indexMethods } from './methods/index.ts'
import { createLogMethods } from './methods/logs.ts'
import { networkMethods } from './methods/network.ts'
import { otterscanMethods } from './methods/otterscan.ts'
import { simulateMethods } from './methods/simulate.ts'
import { stateMethods } from './methods/state.ts'
import { transactionMethods } from './methods/transactions.ts'
import { txpoolMethods } from './methods/txpool.ts'
import { validatorMethods } from './methods/validators.ts'
import { zosMethods } from './methods/zos.ts'
import { PreparedJson } from './prepared-json.ts'
import { RpcCode, RpcError } from './rpc-error.ts'
import { createTurns } from './turns.ts'

/** Calls in one batch; a client that has more sends several. */
const MAX_BATCH = 1_000
/** Calls of one batch that are under way at a time: one batch does not fill the queue of calls to the EVM. */
const BATCH_LANES = 128
/** Characters of all results of one batch: beyond them calls are refused. The largest single answers have as many. */
const MAX_BATCH_CHARACTERS = 32 * 1024 * 1024

export type RpcId = string | number | null

export interface RpcRequest {
  id: RpcId | undefined
  method: string
  params: readonly unknown[]
}

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
  const prepared = new PreparedJson()
  const methods: Record<string, RpcMethod> = {
    ...networkMethods,
    ...configMethods,
    ...createBlockMethods(prepared),
    ...chainMethods,
    ...stateMethods,
    ...simulateMethods,
    ...transactionMethods,
    ...txpoolMethods,
    ...feeMethods,
    ...createLogMethods(prepared),
    ...createFilterMethods(prepared),
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

  /** The response to one request of a body as JSON; undefined for a notification. `room`: what results of the body may still have. */
  const answer = async (
    value: unknown,
    intercept: Intercept | undefined,
    room: { characters: number },
  ): Promise<string | undefined> => {
    const request = parseRequest(value)
    if (!request) return failure(null, new RpcError(RpcCode.invalidRequest, 'invalid request'))
    const { id } = request
    try {
      if (room.characters < 0) throw tooLarge()
      const intercepted = intercept?.(request)
      const result = intercepted ? intercepted.result : await methodOf(request.method)(request.params, context)
      if (id === undefined) return undefined
      const text = jsonOf(result)
      room.characters -= text.length
      if (room.characters < 0) throw tooLarge()
      return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${text}}`
    } catch (error) {
      if (id === undefined) return undefined
      if (error instanceof RpcError) return failure(id, error)
      if (isNodeError(error, 'NODE_HISTORY_PRUNED'))
        return failure(id, new RpcError(RpcCode.historyPruned, error.message))
      onError(error, request.method)
      return failure(id, new RpcError(RpcCode.internal, 'internal error'))
    }
  }

  const methodOf = (name: string): RpcMethod => {
    if (Object.hasOwn(methods, name)) return methods[name]!
    throw new RpcError(RpcCode.methodNotFound, `the method ${name.slice(0, 64)} does not exist/is not available`)
  }

  /** In order, some at a time; others have their turn between them. */
  const answerBatch = async (values: readonly unknown[], intercept: Intercept | undefined) => {
    const turns = createTurns()
    const room = { characters: MAX_BATCH_CHARACTERS }
    const answers: (string | undefined)[] = []
    let next = 0
    const lane = async () => {
      for (let index = next++; index < values.length; index = next++) {
        answers[index] = await answer(values[index], intercept, room)
        const pause = turns()
        if (pause) await pause
      }
    }
    const lanes: Promise<void>[] = []
    while (next < values.length && lanes.length < BATCH_LANES) {
      lanes.push(lane())
      const pause = turns()
      if (pause) await pause
    }
    await Promise.all(lanes)
    const responses = answers.filter((response) => response !== undefined)
    return responses.length > 0 ? `[${responses.join(',')}]` : undefined
  }

  return {
    methods: Object.keys(methods),
    async call(method, params) {
      const result = await methodOf(method)(params, context)
      return result instanceof JsonText ? result.toJSON() : result
    },
    async handle(body, intercept) {
      let value: unknown
      try {
        value = JSON.parse(body)
      } catch {
        return failure(null, new RpcError(RpcCode.parse, 'parse error'))
      }
      if (!Array.isArray(value)) return answer(value, intercept, { characters: Number.POSITIVE_INFINITY })
      if (value.length === 0) return failure(null, new RpcError(RpcCode.invalidRequest, 'empty batch'))
      if (value.length > MAX_BATCH)
        return failure(null, new RpcError(RpcCode.limitExceeded, `a batch has at most ${MAX_BATCH} calls`))
      return answerBatch(value, intercept)
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

function tooLarge(): RpcError {
  return new RpcError(RpcCode.limitExceeded, `the results of a batch have at most ${MAX_BATCH_CHARACTERS} bytes`)
}

function failure(id: RpcId, { code, message, data }: RpcError): string {
  return JSON.stringify({ jsonrpc: '2.0', id, error: data === undefined ? { code, message } : { code, message, data } })
}
