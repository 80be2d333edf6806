import { PipelineError } from '../errors.ts'
import { systemTimers, type Timers } from '../platform/timers.ts'
import type { StageContext } from './engine.ts'
import type { Rejection } from './outcome.ts'

/** A worker of any platform; `@zos/pipeline/node` makes one from node:worker_threads. */
export interface WorkerLike {
  postMessage(message: unknown, transfer: readonly ArrayBuffer[]): void
  onMessage(listener: (message: unknown) => void): void
  /** Called once when it ended or broke, for whatever reason. */
  onExit(listener: (reason: unknown) => void): void
  terminate(): void
}

/** A message with what moves along with it instead of being copied. */
export interface Transferable {
  readonly message: unknown
  readonly transfer?: readonly ArrayBuffer[]
}

/** How many workers there are, how they start, and how a batch becomes a message and back. */
export interface WorkerStageOptions<T, U> {
  /** Workers; give the stage the same `concurrency`. */
  readonly size: number
  /** Starts a worker; called `size` times at once, and again for each that ended. */
  readonly spawn: () => WorkerLike
  /** A batch as a message. */
  readonly encode: (items: readonly T[]) => Transferable
  /** The worker's answer as one result for each item. */
  readonly decode: (reply: unknown, items: readonly T[]) => readonly (U | Rejection)[]
  /** Clock of the pauses between restarts. Default: the machine's. */
  readonly timers?: Timers
}

/** So many workers in a row that ended without an answer: the next starts after a pause, and batches fail instead of waiting for it. */
const PATIENCE = 3
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 10_000

/**
 * A stage whose work runs on other threads, made by {@link workerStage}: hand `run` to `.stage()` with `size` as its
 * concurrency.
 */
export interface WorkerStage<T, U> {
  /** For `stage(name, run, { concurrency: size })`. */
  readonly run: (items: readonly T[], context: StageContext) => Promise<readonly (U | Rejection)[]>
  /** Workers started again after a crash. */
  readonly respawned: () => number
  /** Ends the workers; batches that they had fail. */
  close(): void
}

interface Slot {
  worker: WorkerLike
  job: { id: number; resolve: (reply: unknown) => void; reject: (error: unknown) => void } | undefined
}

/**
 * A stage that runs on workers. A worker that crashes fails only the batch it had (with `PIPELINE_WORKER_CRASHED`; `retries` of the
 * stage sends it to another) and is replaced, after a pause when several in a row ended without an answer. A call whose signal
 * aborts (a timeout) ends its worker, which may be in an endless loop.
 */
export function workerStage<T, U>(options: WorkerStageOptions<T, U>): WorkerStage<T, U> {
  const { size, spawn, encode, decode, timers = systemTimers } = options
  const idle: Slot[] = []
  const all = new Set<Slot>()
  const pauses = new Set<() => void>()
  let waiting: { resolve: (slot: Slot) => void; reject: (error: unknown) => void }[] = []
  /** Workers in a row that ended without an answer. */
  let failures = 0
  let jobs = 0
  let respawned = 0
  let closed = false

  function start(): void {
    const slot: Slot = { worker: spawn(), job: undefined }
    all.add(slot)
    slot.worker.onMessage((message) => {
      const { id, reply, error } = message as { id: number; reply?: unknown; error?: string }
      if (slot.job?.id !== id) return
      const { job } = slot
      failures = 0
      release(slot)
      if (error === undefined) job.resolve(reply)
      else job.reject(new Error(error))
    })
    slot.worker.onExit((reason) => {
      if (!all.delete(slot)) return
      const at = idle.indexOf(slot)
      if (at >= 0) idle.splice(at, 1)
      slot.job?.reject(
        new PipelineError('PIPELINE_WORKER_CRASHED', 'the worker ended while it had a batch', {}, { cause: reason }),
      )
      if (closed) return
      respawned++
      if (++failures < PATIENCE) start()
      else startLater(reason)
    })
    offer(slot)
  }
  /** What waits would wait in vain when no worker lives. */
  function startLater(reason: unknown): void {
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - PATIENCE))
    const cancel = timers.after(pause, () => {
      pauses.delete(cancel)
      start()
    })
    pauses.add(cancel)
    if (all.size > 0) return
    const given = waiting
    waiting = []
    for (const { reject } of given) reject(noWorker(reason))
  }
  const noWorker = (cause?: unknown) =>
    new PipelineError('PIPELINE_WORKER_CRASHED', 'no worker stays alive', { failures }, { cause })
  function release(slot: Slot): void {
    slot.job = undefined
    offer(slot)
  }
  function offer(slot: Slot): void {
    const next = waiting.shift()
    if (next) next.resolve(slot)
    else idle.push(slot)
  }
  for (let i = 0; i < size; i++) start()

  return {
    async run(items, { signal }) {
      if (all.size === 0) throw noWorker()
      const slot = idle.pop() ?? (await new Promise<Slot>((resolve, reject) => waiting.push({ resolve, reject })))
      const reply = await new Promise((resolve, reject) => {
        const cut = () => {
          slot.worker.terminate()
          reject(signal.reason)
        }
        signal.addEventListener('abort', cut, { once: true })
        const done =
          <A>(settle: (value: A) => void) =>
          (value: A) => {
            signal.removeEventListener('abort', cut)
            settle(value)
          }
        slot.job = { id: ++jobs, resolve: done(resolve), reject: done(reject) }
        const { message, transfer = [] } = encode(items)
        slot.worker.postMessage({ id: jobs, message }, transfer)
      })
      return decode(reply, items)
    },
    respawned: () => respawned,
    close() {
      closed = true
      for (const cancel of pauses) cancel()
      for (const slot of all) slot.worker.terminate()
    },
  }
}

/** The worker's side: answers every batch by `handle`. What it throws fails that batch. */
export function serveStage(
  port: {
    postMessage(message: unknown, transfer: readonly ArrayBuffer[]): void
    onMessage(listener: (message: unknown) => void): void
  },
  handle: (message: unknown) => Transferable | Promise<Transferable>,
): void {
  port.onMessage(async (envelope) => {
    const { id, message } = envelope as { id: number; message: unknown }
    try {
      const { message: reply, transfer = [] } = await handle(message)
      port.postMessage({ id, reply }, transfer)
    } catch (error) {
      port.postMessage({ id, error: error instanceof Error ? error.message : String(error) }, [])
    }
  })
}
