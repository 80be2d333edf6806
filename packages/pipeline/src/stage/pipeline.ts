import { PipelineError } from '../errors.ts'
import { systemTimers, type Timers } from '../platform/timers.ts'
import { type BatchLimits, Engine, type NodeSpec, type StageContext } from './engine.ts'
import type { PipelineStats } from './metrics.ts'
import { type Outcome, Rejection } from './outcome.ts'

/** Works on a whole batch; returns one result for each item, in order: the value for the next stage, or `reject(reason)`. */
export type StageFunction<T, U> = (
  items: readonly T[],
  context: StageContext,
) => readonly (U | Rejection)[] | Promise<readonly (U | Rejection)[]>

/** How a stage runs: how many batches at once, in which order they leave, and what a failure does. */
export interface StageOptions {
  /** Batches in work at the same time. Default 1. */
  readonly concurrency?: number
  /** Batches waiting before this stage; more makes the stage before wait. Default 2. */
  readonly queue?: number
  /** `preserve` (default): batches leave in the order in which they came. `any`: as they finish. */
  readonly order?: 'preserve' | 'any'
  /** When the function throws: `reject` (default) ends the batch's items with `stage-failed`, `abort` ends the pipeline. */
  readonly onError?: 'reject' | 'abort'
  /** Milliseconds for one call; its items end with `stage-timeout` then. Default none. */
  readonly timeoutMs?: number
  /** Further attempts after a throw or a timeout. Default 0. */
  readonly retries?: number
}

/** What a pipeline gets when it starts. `I` goes in, `O` comes out. */
export interface PipelineOptions<I, O> {
  /** Aborts the pipeline. */
  readonly signal?: AbortSignal
  /** Size of an item in bytes, for `batch({ bytes })`. Default 0 for everything. */
  readonly sizeOf?: (item: I) => number
  /** Called for every outcome, in the order of the output. */
  readonly onOutcome?: (outcome: Outcome<I, O>) => void
  /** Default: the machine's clock. `manualTimers()` makes a run deterministic. */
  readonly timers?: Timers
}

/** Describes stages; `start()` makes it run. Immutable: every call returns a new description. */
export class PipelineBuilder<I, T> {
  readonly #nodes: readonly NodeSpec[]

  constructor(nodes: readonly NodeSpec[] = []) {
    this.#nodes = nodes
  }

