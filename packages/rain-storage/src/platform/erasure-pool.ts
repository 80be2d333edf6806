/// <reference types="node" />
/** Erasure coding on worker threads. Shards lie in a `SharedArrayBuffer`, so nothing is copied between threads. */
import { Worker } from 'node:worker_threads'
import { StorageError, type StorageErrorCode } from '../errors.ts'

/** Work for a thread. */
export interface PoolTask {
  readonly dataShards: number
  readonly totalShards: number
  /** totalShards × shardBytes; shard i at i × shardBytes */
  readonly buffer: SharedArrayBuffer
  /** any length; a multiple of 128 is fastest */
  readonly shardBytes: number
  /** rebuild these shards; absent: compute the parity */
  readonly lost?: readonly number[]
}

/** Threads that code segments. */
export interface ErasurePool {
  /** Fills in the parity, or the lost shards, of a segment in place. @throws StorageError as the code does */
  run(task: PoolTask): Promise<void>
  close(): Promise<void>
}

interface Waiting {
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** Starts `threads` workers. Each takes the next task when it is free of the one before: tasks go to the thread with the fewest. */
export function createErasurePool(threads: number): ErasurePool {
  if (!Number.isInteger(threads) || threads < 1)
    throw new StorageError('STORAGE_INVALID_ARGUMENT', 'A pool has at least one thread', { threads })
  // Run from source by type stripping in tests, from the built file else.
  const file = import.meta.url.endsWith('.ts') ? './erasure-worker.ts' : './erasure-worker.js'
  let next = 0
  const workers = Array.from({ length: threads }, () => {
    const worker = new Worker(new URL(file, import.meta.url))
    const waiting = new Map<number, Waiting>()
    worker.on('message', ({ id, error, code }: { id: number; error?: string; code?: StorageErrorCode }) => {
      const waiter = waiting.get(id)
      waiting.delete(id)
      if (error === undefined) waiter?.resolve()
      else waiter?.reject(new StorageError(code ?? 'STORAGE_INVALID_ARGUMENT', error))
    })
    worker.on('error', (cause) => {
      for (const { reject } of waiting.values())
        reject(new StorageError('STORAGE_UNAVAILABLE', 'A coding thread died', {}, { cause }))
      waiting.clear()
    })
    worker.unref()
    return { worker, waiting }
  })
  let closed = false
  return {
    run(task) {
      if (closed) return Promise.reject(new StorageError('STORAGE_CLOSED', 'The pool is closed'))
      if (task.buffer.byteLength !== task.totalShards * task.shardBytes) {
        return Promise.reject(
          new StorageError('STORAGE_INVALID_ARGUMENT', 'The buffer does not hold the shards', {
            bytes: task.buffer.byteLength,
          }),
        )
      }
      const least = workers.reduce((a, b) => (b.waiting.size < a.waiting.size ? b : a))
      const id = next++
      return new Promise<void>((resolve, reject) => {
        least.waiting.set(id, { resolve, reject })
        least.worker.ref()
        least.worker.postMessage({ ...task, id })
      }).then(
        () => least.waiting.size === 0 && void least.worker.unref(),
        (error: unknown) => {
          if (least.waiting.size === 0) least.worker.unref()
          throw error
        },
      ) as Promise<void>
    },
    async close() {
      closed = true
      await Promise.all(workers.map(({ worker }) => worker.terminate()))
    },
  }
}
