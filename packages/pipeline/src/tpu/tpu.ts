/**
 * The two presets over the same stages: the TPU takes transactions from clients (verify → bank → write), the TVU replays what
 * others, or this node before a restart, have ordered (verify → bank).
 */
import type { Bank, TransferVerdict } from '../bank/bank.ts'
import { systemTimers, type Timers } from '../platform/timers.ts'
import type { PipelineStats } from '../stage/metrics.ts'
import { type Outcome, Rejection } from '../stage/outcome.ts'
import { type Pipeline, pipeline, type StageFunction } from '../stage/pipeline.ts'
import type { Verifier } from '../verify/port.ts'
import { fingerprint, Intake, type IntakeLimits } from './intake.ts'
import { packSignatures, signatureChecker, unpackSignatures } from './signatures.ts'
import { type DecodedTx, decodeAny, type VerifiedTx } from './transaction.ts'

/**
 * Checks the signatures of a batch: the transaction with its sender for each item, or a rejection with reason
 * `signature`.
 */
export type VerifyStage = StageFunction<DecodedTx, VerifiedTx>
/** Judges verified transactions in order and applies them; what it rejects is not written. */
export type BankStage = StageFunction<VerifiedTx, VerifiedTx>
/** Resolves when the batch is durable. A failure aborts the TPU: its bank is ahead of the disk then, and must be loaded again. */
export type WriteStage = (batch: readonly VerifiedTx[]) => Promise<unknown>

/**
 * The stages that TPU and TVU share. `verifyHere`, `verifyOnWorkers` and `verifyOnGpu` make the first, `bankStage` the
 * second for plain transfers.
 */
export interface StageSet {
  readonly verify: VerifyStage
  /** Batches verified at the same time: the number of workers. Default 1. */
  readonly verifyConcurrency?: number
  readonly bank: BankStage
}

/** What a TPU is assembled from: verify, bank, write, and the limits of its intake. */
export interface TpuOptions extends StageSet {
  /** Transactions for other chains are refused as `chain-mismatch`. */
  readonly chainId: bigint
  /** Makes a batch durable, for example with `Journal` of `@zos/pipeline/journal`. Up to 16 batches are given to it at once. */
  readonly write: WriteStage
  /** Bounds for each source; defaults are those of {@link IntakeLimits}. */
  readonly limits?: IntakeLimits
  /** When a batch begins its way: default 512 items or 5 ms, which with a durable write keeps a hop under 60 ms. */
  readonly batch?: { readonly count?: number; readonly lingerMs?: number }
  /** Default: the machine's clock. `manualTimers()` makes a run deterministic. */
  readonly timers?: Timers
  /** Aborts the TPU: what is inside gets the receipt `failed`. */
  readonly signal?: AbortSignal
}

/** What became of a submitted transaction. `durable` is said only after the write. */
export type Receipt =
  | { readonly status: 'durable'; readonly id: Uint8Array; readonly from: Uint8Array }
  /** `reason`: a decoder's code, `signature`, a bank's verdict, `duplicate`, `quota`, `quarantined`, `full`, `failed`. */
  | { readonly status: 'refused'; readonly reason: string }

/**
 * The transaction processing unit: takes transactions from clients and answers each with one receipt, after its
 * signature is checked, the bank has applied it, and the batch is on disk.
 */
export interface Tpu {
  /**
   * Takes a transaction if there is room; `onReceipt` is called exactly once, at once for what is refused on sight. False: full, try
   * again after `ready()`; nothing is kept and `onReceipt` is not called. `raw` must not change.
   */
  trySubmit(raw: Uint8Array, onReceipt: (receipt: Receipt) => void, options?: SubmitOptions): boolean
  /**
   * Waits for room, and for the receipt. Rejects with `PIPELINE_CLOSED` or `PIPELINE_ABORTED` when the transaction was
   * never taken in.
   */
  submit(raw: Uint8Array, options?: SubmitOptions): Promise<Receipt>
  /** Resolves when there is room. Rejects with `PIPELINE_CLOSED` or `PIPELINE_ABORTED`. */
  ready(): Promise<void>
  /** Counters of its three stages, for metrics. */
  stats(): PipelineStats
  /** Refuses new transactions and resolves when those inside have their receipts. */
  close(): Promise<void>
}

/** What the submitter says about a transaction beside its bytes. */
export interface SubmitOptions {
  /** Whose quota it counts against: a connection, a peer. Default `local`. */
  readonly source?: string
  /** The sender of an Ethereum transaction, when the submitter knows: see `DecodedTx`. */
  readonly sender?: Uint8Array
}

interface Job {
  readonly tx: DecodedTx
  readonly source: string
  readonly name: number
  readonly onReceipt: (receipt: Receipt) => void
}

/** Batches waiting for the disk at once: a group commit takes them all, so a slow sync costs latency and not throughput. */
const WRITES = 16