  /** Groups items, whichever limit comes first. Before the first stage it sets the intake; later it groups anew. Bytes are those of the inputs. */
  batch(limits: Partial<BatchLimits>): PipelineBuilder<I, T> {
    const { count = 256, bytes = Number.POSITIVE_INFINITY, lingerMs = 0 } = limits
    requireInteger('batch count', count, 1)
    if (!(bytes > 0)) throw invalid('batch bytes', bytes, 'must be positive')
    if (!(lingerMs >= 0 && lingerMs < Number.POSITIVE_INFINITY))
      throw invalid('lingerMs', lingerMs, 'must be finite and not negative')
    return new PipelineBuilder([...this.#nodes, { batch: { count, bytes, lingerMs } }])
  }

  /** Adds a stage that works on batches. */
  stage<U>(name: string, run: StageFunction<T, U>, options: StageOptions = {}): PipelineBuilder<I, U> {
    const { concurrency = 1, queue = 2, order = 'preserve', onError = 'reject', retries = 0 } = options
    const timeoutMs = options.timeoutMs ?? Number.POSITIVE_INFINITY
    requireInteger('concurrency', concurrency, 1)
    requireInteger('queue', queue, 1)
    requireInteger('retries', retries, 0)
    if (!(timeoutMs > 0)) throw invalid('timeoutMs', timeoutMs, 'must be positive')
    const stage = {
      name,
      run: run as StageFunction<unknown, unknown>,
      concurrency,
      queue,
      order,
      onError,
      timeoutMs,
      retries,
    }
    const last = this.#nodes.at(-1)
    const intake: NodeSpec[] =
      last === undefined ? [{ batch: { count: 256, bytes: Number.POSITIVE_INFINITY, lingerMs: 0 } }] : []
    return new PipelineBuilder<I, U>([...this.#nodes, ...intake, { stage }])
  }

  /** Adds a stage from a function of one item. What it throws rejects that item alone, with reason `threw` and the error as detail. */
  map<U>(
    name: string,
    run: (item: T, context: StageContext) => U | Rejection | Promise<U | Rejection>,
    options: StageOptions = {},
  ): PipelineBuilder<I, U> {
    return this.stage<U>(
      name,
      (items, context) => {
        const results = items.map((item): U | Rejection | Promise<U | Rejection> => {
          try {
            const result = run(item, context)
            return result instanceof Promise ? result.catch((error: unknown) => new Rejection('threw', error)) : result
          } catch (error) {
            return new Rejection('threw', error)
          }
        })
        return results.some((result) => result instanceof Promise)
          ? Promise.all(results)
          : (results as (U | Rejection)[])
      },
      options,
    )
  }

  /** Starts a pipeline of these stages. */
  start(options: PipelineOptions<I, T> = {}): Pipeline<I, T> {
    if (!this.#nodes.some((node) => 'stage' in node))
      throw new PipelineError('PIPELINE_INVALID_ARGUMENT', 'a pipeline needs at least one stage', {})
    if (this.#nodes.some((node, i) => 'batch' in node && !(this.#nodes[i + 1] && 'stage' in this.#nodes[i + 1]!)))
      throw new PipelineError('PIPELINE_INVALID_ARGUMENT', 'batch() must be followed by a stage', {})
    return new Pipeline<I, T>(this.#nodes, options)
  }
}

/** A running pipeline. */
export class Pipeline<I, O> implements AsyncDisposable {
  readonly #engine: Engine
  readonly #sizeOf: (item: I) => number
  /** Bounded output of `run`: undefined while nobody iterates. */
  #output: { queue: Outcome<I, O>[]; wake: (() => void) | undefined } | undefined

  constructor(nodes: readonly NodeSpec[], options: PipelineOptions<I, O>) {
    this.#sizeOf = options.sizeOf ?? (() => 0)
    this.#engine = new Engine(
      nodes,
      options.timers ?? systemTimers,
      (outcome) => {
        options.onOutcome?.(outcome as Outcome<I, O>)
        if (!this.#output) return
        this.#output.queue.push(outcome as Outcome<I, O>)
        this.#output.wake?.()
      },
      () => this.#output === undefined || this.#output.queue.length === 0,
    )
    const { signal } = options
    if (signal?.aborted) this.abort(signal.reason)
    else signal?.addEventListener('abort', () => this.abort(signal.reason), { once: true, signal: this.#engine.signal })
  }

  /**
   * Waits for room, then for the end of the item. Rejects with `PIPELINE_CLOSED` or `PIPELINE_ABORTED` when the item was never
   * taken in, or with the signal's reason; an item taken in always resolves to its outcome.
   * With a signal, an item already inside is skipped by the stages that it has not reached.
   */
  async push(item: I, options: { readonly signal?: AbortSignal } = {}): Promise<Outcome<I, O>> {
    const { signal } = options
    signal?.throwIfAborted()
    while (!this.#engine.hasRoom && !this.#engine.closed) {
      await (signal ? Promise.race([this.#engine.room(), aborted(signal)]) : this.#engine.room())
      signal?.throwIfAborted()
    }
    this.#requireOpen()
    return new Promise((resolve) => {
      const entry = this.#engine.take(item, this.#sizeOf(item), (outcome) => {
        signal?.removeEventListener('abort', withdraw)
        resolve(outcome as Outcome<I, O>)
      })
      const withdraw = () => this.#engine.cancel(entry, signal?.reason)
      signal?.addEventListener('abort', withdraw, { once: true })
    })
  }

  /** Takes the item if there is room now; its outcome goes to `onOutcome`. False when full or closed: nothing is kept then. */
  tryPush(item: I): boolean {
    if (this.#engine.closed || !this.#engine.hasRoom) {
      this.#engine.refuse()
      return false
    }
    this.#engine.take(item, this.#sizeOf(item), undefined)
    return true
  }

  /** Resolves when `tryPush` would succeed. Throws when closed or aborted. */
  async ready(): Promise<void> {
    while (!this.#engine.hasRoom && !this.#engine.closed) await this.#engine.room()
    this.#requireOpen()
  }

  /**
   * Feeds a source through and yields every outcome in order; reads the source no faster than the outcomes are taken.
   * Leaving the loop early aborts the pipeline. Closes it at the end.
   */
  async *run(source: Iterable<I> | AsyncIterable<I>): AsyncGenerator<Outcome<I, O>, void, undefined> {
    this.#requireOpen()
    const output: { queue: Outcome<I, O>[]; wake: (() => void) | undefined } = { queue: [], wake: undefined }
    this.#output = output
    let fed = false
    let failure: { error: unknown } | undefined
    const feed = async () => {
      try {
        for await (const item of source) {
          while (!this.#engine.hasRoom && !this.#engine.closed) await this.#engine.room()
          if (this.#engine.closed) return
          this.#engine.take(item, this.#sizeOf(item), undefined)
        }
        this.#engine.closed = true
        await this.#engine.drain()
      } catch (error) {
        failure = { error }
        this.abort(error)
      } finally {
        fed = true
        output.wake?.()
      }
    }
    const feeding = feed()
    let finished = false
    try {
      for (;;) {
        while (output.queue.length > 0) yield output.queue.shift()!
        this.#engine.poke()
        if (fed && this.#engine.inside === 0 && output.queue.length === 0) break
        await new Promise<void>((wake) => {
          output.wake = wake
          if (output.queue.length > 0 || fed) wake()
        })
        output.wake = undefined
      }
      finished = true
    } finally {
      if (!finished) this.abort(new PipelineError('PIPELINE_ABORTED', 'the reader of run() stopped early', {}))
    }
    if (failure) throw failure.error
    await feeding
  }

  /** A web stream pair: items in, outcomes out, backpressure through both. */
  toWeb(): { readonly writable: WritableStream<I>; readonly readable: ReadableStream<Outcome<I, O>> } {
    const through = new TransformStream<I, I>(undefined, { highWaterMark: 1 }, { highWaterMark: 0 })
    const outcomes = this.run(iterate(through.readable))
    const readable = new ReadableStream<Outcome<I, O>>(
      {
        pull: async (controller) => {
          const next = await outcomes.next()
          if (next.done) controller.close()
          else controller.enqueue(next.value)
        },
        cancel: async () => {
          await outcomes.return()
        },
      },
      { highWaterMark: 0 },
    )
    return { writable: through.writable, readable }
  }

  /** Takes nothing more, lets everything inside finish, and resolves then. */
  async close(): Promise<void> {
    this.#engine.closed = true
    await this.#engine.drain()
  }

  /** Sends partial batches on without waiting for company, and resolves when nothing is inside. Items may still be pushed. */
  drain(): Promise<void> {
    return this.#engine.drain()
  }

  /** Ends at once: everything inside is `cancelled`, signals of running stages are aborted, their results ignored. */
  abort(cause: unknown): void {
    this.#engine.abort(cause)
  }

  stats(): PipelineStats {
    return this.#engine.stats()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #requireOpen(): void {
    if (this.#engine.signal.aborted)
      throw new PipelineError(
        'PIPELINE_ABORTED',
        'the pipeline was aborted; make a new one',
        {},
        { cause: this.#engine.signal.reason },
      )
    if (this.#engine.closed) throw new PipelineError('PIPELINE_CLOSED', 'the pipeline is closed; make a new one', {})
  }
}

/** Begins the description of a pipeline whose items are of type `I`. */
export function pipeline<I>(): PipelineBuilder<I, I> {
  return new PipelineBuilder<I, I>()
}

async function* iterate<T>(stream: ReadableStream<T>): AsyncGenerator<T> {
  const reader = stream.getReader()
  let done = false
  try {
    for (;;) {
      const next = await reader.read()
      if (next.done) break
      yield next.value
    }
    done = true
  } finally {
    if (!done) await reader.cancel()
    reader.releaseLock()
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}

function requireInteger(name: string, value: number, least: number): void {
  if (!Number.isSafeInteger(value) || value < least)
    throw invalid(name, value, `must be a whole number of at least ${least}`)
}

function invalid(name: string, value: unknown, rule: string): PipelineError {
  return new PipelineError('PIPELINE_INVALID_ARGUMENT', `${name} is ${value}: ${rule}`, { [name]: value })
}
