/**
 * The machine behind `pipeline()`: a chain of nodes (batchers and stages) with bounded queues. All movement happens in one
 * function, `pump`, run in a microtask after anything changed, from the last node to the first, so that room at the end is
 * used before more is taken in. No timers, no clocks but the port: the same inputs give the same run.
 */
import { PipelineError } from '../errors.ts'
import type { Timers } from '../platform/timers.ts'
import { Histogram, type PipelineStats, type StageStats } from './metrics.ts'
import { type Outcome, Rejection } from './outcome.ts'

/** One item on its way. */
export interface Entry {
  readonly input: unknown
  readonly pushedAt: number
  readonly bytes: number
  value: unknown
  /** Set when the item has ended early; later stages skip it, its outcome is delivered in its place in the order. */
  outcome: Outcome<unknown, unknown> | undefined
  readonly settle: ((outcome: Outcome<unknown, unknown>) => void) | undefined
}

/** When a batch goes on to its stage: at whichever limit comes first. */
export interface BatchLimits {
  /** Items a batch. Default 256. */
  readonly count: number
  /** Bytes a batch, by `sizeOf`; the last item may go over it. Default no limit. */
  readonly bytes: number
  /** How long the first item of a batch may wait for company, in milliseconds. Default 0: until the next microtask. */
  readonly lingerMs: number
}

/** What a stage function is told about the call, beside its items. */
export interface StageContext {
  /** Aborted when the pipeline is aborted or this call has timed out. */
  readonly signal: AbortSignal
  /** The stage's name, for messages. */
  readonly stage: string
  /** 0 for the first attempt. */
  readonly attempt: number
}

export interface StageSpec {
  readonly name: string
  readonly run: (items: readonly unknown[], context: StageContext) => readonly unknown[] | Promise<readonly unknown[]>
  readonly concurrency: number
  readonly queue: number
  readonly order: 'preserve' | 'any'
  readonly onError: 'reject' | 'abort'
  readonly timeoutMs: number
  readonly retries: number
}

export type NodeSpec = { readonly batch: BatchLimits } | { readonly stage: StageSpec }

interface Batch {
  readonly entries: Entry[]
}

/** Collects entries into batches. */
class Batcher {
  readonly limits: BatchLimits
  entries: Entry[] = []
  bytes = 0
  due = false
  cancelTimer: (() => void) | undefined

  constructor(limits: BatchLimits) {
    this.limits = limits
  }

  get full(): boolean {
    return this.entries.length >= this.limits.count || this.bytes >= this.limits.bytes
  }
}

/** Runs a stage over batches. */
class Stage {
  readonly spec: StageSpec
  /** Waiting batches, oldest first. */
  queue: Batch[] = []
  /** Batches in work or finished and not yet handed on, in order of arrival. */
  active: { batch: Batch; done: boolean }[] = []
  running = 0
  entered = 0
  passed = 0
  rejected = 0
  failed = 0
  busyMs = 0
  busySince = 0
  readonly batchSize = new Histogram()
  readonly latencyMs = new Histogram()

  constructor(spec: StageSpec) {
    this.spec = spec
  }

  get hasRoom(): boolean {
    return this.queue.length < this.spec.queue
  }
}

export class Engine {
  readonly #timers: Timers
  readonly #nodes: (Batcher | Stage)[]
  readonly #deliver: (outcome: Outcome<unknown, unknown>) => void
  readonly #outputHasRoom: () => boolean
  readonly #abort = new AbortController()
  readonly #startedAt: number
  readonly #latencyMs = new Histogram()
  #roomWaiters: (() => void)[] = []
  #emptyWaiters: (() => void)[] = []
  #pumpQueued = false
  #accepted = 0
  #ended = 0
  #refused = 0
  closed = false

