/** A pool of workers that verify SQIsign signatures beside the main thread. Throughput grows with the number of cores. */
import { IsogenyError } from './errors.ts'
import type { VerifyItem } from './verify/verifier.ts'
import type { PoolRequest, PoolResponse } from './worker.ts'

export type { VerifyItem } from './verify/verifier.ts'

/** What the pool needs of a worker: both `Worker`s of the platforms fit. */
export interface PoolWorker {
  postMessage(message: unknown): void
  terminate(): unknown
  on?(event: string, listener: (value: unknown) => void): unknown
  addEventListener?(event: string, listener: (event: { data: unknown }) => void): unknown
}

/** How many workers a {@link VerifyPool} has, and how they are made. */
export interface PoolOptions {
  /** Number of workers, 1 or more; as many as there are cores is best. */
  readonly size: number
  /** Makes a worker that runs `@zos/pq-isogeny/worker.js`. */
  readonly createWorker: () => PoolWorker
  /** Items a message carries at most: keeps workers evenly busy. Default 4. */
  readonly batchSize?: number
}

/** How one call of {@link VerifyPool.verify} may end early, and how it tells its progress. */
export interface PoolCallOptions {
  /** Rejects with the signal's reason; work that is under way in workers is finished and dropped. */
  readonly signal?: AbortSignal
  /** Called as batches come back, with the number of items done. */
  readonly onProgress?: (done: number, total: number) => void
}

/**
 * Workers that verify SQIsign signatures beside the main thread, made by {@link createVerifyPool}. Memory: one engine a
 * worker; close it when it is no longer needed.
 */
export interface VerifyPool {
  /**
   * Verdicts in the order of the items.
   * @throws {IsogenyError} `ISOGENY_POOL` when a worker fails or the pool is closed
   */
  verify(level: 1 | 3 | 5, items: readonly VerifyItem[], options?: PoolCallOptions): Promise<boolean[]>
  /** Ends all workers; what is under way rejects. */
  close(): Promise<void>
}

interface Job {
  readonly request: PoolRequest
  readonly resolve: (verdicts: readonly boolean[]) => void
  readonly reject: (error: unknown) => void
}

/** @throws {IsogenyError} `ISOGENY_INVALID_ARGUMENT` for a size below 1 */
export function createVerifyPool(options: PoolOptions): VerifyPool {
  const { size, createWorker, batchSize = 4 } = options
  if (!Number.isInteger(size) || size < 1 || !Number.isInteger(batchSize) || batchSize < 1)
    throw new IsogenyError('ISOGENY_INVALID_ARGUMENT', 'pool size and batch size must be positive integers', {
      size,
      batchSize,
    })
  const idle: PoolWorker[] = []
  const running = new Map<PoolWorker, Job>()
  const waiting: Job[] = []
  let nextId = 0
  let failure: IsogenyError | undefined

  const pump = (): void => {
    while (idle.length > 0 && waiting.length > 0) {
      const worker = idle.pop()!
      const job = waiting.shift()!
      running.set(worker, job)
      worker.postMessage(job.request)
    }
  }
  const fail = (error: IsogenyError): void => {
    failure ??= error
    for (const job of [...running.values(), ...waiting.splice(0)]) job.reject(failure)
    running.clear()
  }
  const onMessage = (worker: PoolWorker, response: PoolResponse): void => {
    const job = running.get(worker)
    running.delete(worker)
    idle.push(worker)
    if (job !== undefined) {
      if ('error' in response)
        job.reject(new IsogenyError('ISOGENY_POOL', `a worker refused a batch: ${response.error}`))
      else job.resolve(response.verdicts)
    }
    pump()
  }
  const workers = Array.from({ length: size }, () => {
    const worker = createWorker()
    const onError = (cause: unknown): void =>
      fail(new IsogenyError('ISOGENY_POOL', 'a worker of the pool failed', {}, { cause }))
    if (worker.on) {
      worker.on('message', (m) => onMessage(worker, m as PoolResponse))
      worker.on('error', onError)
    } else {
      worker.addEventListener?.('message', (event) => onMessage(worker, event.data as PoolResponse))
      worker.addEventListener?.('error', onError)
    }
    idle.push(worker)
    return worker
  })

  return {
    async verify(level, items, { signal, onProgress } = {}) {
      signal?.throwIfAborted()
      if (failure) throw failure
      const verdicts = new Array<boolean>(items.length)
      let done = 0
      const jobs: Job[] = []
      const parts: Promise<void>[] = []
      for (let at = 0; at < items.length; at += batchSize) {
        const slice = items.slice(at, at + batchSize)
        const part = new Promise<readonly boolean[]>((resolve, reject) => {
          jobs.push({ request: { id: nextId++, level, items: slice }, resolve, reject })
        })
        parts.push(
          part.then((answers) => {
            for (const [j, verdict] of answers.entries()) verdicts[at + j] = verdict
            done += answers.length
            onProgress?.(done, items.length)
          }),
        )
      }
      waiting.push(...jobs)
      const abort = (): void => {
        for (const job of jobs) {
          const index = waiting.indexOf(job)
          if (index >= 0) waiting.splice(index, 1)
          job.reject(signal?.reason)
        }
      }
      signal?.addEventListener('abort', abort, { once: true })
      pump()
      try {
        await Promise.all(parts)
      } finally {
        signal?.removeEventListener('abort', abort)
        await Promise.allSettled(parts)
      }
      return verdicts
    },
    async close() {
      fail(new IsogenyError('ISOGENY_POOL', 'the pool is closed'))
      await Promise.all(workers.map(async (worker) => void (await worker.terminate())))
    },
  }
}
