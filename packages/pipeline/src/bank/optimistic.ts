/**
 * Optimistic parallel execution with the result of the serial order. Transactions run on several lanes ahead of their turn, each
 * on the state committed so far, and note every key they read with its version. They commit strictly in order; one that read
 * something which changed meanwhile runs again, now with nothing before it, so that it cannot fail twice for that reason.
 * What a transaction reads at commit is thus exactly what it would have read serially; predictions only save repeated work.
 */
import { PipelineError } from '../errors.ts'
import type { Access } from './conflicts.ts'

/** The state before the first transaction. */
export interface StateReader<V> {
  get(key: string): V | undefined
}

/** What an engine may do with the state while it executes one transaction. Reads see its own writes. */
export interface StateAccess<V> {
  read(key: string): V | undefined
  /** `undefined` deletes. */
  write(key: string, value: V | undefined): void
}

/** A virtual machine. Must be a function of the transaction and what it reads; may answer later (a worker), must not keep `state`. */
export interface ExecutionEngine<T, V, R> {
  /** `lane`, 0 … lanes − 1, is never used by two executions at once. */
  execute(transaction: T, state: StateAccess<V>, lane: number): R | Promise<R>
  /** What it will probably touch; need be neither complete nor right. Known conflicts wait instead of running twice. */
  predict?(transaction: T): Access
}

/** How {@link executeOptimistically} runs. */
export interface OptimisticOptions {
  /** Executions at the same time. Default 4. */
  readonly lanes?: number
  /** Looked at before each commit; the promise rejects with its reason, and the results so far are dropped. */
  readonly signal?: AbortSignal
  /** After each commit. */
  readonly onProgress?: (committed: number, total: number) => void
}

/**
 * What the transactions did, as if they had run one after the other. The base state is untouched: apply `writes` to it.
 */
export interface OptimisticResult<V, R> {
  /** In the order of the transactions. */
  readonly results: R[]
  /** The last value of every key written; undefined: deleted. */
  readonly writes: Map<string, V | undefined>
  /** Executions thrown away. */
  readonly repeated: number
}

interface Execution<V, R> {
  readonly reads: Map<string, number>
  readonly writes: Map<string, V | undefined>
  result: R
}

/** Executes `transactions` as if one after the other. What the engine throws in a final execution is thrown, after nothing later committed. */
export async function executeOptimistically<T, V, R>(
  transactions: readonly T[],
  engine: ExecutionEngine<T, V, R>,
  base: StateReader<V>,
  options: OptimisticOptions = {},
): Promise<OptimisticResult<V, R>> {
  const { lanes = 4, signal, onProgress } = options
  if (!Number.isSafeInteger(lanes) || lanes < 1)
    throw new PipelineError('PIPELINE_INVALID_ARGUMENT', `lanes is ${lanes}: must be a whole number of at least 1`, {
      lanes,
    })
  const state = new Map<string, V | undefined>()
  /** Which transaction wrote a key last, plus 1; 0: none of ours. */
  const versions = new Map<string, number>()
  const results: R[] = []
  let repeated = 0

  async function attempt(
    index: number,
    lane: number,
  ): Promise<Execution<V, R> | { readonly failure: unknown; readonly reads: Map<string, number> }> {
    const reads = new Map<string, number>()
    const seen = new Map<string, V | undefined>()
    const writes = new Map<string, V | undefined>()
    const access: StateAccess<V> = {
      read(key) {
        if (writes.has(key)) return writes.get(key)
        if (reads.has(key)) return seen.get(key)
        const value = state.has(key) ? state.get(key) : base.get(key)
        reads.set(key, versions.get(key) ?? 0)
        seen.set(key, value)
        return value
      },
      write: (key, value) => void writes.set(key, value),
    }
    try {
      return { reads, writes, result: await engine.execute(transactions[index]!, access, lane) }
    } catch (failure) {
      return { failure, reads }
    }
  }
  const fresh = ({ reads }: { readonly reads: Map<string, number> }) => {
    for (const [key, version] of reads) if ((versions.get(key) ?? 0) !== version) return false
    return true
  }

  const predictions = engine.predict ? transactions.map((transaction) => engine.predict!(transaction)) : undefined
  const pending = new Map<number, ReturnType<typeof attempt>>()
  const laneOf = new Map<number, number>()
  const freeLanes = Array.from({ length: lanes }, (_, lane) => lane)
  let started = 0
  /** True when a transaction that runs or waits to commit will probably write what this one touches. */
  const hopeless = (index: number) => {
    if (!predictions) return false
    const mine = predictions[index]!
    for (const other of pending.keys())
      for (const key of predictions[other]!.writes)
        if (mine.reads.includes(key) || mine.writes.includes(key)) return true
    return false
  }
  const fill = () => {
    while (started < transactions.length && freeLanes.length > 0 && !hopeless(started)) {
      const lane = freeLanes.pop()!
      laneOf.set(started, lane)
      pending.set(started, attempt(started, lane))
      started++
    }
  }

  for (let turn = 0; turn < transactions.length; turn++) {
    signal?.throwIfAborted()
    fill()
    const lane = laneOf.get(turn)!
    let execution = await pending.get(turn)!
    if (!fresh(execution)) {
      repeated++
      execution = await attempt(turn, lane)
    }
    pending.delete(turn)
    laneOf.delete(turn)
    freeLanes.push(lane)
    if ('failure' in execution) {
      await Promise.all(pending.values())
      throw execution.failure
    }
    for (const [key, value] of execution.writes) {
      state.set(key, value)
      versions.set(key, turn + 1)
    }
    results.push(execution.result)
    onProgress?.(turn + 1, transactions.length)
  }
  return { results, writes: state, repeated }
}
