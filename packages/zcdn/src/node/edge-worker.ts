/// <reference types="node" />
import { Worker } from 'node:worker_threads'
import type { EdgeWorker } from '../edge/run/workers.ts'

/** Memory of a worker's own heap; functions' memories are beside it. */
const HEAP_MB = 128

/** A thread for `createEdgePool`: without the process's environment, and with a bounded heap. */
export function edgeWorker(): EdgeWorker {
  // From source the script lies beside; what is built finds its own package.
  const url = import.meta.url.endsWith('.ts')
    ? new URL('../edge/worker.ts', import.meta.url)
    : import.meta.resolve('@zos/zcdn/edge/worker')
  const worker = new Worker(new URL(url), { env: {}, resourceLimits: { maxOldGenerationSizeMb: HEAP_MB } })
  // A pool that waits for nothing keeps no process alive.
  worker.unref()
  return worker
}
