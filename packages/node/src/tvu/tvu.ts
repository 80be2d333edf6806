/**
 * The node's transaction validating unit (docs/architecture.md): the transactions of received units go through the stages of
 * `@zos/pipeline` in the order of the units, and come out with their senders for the executor. Batches are filled across units: thirty
 * units with a few transactions each are one batch, not thirty.
 */
import { bytesToHex } from '@ethereumjs/util'
import type { Unit, UnitId } from '@zos/dag'
import { type Pipeline, type PipelineStats, pipeline, Rejection } from '@zos/pipeline'
import { type DecodedTx, decodeAny, type VerifiedTx, type VerifyStage } from '@zos/pipeline/tpu'
import { epochOfRound } from '@zos/zpos'
import type { SignedTransaction } from '../execution/signed-transaction.ts'
import { rawTransactionsOf } from '../ledger/transactions-message.ts'
import type { Hash } from '../state/account.ts'

/** Signatures checked in one go: some 15 ms of the event loop when they are checked in this thread. */
const BATCH = 256
/** A unit's transactions wait this long for those of the next unit. */
const LINGER_MS = 2
/** Units verified ahead of their commit; one beyond this is verified when its block comes. */
const MAX_AHEAD = 1_024
/** And transactions of such units: 100 MB of plain transfers. */
const MAX_TRANSACTIONS_AHEAD = 100_000

export interface TvuOptions {
  chainId: number
  verify: VerifyStage
  /** Batches verified at the same time: the number of workers. Default 1. */
  verifyConcurrency?: number
  /** A transaction whose signature this node has checked already. */
  known: (hash: Hash) => SignedTransaction | undefined
}

interface Job {
  /** In the unit's order; what does not decode or whose signature fits nobody stays undefined. */
  readonly signed: (SignedTransaction | undefined)[]
  readonly done: (signed: SignedTransaction[]) => void
  readonly failed: (error: unknown) => void
  left: number
}

interface Item {
  readonly job: Job
  readonly position: number
  readonly raw: Uint8Array
}

type Fetched = { readonly known: SignedTransaction } | { readonly decoded: DecodedTx }

export class Tvu {
  readonly #line: Pipeline<Item, SignedTransaction>
  readonly #ahead = new Map<UnitId, { epoch: number; count: number; senders: Promise<SignedTransaction[]> }>()
  #transactionsAhead = 0
  #pushing: Promise<void> = Promise.resolve()

  constructor({ chainId, verify, verifyConcurrency = 1, known }: TvuOptions) {
    this.#line = pipeline<Item>()
      .batch({ count: BATCH, lingerMs: LINGER_MS })
      .map('fetch', ({ raw }): Fetched | Rejection => {
        const decoded = decodeAny(raw, BigInt(chainId))
        if (decoded.status === 'invalid') return new Rejection(decoded.code)
        if (decoded.tx.kind !== 'evm') return new Rejection('malformed') // native transfers come with the bank of their own
        const before = known(bytesToHex(decoded.tx.id))
        return before ? { known: before } : { decoded: decoded.tx }
      })
      // A stage that fails must not look like a bad signature: nodes would disagree about the block.
      .stage('verify', verifyUnknown(verify), { concurrency: verifyConcurrency, retries: 2, onError: 'abort' })
      .start({
        onOutcome: (outcome) => {
          const { job, position } = outcome.input
          if (outcome.status === 'cancelled') job.failed(outcome.cause)
          else if (outcome.status === 'rejected' && outcome.reason.startsWith('stage-')) job.failed(outcome.detail)
          else if (outcome.status === 'ok') job.signed[position] = outcome.value
          if (--job.left === 0) job.done(job.signed.filter((one) => one !== undefined))
        },
      })
  }

  /** Transactions of units that no block has taken yet. */
  get ahead(): number {
    return this.#transactionsAhead
  }

  stats(): PipelineStats {
    return this.#line.stats()
  }

  /** Verifies the transactions of a unit before its block comes. Beyond what may be held ahead it does nothing. */
  prepare(unit: Unit): void {
    if (this.#ahead.has(unit.id) || this.#ahead.size >= MAX_AHEAD || this.#transactionsAhead >= MAX_TRANSACTIONS_AHEAD)
      return
    const raws = rawTransactionsOf(unit)
    if (raws.length === 0) return
    this.#transactionsAhead += raws.length
    const epoch = epochOfRound(unit.header.validator?.round ?? 0)
    this.#ahead.set(unit.id, { epoch, count: raws.length, senders: this.#verify(raws) })
  }

  /** The transactions of a unit with their senders, in order; `load` gets the unit if it was not prepared. */
  async transactionsOf(id: UnitId, load: () => Unit): Promise<SignedTransaction[]> {
    const ahead = this.#ahead.get(id)
    return ahead ? ahead.senders : this.#verify(rawTransactionsOf(load()))
  }

  /** A block has the unit. */
  forget(id: UnitId): void {
    this.#transactionsAhead -= this.#ahead.get(id)?.count ?? 0
    this.#ahead.delete(id)
  }

  /** The last block of `epoch` was executed: units of it that no block took by then none will. */
  endEpoch(epoch: number): void {
    for (const [id, unit] of this.#ahead) if (unit.epoch <= epoch) this.forget(id)
  }

  /** Finishes what is inside and takes no more. */
  async close(): Promise<void> {
    await this.#pushing
    await this.#line.close()
  }

  #verify(raws: readonly Uint8Array[]): Promise<SignedTransaction[]> {
    if (raws.length === 0) return Promise.resolve([])
    const verified = new Promise<SignedTransaction[]>((done, failed) => {
      const job: Job = { signed: new Array(raws.length), done, failed, left: raws.length }
      const push = async () => {
        for (const [position, raw] of raws.entries())
          while (!this.#line.tryPush({ job, position, raw })) await this.#line.ready()
      }
      // Units enter one after the other, so that they leave in that order; the pipeline makes them wait while it is full.
      this.#pushing = this.#pushing.then(push).catch(failed)
    })
    // Whoever executes the unit gets the failure; until then it is not unhandled.
    verified.catch(() => {})
    return verified
  }
}

function verifyUnknown(verify: VerifyStage) {
  return async (
    items: readonly Fetched[],
    context: Parameters<VerifyStage>[1],
  ): Promise<(SignedTransaction | Rejection)[]> => {
    const unknown = items.flatMap((item) => ('decoded' in item ? [item.decoded] : []))
    // Consensus gets a turn before each batch.
    await new Promise((resolve) => setImmediate(resolve))
    const verified = unknown.length > 0 ? await verify(unknown, context) : []
    let next = 0
    return items.map((item) => ('known' in item ? item.known : signed(verified[next++]!)))
  }
}

function signed(one: VerifiedTx | Rejection): SignedTransaction | Rejection {
  if (one instanceof Rejection) return one
  if (one.kind !== 'evm') return new Rejection('malformed')
  return { tx: one.tx, hash: bytesToHex(one.id), sender: bytesToHex(one.from) }
}
