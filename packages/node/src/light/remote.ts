/** A light node in a worker, seen from its page. */
import type { LightChain } from './chain.ts'
import type { LightCore, LightStatus } from './core.ts'
import { LightError, type LightErrorCode } from './errors.ts'
import type { FromWorker, SentError, ToWorker } from './messages.ts'

/** What a worker has to leave in order when it closes. */
const CLOSE_GRACE_MS = 1_000

/** Errors: `LIGHT_INVALID_ARGUMENT`, also when the worker does not load. */
export async function startRemoteCore(options: {
  readonly chain: LightChain
  readonly checkpoint: { readonly epoch: number; readonly id: string } | undefined
  readonly sources: readonly string[]
  readonly maxTrustAgeMs: number
  readonly evm: boolean | string
  readonly worker: true | (() => Worker)
  readonly onStatus: (status: LightStatus) => void
}): Promise<LightCore> {
  const { chain, checkpoint, sources, maxTrustAgeMs, evm, onStatus } = options
  const worker =
    options.worker === true
      ? new Worker(new URL('./light-worker.js', import.meta.url), { type: 'module' })
      : options.worker()
  const waiting = new Map<number, { resolve(result: unknown): void; reject(error: unknown): void }>()
  let nextId = 0
  let status!: LightStatus
  let closed: (() => void) | undefined
  const send = (message: ToWorker) => worker.postMessage(message)

  await new Promise<void>((resolve, reject) => {
    worker.addEventListener('error', (event) => {
      const error = new LightError(
        'LIGHT_INVALID_ARGUMENT',
        `the worker does not run: ${event.message || 'it did not load'}`,
      )
      for (const call of waiting.values()) call.reject(error)
      waiting.clear()
      reject(error)
    })
    worker.addEventListener('message', ({ data }: MessageEvent<FromWorker>) => {
      if (data.type === 'status') {
        status = data.status
        onStatus(status)
      } else if (data.type === 'started') {
        if (data.error) reject(received(data.error))
        else resolve()
      } else if (data.type === 'answer') {
        const call = waiting.get(data.id)
        waiting.delete(data.id)
        if (data.error) call?.reject(received(data.error))
        else call?.resolve(data.result)
      } else closed?.()
    })
    const { chainId, timestampMs, validators, consensus } = chain
    send({
      type: 'start',
      chain: { chainId, timestampMs, validators, ...(consensus ? { consensus } : {}) },
      checkpoint,
      sources,
      maxTrustAgeMs,
      evm,
    })
  }).catch((error) => {
    worker.terminate()
    throw error
  })

  return {
    status: () => status,
    request(method, params) {
      const id = nextId++
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject })
        send({ type: 'request', id, method, params })
      })
    },
    async close() {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, CLOSE_GRACE_MS)
        closed = () => {
          clearTimeout(timer)
          resolve()
        }
        send({ type: 'close' })
      })
      worker.terminate()
      for (const call of waiting.values()) call.reject(new LightError('LIGHT_CLOSED', 'the light node is closed'))
    },
  }
}

function received({ name, message, code, lightCode, context, data }: SentError): Error {
  if (lightCode) return new LightError(lightCode as LightErrorCode, message, context)
  return Object.assign(new Error(message), { name, code, ...(data === undefined ? {} : { data }) })
}
