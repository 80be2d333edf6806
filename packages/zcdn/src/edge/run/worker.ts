/** The worker's side of a pool of edge functions. It answers one message at a time and knows nothing but what the message holds. */
import { type CdnErrorCode, isCdnError } from '../../errors.ts'
import {
  type PreparedFunction,
  prepareFunction,
  type RunNeeds,
  type RunOutcome,
  type RunRequest,
  runFunction,
} from './run.ts'

/** What a pool asks of a worker. */
export type WorkerRequest =
  | { readonly kind: 'prepare'; readonly source: Uint8Array; readonly memoryPages: number }
  | { readonly kind: 'run'; readonly prepared: PreparedFunction; readonly request: RunRequest }

/** The first message says that the worker is there; then one for each request. */
export type WorkerResponse =
  | { readonly kind: 'ready' }
  | { readonly kind: 'prepared'; readonly prepared: PreparedFunction }
  | { readonly kind: 'ran'; readonly outcome: RunOutcome | RunNeeds; readonly runMs: number }
  | { readonly kind: 'failed'; readonly code: CdnErrorCode; readonly message: string }

/** The end of a message channel, as both platforms offer it. */
export interface WorkerPort {
  postMessage(message: unknown, transfer?: ArrayBuffer[]): void
  on?(event: 'message', listener: (message: unknown) => void): void
  addEventListener?(event: 'message', listener: (event: { data: unknown }) => void): void
}

function answer(request: WorkerRequest): WorkerResponse {
  try {
    if (request.kind === 'prepare')
      return { kind: 'prepared', prepared: prepareFunction(request.source, request.memoryPages) }
    const start = performance.now()
    const outcome = runFunction(request.prepared, request.request)
    return { kind: 'ran', outcome, runMs: performance.now() - start }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return { kind: 'failed', code: isCdnError(error) ? error.code : 'CDN_EDGE_ENGINE', message }
  }
}

/** Serves a pool on a port: `self` in a Web Worker, `parentPort` in Node. */
export function serveEdge(port: WorkerPort): void {
  const handle = (message: unknown) => {
    const response = answer(message as WorkerRequest)
    const output = response.kind === 'ran' && 'output' in response.outcome ? [response.outcome.output.buffer] : []
    port.postMessage(response, output as ArrayBuffer[])
  }
  if (port.on) port.on('message', handle)
  else port.addEventListener?.('message', (event) => handle(event.data))
  port.postMessage({ kind: 'ready' } satisfies WorkerResponse)
}
