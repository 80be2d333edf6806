/** How a node ends: its first fault stops it, and what was opened is closed in the reverse order. */
import { NodeError } from './errors.ts'
import type { Logger } from './node-api.ts'
import { isClosedStore, storageFault } from './store/storage-fault.ts'

export interface LifecycleOptions {
  readonly dataDir: string | undefined
  readonly logger: Logger
  /** Told of the first fault, typed. */
  readonly onFault: ((fault: unknown) => void) | undefined
}

export class Lifecycle {
  readonly #options: LifecycleOptions
  readonly #closers: (() => Promise<unknown>)[] = []
  readonly #atFault: (() => void)[] = []
  #fault: unknown
  #closing = false

  constructor(options: LifecycleOptions) {
    this.#options = options
  }

  /** True once the node is being closed. */
  get closing(): boolean {
    return this.#closing
  }

  /** What the node cannot go on with, if anything. */
  get fault(): unknown {
    return this.#fault
  }

  /** Takes what has to be closed with the node. */
  readonly onClose = (close: () => Promise<unknown>): void => {
    this.#closers.push(close)
  }

  /** Takes what has to stop at once when there is a fault. */
  atFault(stop: () => void): void {
    this.#atFault.push(stop)
  }

  /** The node cannot go on. Faults that follow the first are not told. */
  readonly onFault = (reason: unknown): void => {
    if (this.#fault) return
    // A cache may still be on its way to the store when that is closed; for what has to be written, its closer waits.
    if (this.#closing && isClosedStore(reason)) return
    const { dataDir, logger, onFault } = this.#options
    const error = storageFault(reason, dataDir)
    this.#fault = error
    for (const stop of this.#atFault) stop()
    logger.error('the node cannot go on', {
      error: String(error),
      // Nobody foresaw it: where it happened is all there is to go on.
      ...(error instanceof NodeError || !(error instanceof Error) ? {} : { stack: error.stack }),
    })
    onFault?.(error)
  }

  /** Closes everything. What cannot be closed, because its last write failed, does not keep the rest open; rejects with it if that was no fault before. */
  async close(): Promise<void> {
    this.#closing = true
    const failed: unknown[] = []
    for (const close of this.#closers.reverse()) await close().catch((error) => failed.push(error))
    if (failed.length > 0 && !this.#fault) throw failed[0]
  }
}
