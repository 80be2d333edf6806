/**
 * The worker's side of a verification pool, for Node (`worker_threads`) and browsers (`Worker`, type "module"). Loading this
 * module in a worker makes it answer batches; in any other realm it does nothing.
 */
import { setBackend, sqisign1, sqisign3, sqisign5, type Verifier, type VerifyItem } from './sqisign.verify.ts'

/** A batch for a worker. */
export interface PoolRequest {
  readonly id: number
  readonly level: 1 | 3 | 5
  readonly items: readonly VerifyItem[]
}

/** Its answer: verdicts, or what went wrong. */
export type PoolResponse =
  | { readonly id: number; readonly verdicts: readonly boolean[] }
  | { readonly id: number; readonly error: string }

const LEVELS: Record<1 | 3 | 5, Verifier> = { 1: sqisign1, 3: sqisign3, 5: sqisign5 }

/** Answers one request; never throws. */
export function answer(request: PoolRequest): PoolResponse {
  try {
    return { id: request.id, verdicts: LEVELS[request.level].verifyBatch(request.items) }
  } catch (error) {
    return { id: request.id, error: error instanceof Error ? error.message : String(error) }
  }
}

/** The end of a message channel, as both platforms offer it. */
interface Port {
  postMessage(message: unknown): void
  on?(event: 'message', listener: (message: unknown) => void): void
  addEventListener?(event: 'message', listener: (event: { data: unknown }) => void): void
}

/** Serves requests on a port. */
export function serve(port: Port): void {
  setBackend('auto')
  const handle = (message: unknown): void => port.postMessage(answer(message as PoolRequest))
  if (port.on) port.on('message', handle)
  else port.addEventListener?.('message', (event) => handle(event.data))
}

interface WorkerRealm {
  readonly process?: { getBuiltinModule?(name: string): unknown }
  readonly WorkerGlobalScope?: unknown
}

const realm = globalThis as unknown as WorkerRealm & Port
const threads = realm.process?.getBuiltinModule?.('node:worker_threads') as
  | { isMainThread: boolean; parentPort: Port | null }
  | undefined
if (threads && !threads.isMainThread && threads.parentPort) serve(threads.parentPort)
else if (realm.WorkerGlobalScope !== undefined && typeof realm.postMessage === 'function') serve(realm)
