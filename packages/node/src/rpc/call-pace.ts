import type { Pace } from '../execution/pace.ts'
import { RpcCode, RpcError } from './rpc-error.ts'
import { nextTurn, SLICE_MS } from './turns.ts'

/** Time of the node that one request may take on the EVM, without the pauses. */
export interface CallLimits {
  /** Milliseconds for `eth_call`, and for each attempt of `eth_estimateGas`. Default 5,000. */
  readonly callMs?: number
  /** Milliseconds for traces and simulations, of which one request may have many transactions. Default 30,000. */
  readonly traceMs?: number
  /** Milliseconds since some moment. */
  readonly now?: () => number
  /** Lets everything else that waits have its turn. */
  readonly turn?: () => Promise<void>
}

export const DEFAULT_CALL_MS = 5_000
export const DEFAULT_TRACE_MS = 30_000
/** Paced opcodes between two looks at the clock; some 0.1 ms. */
const CHECK_EVERY = 128

/** The request took more of the node's time than it may. */
export class ExecutionTimeout extends RpcError {
  constructor(limitMs: number) {
    super(RpcCode.rejected, `execution timeout: the request needs more than ${limitMs} ms of this node`)
  }
}

/**
 * Paces the runs of one EVM: after every {@link SLICE_MS} the event loop turns, and a request that has used up its time ends with
 * {@link ExecutionTimeout}. One instruction and one precompile run to their end; the gas limit bounds them.
 */
export class CallPace implements Pace {
  readonly #now: () => number
  readonly #turn: () => Promise<void>
  #limitMs = 0
  #spentMs = 0
  #resumedAt = 0
  #steps = 0

  constructor({ now = () => performance.now(), turn = nextTurn }: CallLimits = {}) {
    this.#now = now
    this.#turn = turn
  }

  /** A request begins. */
  begin(limitMs: number): void {
    this.#limitMs = limitMs
    this.#spentMs = 0
    this.#steps = 0
    this.#resumedAt = this.#now()
  }

  /** Throws {@link ExecutionTimeout} when the request has used up its time: also after what it threw was caught on the way out. */
  check(): void {
    if (this.#spentMs > this.#limitMs) throw new ExecutionTimeout(this.#limitMs)
  }

  step(): Promise<void> | undefined {
    this.check()
    if (++this.#steps % CHECK_EVERY !== 0) return undefined
    const elapsedMs = this.#now() - this.#resumedAt
    if (elapsedMs < SLICE_MS) return undefined
    this.#spentMs += elapsedMs
    this.check()
    return this.#turn().then(() => {
      this.#resumedAt = this.#now()
    })
  }
}
