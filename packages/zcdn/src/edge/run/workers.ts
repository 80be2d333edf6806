import type { Clock } from '../../clock.ts'
import { CdnError } from '../../errors.ts'
import type { WorkerRequest, WorkerResponse } from './worker.ts'

/** What a pool needs of a worker: those of browsers and of `worker_threads` fit. It must run `@zos/zcdn/edge/worker`. */
export interface EdgeWorker {
  postMessage(message: unknown): void
  /** Ends it in the middle of whatever it runs; a promise resolves when it is gone. */
  terminate(): unknown
  on?(event: string, listener: (value: unknown) => void): unknown
  addEventListener?(event: string, listener: (event: { data: unknown }) => void): unknown
}

export interface WorkersOptions {
  readonly createWorker: () => EdgeWorker
  readonly size: number
  /** Jobs that may wait; one more is refused. */
  readonly maxQueue: number
  /** Jobs of one key that may run at once. */
  readonly maxPerKey: number
  readonly clock: Clock
}

export interface Job {
  /** Whose share of the workers it counts against. */
  readonly key: string
  readonly message: WorkerRequest
  readonly deadlineMs: number
  readonly signal?: AbortSignal | undefined
}

/** How long a worker may take to come up before it counts as failed. */
const START_MS = 30_000
/** Workers in a row that may fail before they are ready; then the pool gives up. */
const MAX_FAILED_STARTS = 3

interface Task extends Job {
  readonly resolve: (response: WorkerResponse) => void
  readonly reject: (error: unknown) => void
  readonly onAbort: () => void
}

interface Slot {
  readonly worker: EdgeWorker
  ready: boolean
  ended: boolean
  task?: Task | undefined
  cancelTimer: () => void
}

/** Workers that each do one job at a time and are ended, not asked, when one takes too long. */
export class Workers {
  /** Workers ended in the middle of a job: by deadline, by signal. */
  killed = 0
  private readonly options: WorkersOptions
  private readonly slots = new Set<Slot>()
  private readonly queue: Task[] = []
  private readonly running = new Map<string, number>()
  private failedStarts = 0
  private closed: CdnError | undefined

  constructor(options: WorkersOptions) {
    this.options = options
    for (let i = 0; i < options.size; i++) this.spawn()
  }

  get waiting(): number {
    return this.queue.length
  }

  get busy(): number {
    let busy = 0
    for (const slot of this.slots) if (slot.task) busy++
    return busy
  }

  /**
   * Runs a job on the next free worker.
   * @throws CdnError `CDN_EDGE_BUSY`, `CDN_EDGE_DEADLINE`, `CDN_EDGE_ENGINE`; the signal's reason
   */
  do(job: Job): Promise<WorkerResponse> {
    return new Promise((resolve, reject) => {
      if (this.closed) return reject(this.closed)
      if (job.signal?.aborted) return reject(job.signal.reason)
      if (this.queue.length >= this.options.maxQueue)
        return reject(
          new CdnError('CDN_EDGE_BUSY', `${this.queue.length} runs are waiting already`, {
            waiting: this.queue.length,
          }),
        )
      const onAbort = () => this.abort(task)
      const task: Task = { ...job, resolve, reject, onAbort }
      job.signal?.addEventListener('abort', onAbort, { once: true })
      this.queue.push(task)
      this.pump()
    })
  }

  /** Ends all workers; what waits or runs is refused. Resolves when they are gone. */
  async close(): Promise<void> {
    await this.fail(new CdnError('CDN_EDGE_BUSY', 'the pool is closed'))
  }

  private async fail(error: CdnError): Promise<void> {
    this.closed ??= error
    for (const task of this.queue.splice(0)) this.settle(task, () => task.reject(this.closed))
    await Promise.all([...this.slots].map((slot) => this.end(slot, this.closed!, false)))
  }

  private spawn(): void {
    const { createWorker, clock } = this.options
    const worker = createWorker()
    const slot: Slot = { worker, ready: false, ended: false, cancelTimer: () => {} }
    this.slots.add(slot)
    const onMessage = (message: unknown) => this.onMessage(slot, message as WorkerResponse)
    const onFailure = (cause: unknown) => {
      if (slot.ended) return
      const error = new CdnError('CDN_EDGE_ENGINE', 'a worker died', {}, { cause })
      if (!slot.ready && ++this.failedStarts >= MAX_FAILED_STARTS) void this.fail(error)
      else void this.end(slot, error, true)
    }
    if (worker.on) {
      worker.on('message', onMessage)
      worker.on('error', onFailure)
      worker.on('exit', onFailure)
    } else {
      worker.addEventListener?.('message', (event) => onMessage(event.data))
      worker.addEventListener?.('error', onFailure)
    }
    slot.cancelTimer = clock.after(START_MS, () => onFailure(new Error('it did not start')))
  }

  private onMessage(slot: Slot, response: WorkerResponse): void {
    if (slot.ended) return
    slot.cancelTimer()
    if (response.kind === 'ready') {
      slot.ready = true
      this.failedStarts = 0
    } else {
      const { task } = slot
      slot.task = undefined
      if (task) {
        this.leave(task)
        this.settle(task, () => task.resolve(response))
      }
    }
    this.pump()
  }

  private pump(): void {
    for (const slot of this.slots) {
      if (this.queue.length === 0) return
      if (!slot.ready || slot.ended || slot.task) continue
      const index = this.queue.findIndex(({ key }) => (this.running.get(key) ?? 0) < this.options.maxPerKey)
      if (index < 0) return
      const [task] = this.queue.splice(index, 1) as [Task]
      slot.task = task
      this.running.set(task.key, (this.running.get(task.key) ?? 0) + 1)
      slot.cancelTimer = this.options.clock.after(task.deadlineMs, () => {
        const { key, deadlineMs } = task
        const error = new CdnError('CDN_EDGE_DEADLINE', `not done after ${deadlineMs} ms`, {
          function: key,
          deadlineMs,
        })
        this.kill(slot, error)
      })
      slot.worker.postMessage(task.message)
    }
  }

  private abort(task: Task): void {
    const index = this.queue.indexOf(task)
    if (index >= 0) {
      this.queue.splice(index, 1)
      this.settle(task, () => task.reject(task.signal!.reason))
      return
    }
    for (const slot of this.slots) if (slot.task === task) this.kill(slot, task.signal!.reason)
  }

  private kill(slot: Slot, error: unknown): void {
    this.killed++
    void this.end(slot, error, true)
  }

  /** Ends a worker, then refuses its job: whoever hears of it knows that nothing runs any more. */
  private async end(slot: Slot, error: unknown, replace: boolean): Promise<void> {
    if (slot.ended) return
    slot.ended = true
    slot.cancelTimer()
    const { task } = slot
    try {
      await slot.worker.terminate()
    } finally {
      this.slots.delete(slot)
      if (task) {
        this.leave(task)
        this.settle(task, () => task.reject(error))
      }
      if (replace && !this.closed) {
        try {
          this.spawn()
        } catch (cause) {
          void this.fail(new CdnError('CDN_EDGE_ENGINE', 'no new worker can be made', {}, { cause }))
        }
        this.pump()
      }
    }
  }

  private leave({ key }: Task): void {
    const running = this.running.get(key)! - 1
    if (running > 0) this.running.set(key, running)
    else this.running.delete(key)
  }

  private settle(task: Task, settle: () => void): void {
    task.signal?.removeEventListener('abort', task.onAbort)
    settle()
  }
}
