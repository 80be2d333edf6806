/**
 * The script of a worker that runs edge functions, for browsers (`new Worker(url, { type: 'module' })`) and Node (`worker_threads`). Loading it in a
 * worker makes it serve; in any other realm it does nothing.
 */
import { serveEdge, type WorkerPort } from './run/worker.ts'

interface Realm {
  readonly process?: { getBuiltinModule?(name: string): unknown }
  readonly WorkerGlobalScope?: unknown
}

const realm = globalThis as unknown as Realm & WorkerPort
const threads = realm.process?.getBuiltinModule?.('node:worker_threads') as
  | { isMainThread: boolean; parentPort: WorkerPort | null }
  | undefined
if (threads && !threads.isMainThread && threads.parentPort) serveEdge(threads.parentPort)
else if (realm.WorkerGlobalScope !== undefined && typeof realm.postMessage === 'function') serveEdge(realm)
