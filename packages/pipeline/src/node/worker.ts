/// <reference types="node" />
import { parentPort, Worker } from 'node:worker_threads'
import { PipelineError } from '../errors.ts'
import { serveStage, type Transferable, type WorkerLike } from '../stage/worker-stage.ts'

/** A worker thread running the module at `url`; `data` is its `workerData`. */
export function nodeWorker(url: URL, data?: unknown): WorkerLike {
  const worker = new Worker(url, { workerData: data })
  let ended = false
  return {
    postMessage: (message, transfer) => worker.postMessage(message, [...transfer]),
    onMessage: (listener) => void worker.on('message', listener),
    onExit(listener) {
      const once = (reason: unknown) => {
        if (ended) return
        ended = true
        listener(reason)
      }
      worker.on('error', once)
      worker.on('exit', (code) => once(new Error(`worker ended with code ${code}`)))
    },
    terminate: () => void worker.terminate(),
  }
}

/** In the worker's module: answers the batches of a `workerStage`. */
export function serveOnParentPort(handle: (message: unknown) => Transferable | Promise<Transferable>): void {
  const port = parentPort
  if (!port) throw new PipelineError('PIPELINE_INVALID_ARGUMENT', 'this module must run in a worker thread', {})
  serveStage(
    {
      postMessage: (message, transfer) => port.postMessage(message, [...transfer]),
      onMessage: (listener) => void port.on('message', listener),
    },
    handle,
  )
}
