import { Worker } from 'node:worker_threads'
import type { TicketWorker } from '@zos/zpos/cryptonight'

/** Starts a thread for `createCryptonightPool`. */
export function spawnTicketWorker(): TicketWorker {
  const worker = new Worker(
    new URL(import.meta.url.endsWith('.ts') ? './ticket-worker.ts' : './ticket-worker.js', import.meta.url),
  )
  return {
    post: (job) => worker.postMessage(job),
    onReply: (listener) => worker.on('message', listener),
    onError: (listener) => worker.on('error', listener),
    terminate: () => void worker.terminate(),
  }
}
