import { PipelineError } from '../errors.ts'
import { type Transferable, type WorkerLike, workerStage } from '../stage/worker-stage.ts'
import type { Access } from './conflicts.ts'
import type { ExecutionEngine, StateAccess } from './optimistic.ts'

interface Job<T, V> {
  readonly transaction: T
  readonly values: ReadonlyMap<string, V | undefined>
}

type Reply<V, R> =
  | { readonly result: R; readonly writes: readonly (readonly [string, V | undefined])[] }
  /** A key that was needed and not sent. */
  | { readonly missing: string }

/** The threads of {@link workerEngine} and what goes to them. */
export interface WorkerEngineOptions<T> {
  /** Workers; give `executeOptimistically` as many lanes. */
  readonly size: number
  /** Starts a worker that runs {@link serveEngine}; called `size` times, and again for one that crashed. */
  readonly spawn: () => WorkerLike
  /** What a transaction will probably touch: those values travel with it. What is missing is asked for, a round trip each. */
  readonly predict: (transaction: T) => Access
}

/** An engine on worker threads, for `executeOptimistically`. Transactions, values and results must survive structured cloning. */
export function workerEngine<T, V, R>(options: WorkerEngineOptions<T>): ExecutionEngine<T, V, R> & { close(): void } {
  const { size, spawn, predict } = options
  const stage = workerStage<Job<T, V>, Reply<V, R>>({
    size,
    spawn,
    encode: ([job]) => ({ message: job }),
    decode: (reply) => [reply as Reply<V, R>],
  })
  const { signal } = new AbortController()
  return {
    predict,
    async execute(transaction, state) {
      const { reads, writes } = predict(transaction)
      const values = new Map<string, V | undefined>()
      for (const key of [...reads, ...writes]) values.set(key, state.read(key))
      for (;;) {
        const [reply] = await stage.run([{ transaction, values }], { signal, stage: 'execute', attempt: 0 })
        const answer = reply as Reply<V, R>
        if ('missing' in answer) {
          values.set(answer.missing, state.read(answer.missing))
          continue
        }
        for (const [key, value] of answer.writes) state.write(key, value)
        return answer.result
      }
    },
    close: stage.close,
  }
}

class Missing {
  readonly key: string

  constructor(key: string) {
    this.key = key
  }
}

/** In the worker: the handler for `serveStage` (or `serveOnParentPort`) around a virtual machine. `execute` must be synchronous and must not catch what `read` throws. */
export function serveEngine<T, V, R>(
  execute: (transaction: T, state: StateAccess<V>) => R,
): (message: unknown) => Transferable {
  return (message) => {
    const { transaction, values } = message as Job<T, V>
    const writes = new Map<string, V | undefined>()
    const state: StateAccess<V> = {
      read(key) {
        if (writes.has(key)) return writes.get(key)
        if (!values.has(key)) throw new Missing(key)
        return values.get(key)
      },
      write: (key, value) => void writes.set(key, value),
    }
    try {
      const result = execute(transaction, state)
      if (result instanceof Promise)
        throw new PipelineError(
          'PIPELINE_INVALID_ARGUMENT',
          'the virtual machine of serveEngine must be synchronous',
          {},
        )
      return { message: { result, writes: [...writes] } satisfies Reply<V, R> }
    } catch (error) {
      if (error instanceof Missing) return { message: { missing: error.key } satisfies Reply<V, R> }
      throw error
    }
  }
}