/** Assembles a transaction processing unit. */
export function createTpu(options: TpuOptions): Tpu {
  const { chainId, verify, verifyConcurrency = 1, bank, write, timers = systemTimers } = options
  const intake = new Intake(options.limits ?? {}, timers)
  const { count = 512, lingerMs = 5 } = options.batch ?? {}

  const finish = (outcome: Outcome<Job, VerifiedTx>) => {
    const { tx, source, name, onReceipt } = outcome.input
    if (outcome.status === 'ok') {
      intake.leave(source, name, 'good', false)
      onReceipt({ status: 'durable', id: tx.id, from: outcome.value.from })
      return
    }
    const reason = outcome.status === 'cancelled' || outcome.reason.startsWith('stage-') ? 'failed' : outcome.reason
    const signature = reason === 'signature' ? 'bad' : reason === 'failed' ? 'unknown' : 'good'
    intake.leave(source, name, signature, true)
    onReceipt({ status: 'refused', reason })
  }
  const line: Pipeline<Job, VerifiedTx> = pipeline<Job>()
    .batch({ count, lingerMs })
    .stage(
      'verify',
      (jobs, context) =>
        verify(
          jobs.map((job) => job.tx),
          context,
        ),
      { concurrency: verifyConcurrency, queue: 2 },
    )
    .stage('bank', bank)
    .stage(
      'write',
      async (batch) => {
        await write(batch)
        return batch
      },
      { concurrency: WRITES, onError: 'abort' },
    )
    .start({ timers, onOutcome: finish, ...(options.signal && { signal: options.signal }) })

  const trySubmit: Tpu['trySubmit'] = (raw, onReceipt, { source = 'local', sender } = {}) => {
    const decoded = decodeAny(raw, chainId, sender)
    if (decoded.status === 'invalid') {
      onReceipt({ status: 'refused', reason: decoded.code })
      return true
    }
    const name = fingerprint(decoded.tx)
    const admission = intake.enter(source, name)
    if (admission !== 'ok') {
      onReceipt({ status: 'refused', reason: admission })
      return true
    }
    if (line.tryPush({ tx: decoded.tx, source, name, onReceipt })) return true
    intake.leave(source, name, 'unknown', true)
    return false
  }
  return {
    trySubmit,
    async submit(raw, submitOptions) {
      for (;;) {
        await line.ready()
        let taken = false
        const receipt = new Promise<Receipt>((resolve) => {
          taken = trySubmit(raw, resolve, submitOptions)
        })
        if (taken) return receipt
      }
    },
    ready: () => line.ready(),
    stats: () => line.stats(),
    close: () => line.close(),
  }
}

/** What a replay has done. */
export interface ReplayResult {
  readonly applied: number
  /** Why a transaction was not: in a sound journal none. */
  readonly rejected: { readonly position: number; readonly reason: string }[]
}

/** What a replay is assembled from: verify and bank, without intake limits and without writing. */
export interface TvuOptions extends StageSet {
  /** Transactions for other chains are listed as rejected. */
  readonly chainId: bigint
  /** Default: the machine's clock. */
  readonly timers?: Timers
  /** Aborts the replay; what was applied stays so. */
  readonly signal?: AbortSignal
  /** After each transaction that was applied, with their number. */
  readonly onProgress?: (applied: number) => void
}

/** The validating unit: verifies and applies transactions in the given order, every signature again. */
export async function replayTransactions(
  source: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  options: TvuOptions,
): Promise<ReplayResult> {
  const { chainId, verify, verifyConcurrency = 1, bank, onProgress } = options
  const line = pipeline<Uint8Array>()
    .batch({ count: 1024, lingerMs: 5 })
    .map('fetch', (raw): DecodedTx | Rejection => {
      const decoded = decodeAny(raw, chainId)
      return decoded.status === 'ok' ? decoded.tx : new Rejection(decoded.code)
    })
    .stage('verify', verify, { concurrency: verifyConcurrency })
    .stage('bank', bank)
    .start({ ...(options.timers && { timers: options.timers }), ...(options.signal && { signal: options.signal }) })
  let applied = 0
  let position = 0
  const rejected: { position: number; reason: string }[] = []
  for await (const outcome of line.run(source)) {
    if (outcome.status === 'ok') {
      applied++
      onProgress?.(applied)
    } else rejected.push({ position, reason: outcome.status === 'rejected' ? outcome.reason : 'cancelled' })
    position++
  }
  return { applied, rejected }
}

/** Verification in this thread. */
export function verifyHere(verifier: Verifier): VerifyStage {
  const check = signatureChecker(verifier)
  return (items) => unpackSignatures(check(packSignatures(items)), items)
}

/** Gas of a plain transfer (Yellow Paper, G_transaction). */
const TRANSFER_GAS = 21_000n

/**
 * Banks plain transfers of both kinds, `index()` being the main-chain index that expiry is judged by. An Ethereum transfer pays
 * 21,000 gas at its maximum fee. What calls or creates contracts, or carries an access or authorization list, is `not-a-transfer`.
 */
export function bankTransfers(bank: Bank, index: () => number = () => 0): BankStage {
  return (items) =>
    items.map((item) => {
      const verdict =
        item.kind === 'native' ? bank.apply({ ...item.tx, from: item.from }, index()) : applyEvm(bank, item)
      return verdict === 'ok' ? item : new Rejection(verdict)
    })
}

function applyEvm(
  bank: Bank,
  { tx, from }: Extract<VerifiedTx, { kind: 'evm' }>,
): TransferVerdict | 'not-a-transfer' | 'gas' {
  if (tx.to === undefined || tx.data.length > 0 || tx.accessList.length > 0 || tx.authorizationList.length > 0)
    return 'not-a-transfer'
  if (tx.gasLimit < TRANSFER_GAS) return 'gas'
  return bank.apply({ from, to: tx.to, nonce: tx.nonce, amount: tx.value, fee: TRANSFER_GAS * tx.maxFeePerGas })
}
