/** The privileged side of a node on a development network: puts operations into the node's units and tells what became of them. */
import { randomBytes } from 'node:crypto'
import type { Message } from '@zos/dag'
import { NodeError } from '../errors.ts'
import type { DerivedAccount } from '../genesis/accounts.ts'

import type { AddressHex } from '../state/account.ts'
import type { DevBlock, DevOutcome } from './dev-execution.ts'
import {
  type DevOperation,
  type DevRequest,
  devMessage,
  devRequestSize,
  MAX_DEV_BYTES,
  MAX_DEV_OPERATIONS,
} from './operations.ts'

/** An operation that no block holds after this long is given up: its unit may have been lost with a crash. */
const TIMEOUT_MS = 60_000
/** Operations that wait for a unit. */
const MAX_WAITING = 4_096
/** Blocks that one validator alone makes at once. */
const MAX_MINED = 10_000
/** How long several validators may be waited for. */
const MAX_WAIT_MS = 60_000

/** Links between the validators of a local network: who is in which part, how late and how lossy messages are. */
export interface DevLinks {
  /** Milliseconds that every message takes longer, up to 60,000. Default 0. */
  latencyMs?: number
  /** Share of gossiped units that are lost, 0 to 1. Default 0. */
  loss?: number
  /**
   * Indices of validators that reach each other; those that no group names reach nobody. Undefined or empty: all reach
   * all.
   */
  groups?: number[][]
}

/** What a local network hands to the nodes that serve it. */
export interface DevOptions {
  /** Accounts that `eth_sendTransaction` signs for. */
  accounts: readonly DerivedAccount[]
  /** Pays what `zos_dev_faucet` gives. */
  faucet?: DerivedAccount
  /** Changes the links of the whole network. */
  setLinks?: (links: DevLinks) => Promise<void>
}

export interface DevControlOptions extends DevOptions {
  /** A node without a stake makes no units. */
  isValidator: boolean
  /** True if this validator alone is the committee. */
  alone: boolean
  roundIntervalMs: number
  head: () => { number: number; timestamp: number }
  hasWork: () => boolean
  /** Something waits for a unit. */
  wake: () => void
  onBlock: (listener: (number: number) => void) => () => void
}

export class DevControl {
  readonly options: DevControlOptions
  readonly impersonated = new Set<AddressHex>()
  autoImpersonate = false
  /** For the block of the next transaction, or of `mine`. */
  #next = new Map<'timestamp' | 'baseFee' | 'prevRandao', DevOperation>()
  #waiting: DevRequest[] = []
  readonly #outcomes = new Map<string, (outcome: DevOutcome) => void>()
  #mineUntil = 0

  constructor(options: DevControlOptions) {
    this.options = options
  }

  /** Puts `operations` into one unit; resolves with what became of the last once a block holds them. Errors: `NODE_DEVNET_REFUSED`. */
  async apply(...operations: DevOperation[]): Promise<bigint | undefined> {
    this.#checkServes()
    if (this.#waiting.length + operations.length > MAX_WAITING) throw refused('too many operations wait for a unit')
    const requests = operations.map((operation) => ({ id: randomBytes(8).toString('hex'), operation }))
    const outcomes = requests.map((request) => this.#outcome(request.id))
    this.#waiting.push(...requests)
    this.options.wake()
    let last: bigint | undefined
    for (const outcome of await Promise.all(outcomes)) {
      if (!outcome.done) throw refused(outcome.reason)
      last = outcome.value
    }
    return last
  }

  /** Changes the block that the next transaction sent through this node is in, or the next one that is mined. */
  setNext(operation: Extract<DevOperation, { type: 'timestamp' | 'baseFee' | 'prevRandao' }>): void {
    this.#checkServes()
    this.#next.set(operation.type, operation)
  }

  /** Wei per gas that the next transaction's block was given. */
  get nextBaseFee(): bigint | undefined {
    const operation = this.#next.get('baseFee')
    return operation?.type === 'baseFee' ? operation.value : undefined
  }

  /** Resolves when `blocks` more blocks are there. One validator alone makes them at once. */
  async mine(blocks: number): Promise<void> {
    this.#checkServes()
    if (blocks < 1) return
    const { alone, roundIntervalMs } = this.options
    if (blocks > MAX_MINED) throw refused(`at most ${MAX_MINED} blocks are mined at once`)
    const wait = blocks * 2 * roundIntervalMs
    if (!alone && wait > MAX_WAIT_MS)
      throw refused(
        `${blocks} blocks of several validators take ${Math.round(wait / 1000)} s; a network with --validators 1 makes them at once`,
      )
    if (this.#next.size > 0) await this.apply(...this.#takeNext().map(({ operation }) => operation))
    else await this.#reach(this.options.head().number + 1)
    await this.#reach(this.options.head().number + blocks - 1)
  }

  /** For the producer: what goes into the next unit. */
  messages(hasTransactions: boolean): Message[] {
    const requests =
      hasTransactions || this.#waiting.some(({ operation }) => operation.type === 'transaction') ? this.#takeNext() : []
    let bytes = 0
    while (this.#waiting.length > 0 && requests.length < MAX_DEV_OPERATIONS) {
      bytes += devRequestSize(this.#waiting[0]!)
      if (bytes > MAX_DEV_BYTES && requests.length > 0) break
      requests.push(this.#waiting.shift()!)
    }
    return requests.length > 0 ? [devMessage(requests)] : []
  }

  /** For the producer: one validator alone does not wait while a client does. */
  hurry(): boolean {
    const { alone, hasWork, head } = this.options
    return alone && (this.#outcomes.size > 0 || head().number < this.#mineUntil || hasWork())
  }

  /** For the executor: a block with operations was executed. */
  settle({ outcomes }: DevBlock): void {
    for (const [id, outcome] of outcomes) this.#outcomes.get(id)?.(outcome)
  }

  mayImpersonate(address: AddressHex): boolean {
    return this.autoImpersonate || this.impersonated.has(address)
  }

  #takeNext(): DevRequest[] {
    const requests = [...this.#next.values()].map((operation) => ({ id: randomBytes(8).toString('hex'), operation }))
    this.#next.clear()
    return requests
  }

  #outcome(id: string): Promise<DevOutcome> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#outcomes.delete(id)
        reject(refused(`no block holds the operation after ${TIMEOUT_MS / 1000} s; does the network make blocks?`))
      }, TIMEOUT_MS)
      timer.unref()
      this.#outcomes.set(id, (outcome) => {
        clearTimeout(timer)
        this.#outcomes.delete(id)
        resolve(outcome)
      })
    })
  }

  async #reach(target: number): Promise<void> {
    const { head, onBlock, wake } = this.options
    if (head().number >= target) return
    this.#mineUntil = Math.max(this.#mineUntil, target)
    let stop: (() => void) | undefined
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(refused('the network makes no blocks')), 2 * MAX_WAIT_MS)
      timer.unref()
      stop = onBlock((number) => {
        if (number < target) return
        clearTimeout(timer)
        resolve()
      })
      wake()
    }).finally(() => stop?.())
  }

  #checkServes(): void {
    if (!this.options.isValidator) throw refused('this node makes no units; ask one of the validators')
  }
}

/** An operation that a development network cannot do honestly. */
export function refused(message: string): NodeError {
  return new NodeError('NODE_DEVNET_REFUSED', message)
}