  constructor(
    specs: readonly NodeSpec[],
    timers: Timers,
    deliver: (outcome: Outcome<unknown, unknown>) => void,
    outputHasRoom: () => boolean,
  ) {
    this.#timers = timers
    this.#deliver = deliver
    this.#outputHasRoom = outputHasRoom
    this.#nodes = specs.map((spec) => ('batch' in spec ? new Batcher(spec.batch) : new Stage(spec.stage)))
    this.#startedAt = timers.now()
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  /** True when an item would be taken at once. */
  get hasRoom(): boolean {
    return !(this.#nodes[0] as Batcher).full
  }

  /** Takes one item; the caller has checked `hasRoom`. */
  take(input: unknown, bytes: number, settle: Entry['settle']): Entry {
    const entry: Entry = { input, pushedAt: this.#timers.now(), bytes, value: input, outcome: undefined, settle }
    this.#accepted++
    this.#add(this.#nodes[0] as Batcher, entry)
    this.#schedule()
    return entry
  }

  refuse(): void {
    this.#refused++
  }

  /** Resolves when there may be room; ask again then. */
  room(): Promise<void> {
    return new Promise((resolve) => this.#roomWaiters.push(resolve))
  }

  /** Ends one item where it is; it still leaves in its turn. */
  cancel(entry: Entry, cause: unknown): void {
    entry.outcome ??= { status: 'cancelled', input: entry.input, cause }
  }

  /** Sends partial batches on and resolves when nothing is inside. */
  drain(): Promise<void> {
    if (this.inside === 0) return Promise.resolve()
    this.#schedule()
    return new Promise((resolve) => this.#emptyWaiters.push(resolve))
  }

  get inside(): number {
    return this.#accepted - this.#ended
  }

  /** Ends everything inside with `cancelled`, in order. Results of calls still running are ignored. */
  abort(cause: unknown): void {
    if (this.#abort.signal.aborted) return
    this.closed = true
    this.#abort.abort(cause)
    const inside: Entry[] = []
    for (const node of [...this.#nodes].reverse()) {
      if (node instanceof Batcher) {
        node.cancelTimer?.()
        inside.push(...node.entries)
        node.entries = []
        node.bytes = 0
      } else {
        for (const { batch } of node.active) inside.push(...batch.entries)
        for (const batch of node.queue) inside.push(...batch.entries)
        node.active = []
        node.queue = []
      }
    }
    for (const entry of inside) {
      this.cancel(entry, cause)
      this.#end(entry)
    }
    this.#wake()
  }

  /** Something outside changed (room in the output, say). */
  poke(): void {
    this.#schedule()
  }

  stats(): PipelineStats {
    const now = this.#timers.now()
    const elapsedMs = now - this.#startedAt
    const stages = this.#nodes
      .filter((node): node is Stage => node instanceof Stage)
      .map((node): StageStats => {
        const busyMs = node.busyMs + (node.running > 0 ? now - node.busySince : 0)
        return {
          name: node.spec.name,
          in: node.entered,
          out: node.passed,
          rejected: node.rejected,
          failed: node.failed,
          queued: node.queue.length,
          running: node.running,
          busy: elapsedMs > 0 ? Math.min(1, busyMs / elapsedMs) : 0,
          batchSize: node.batchSize.summary(),
          latencyMs: node.latencyMs.summary(),
        }
      })
    return {
      accepted: this.#accepted,
      ended: this.#ended,
      inside: this.inside,
      refused: this.#refused,
      elapsedMs,
      latencyMs: this.#latencyMs.summary(),
      stages,
    }
  }

  #schedule(): void {
    if (this.#pumpQueued) return
    this.#pumpQueued = true
    queueMicrotask(() => {
      this.#pumpQueued = false
      this.#pump()
    })
  }

  #pump(): void {
    let moved = true
    while (moved && !this.#abort.signal.aborted) {
      moved = false
      for (let i = this.#nodes.length - 1; i >= 0; i--) {
        const node = this.#nodes[i]!
        if (node instanceof Batcher ? this.#pumpBatcher(node, i) : this.#pumpStage(node, i)) moved = true
      }
    }
    this.#wake()
  }

  #wake(): void {
    if (this.hasRoom || this.closed) for (const wake of this.#roomWaiters.splice(0)) wake()
    if (this.inside === 0) for (const wake of this.#emptyWaiters.splice(0)) wake()
  }

  #pumpBatcher(node: Batcher, index: number): boolean {
    if (node.entries.length === 0) return false
    const next = this.#nodes[index + 1] as Stage
    const flush = node.full || node.due || this.#upstreamDone(index)
    if (!flush || !next.hasRoom) return false
    node.cancelTimer?.()
    node.cancelTimer = undefined
    node.due = false
    // A full batcher holds at most one batch more than its limit by the last item's bytes.
    next.queue.push({ entries: node.entries })
    node.entries = []
    node.bytes = 0
    return true
  }

  /** Nothing more can reach node `index` from before it: a closed pipeline need not wait for company. */
  #upstreamDone(index: number): boolean {
    if (!this.closed && this.#emptyWaiters.length === 0) return false
    for (let i = 0; i < index; i++) {
      const node = this.#nodes[i]!
      if (node instanceof Batcher ? node.entries.length > 0 : node.queue.length + node.active.length > 0) return false
    }
    return true
  }

  #pumpStage(node: Stage, index: number): boolean {
    let moved = this.#handOn(node, index)
    while (node.queue.length > 0 && node.active.length < node.spec.concurrency) {
      const slot = { batch: node.queue.shift()!, done: false }
      node.active.push(slot)
      this.#start(node, slot)
      moved = true
      if (slot.done) this.#handOn(node, index)
    }
    return moved
  }

  /** Passes finished batches to the next node, in order of arrival unless the stage says otherwise. */
  #handOn(node: Stage, index: number): boolean {
    let moved = false
    for (;;) {
      const at = node.spec.order === 'preserve' ? (node.active[0]?.done ? 0 : -1) : node.active.findIndex((s) => s.done)
      if (at < 0 || !this.#forward(node.active[at]!.batch, index + 1)) return moved
      node.active.splice(at, 1)
      moved = true
    }
  }

  /** Puts a whole batch into node `index`, or out at the end. False when there is no room. */
  #forward(batch: Batch, index: number): boolean {
    const next = this.#nodes[index]
    if (next === undefined) {
      if (!this.#outputHasRoom()) return false
      for (const entry of batch.entries) this.#end(entry)
      return true
    }
    if (next instanceof Stage) {
      if (!next.hasRoom) return false
      next.queue.push(batch)
      return true
    }
    if (next.full) return false
    // Re-batching: what does not fit stays with the batch until the batcher has room again.
    while (batch.entries.length > 0 && !next.full) this.#add(next, batch.entries.shift()!)
    if (batch.entries.length === 0) return true
    this.#schedule() // the batcher has become full: it may move on now
    return false
  }

  #add(batcher: Batcher, entry: Entry): void {
    batcher.entries.push(entry)
    batcher.bytes += entry.bytes
    if (batcher.entries.length > 1 || batcher.full) return
    if (batcher.limits.lingerMs === 0) {
      batcher.due = true
      return
    }
    batcher.cancelTimer = this.#timers.after(batcher.limits.lingerMs, () => {
      batcher.cancelTimer = undefined
      batcher.due = true
      this.#schedule()
    })
  }

  #start(node: Stage, slot: { batch: Batch; done: boolean }): void {
    const live = slot.batch.entries.filter((entry) => entry.outcome === undefined)
    node.entered += live.length
    if (live.length === 0) {
      slot.done = true
      return
    }
    const startedAt = this.#timers.now()
    if (node.running++ === 0) node.busySince = startedAt
    node.batchSize.record(live.length)
    const finish = (settle: () => void) => {
      const now = this.#timers.now()
      node.latencyMs.record(now - startedAt)
      if (--node.running === 0) node.busyMs += now - node.busySince
      if (this.#abort.signal.aborted) return
      settle()
      slot.done = true
    }
    const succeed = (results: readonly unknown[]) => finish(() => this.#apply(node, live, results))
    const fail = (error: unknown) => finish(() => this.#fail(node, live, error))
    let answer: readonly unknown[] | Promise<readonly unknown[]>
    try {
      answer = this.#call(node, live, 0)
    } catch (error) {
      fail(error)
      return
    }
    if (!(answer instanceof Promise)) {
      succeed(answer)
      return
    }
    answer.then(succeed, fail).then(() => this.#schedule())
  }

  /** Calls the stage, with its time limit and retries. Synchronous stages stay synchronous on success. */
  #call(node: Stage, live: readonly Entry[], attempt: number): readonly unknown[] | Promise<readonly unknown[]> {
    const { spec } = node
    const controller = new AbortController()
    const signal =
      spec.timeoutMs === Number.POSITIVE_INFINITY
        ? this.#abort.signal
        : AbortSignal.any([this.#abort.signal, controller.signal])
    const again = (error: unknown) => {
      if (attempt >= spec.retries || this.#abort.signal.aborted) throw error
      return this.#call(node, live, attempt + 1)
    }
    let answer: readonly unknown[] | Promise<readonly unknown[]>
    try {
      answer = spec.run(
        live.map((entry) => entry.value),
        { signal, stage: spec.name, attempt },
      )
    } catch (error) {
      return again(error)
    }
    if (!(answer instanceof Promise)) return answer
    if (spec.timeoutMs === Number.POSITIVE_INFINITY) return answer.catch(again)
    const pending = answer
    return new Promise<readonly unknown[]>((resolve, rejectWith) => {
      const cancel = this.#timers.after(spec.timeoutMs, () => {
        const error = new PipelineError(
          'PIPELINE_STAGE_TIMEOUT',
          `stage "${spec.name}" did not answer within ${spec.timeoutMs} ms`,
          { stage: spec.name, timeoutMs: spec.timeoutMs },
        )
        controller.abort(error)
        rejectWith(error)
      })
      pending.then(resolve, rejectWith).then(cancel)
    }).catch(again)
  }

  #apply(node: Stage, live: readonly Entry[], results: readonly unknown[]): void {
    if (!Array.isArray(results) || results.length !== live.length) {
      const error = new PipelineError(
        'PIPELINE_STAGE_RESULT',
        `stage "${node.spec.name}" returned ${results?.length} results for ${live.length} items; it must return one for each`,
        { stage: node.spec.name, items: live.length, results: results?.length },
      )
      this.#fail(node, live, error)
      return
    }
    for (let i = 0; i < live.length; i++) {
      const entry = live[i]!
      const result = results[i]
      if (result instanceof Rejection) {
        node.rejected++
        const { reason, detail } = result
        entry.outcome ??= { status: 'rejected', input: entry.input, stage: node.spec.name, reason, detail }
      } else {
        node.passed++
        entry.value = result
      }
    }
  }

  #fail(node: Stage, live: readonly Entry[], error: unknown): void {
    node.failed += live.length
    const reason =
      error instanceof PipelineError && error.code === 'PIPELINE_STAGE_TIMEOUT' ? 'stage-timeout' : 'stage-failed'
    for (const entry of live)
      entry.outcome ??= { status: 'rejected', input: entry.input, stage: node.spec.name, reason, detail: error }
    if (node.spec.onError === 'abort') queueMicrotask(() => this.abort(error))
  }

  #end(entry: Entry): void {
    this.#ended++
    this.#latencyMs.record(this.#timers.now() - entry.pushedAt)
    const outcome = entry.outcome ?? { status: 'ok', input: entry.input, value: entry.value }
    entry.settle?.(outcome)
    this.#deliver(outcome)
  }
}
