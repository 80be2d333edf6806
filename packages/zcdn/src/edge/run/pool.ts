import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import type { Clock } from '../../clock.ts'
import { type Hasher, SHA2_256, webHasher } from '../../content/hasher.ts'
import { RAW } from '../../content/unixfs.ts'
import { CdnError, type CdnErrorCode } from '../../errors.ts'
import type { Metric } from '../../metrics.ts'
import { systemClock } from '../../platform/system-clock.ts'
import { MODULE_LIMITS } from '../module/limits.ts'
import { type SignedResult, signResult } from '../result/record.ts'
import type { Signer } from '../result/signer.ts'
import { type BlockPort, readContent } from './content.ts'
import { RUN_LIMITS } from './limits.ts'
import { checkRequest, type Grants, type PreparedFunction, type RunOutcome, type RunStatus } from './run.ts'
import { type EdgeWorker, Workers } from './workers.ts'

/** Options of {@link createEdgePool}. */
export interface EdgePoolOptions {
  /** Makes a worker that runs `@zos/zcdn/edge/worker`; in Node `edgeWorker` of `@zos/zcdn/node`. */
  readonly createWorker: () => EdgeWorker
  /** Workers, each of which does one run at a time. Default 2. */
  readonly workers?: number
  /** Pages of 64 KiB that a function may have: part of what its result means. Default 256 (16 MiB). */
  readonly memoryPages?: number
  /** Wall-clock time of one run before its worker is ended. Default 1,000 ms. */
  readonly deadlineMs?: number
  /** The same for checking, rewriting and compiling a function. Default 10,000 ms. */
  readonly prepareDeadlineMs?: number
  /** Runs that may wait for a worker. Default 64. */
  readonly maxQueue?: number
  /** Runs of one function at once. Default: as many as workers. */
  readonly maxPerFunction?: number
  /** Prepared functions kept; the least recently used goes. Default 128. */
  readonly maxPrepared?: number
  /** What functions may read, and where functions themselves come from. Default: nothing. */
  readonly block?: BlockPort
  /** Signs results; without it they are not signed. */
  readonly signer?: Signer
  /** Default {@link webHasher}. */
  readonly hasher?: Hasher
  /** Of deadlines. Default: the system's. */
  readonly clock?: Clock
}

/** Options of one run. */
export interface EdgeRunOptions extends Grants {
  /** Most fuel that the run may use. Default 1e9, about a second at the slowest. */
  readonly fuel?: number
  /** Shorter than the pool's; a longer one is cut to it. */
  readonly deadlineMs?: number
  /** Content that the function will read, fetched before. What it reads beyond costs a new start each. */
  readonly reads?: readonly CID[]
  /** Ends the run, and its worker with it; the call rejects with its reason. */
  readonly signal?: AbortSignal
}

/** A run that ended by itself. */
export interface EdgeResult {
  readonly function: CID
  readonly output: Uint8Array
  /** What `handle` answered; 0 where all is well. */
  readonly exitCode: number
  readonly fuel: number
  readonly logs: readonly string[]
  /** Present where the pool has a signer. */
  readonly signed?: SignedResult
}

/**
 * Workers that run edge functions, made by {@link createEdgePool}: functions are kept compiled, each run gets a fresh
 * instance, fuel and a deadline.
 */
export interface EdgePool {
  /** Pages of memory, 64 KiB each, that every function here may have: part of what its results mean. */
  readonly memoryPages: number
  /**
   * Checks, instruments and compiles a function, and keeps it under its CID (raw, SHA2-256).
   * @throws CdnError `CDN_EDGE_MALFORMED`, `CDN_EDGE_REFUSED`, `CDN_EDGE_DEADLINE`, `CDN_EDGE_BUSY`
   */
  add(source: Uint8Array, options?: { signal?: AbortSignal }): Promise<CID>
  /**
   * Runs a function on an input. One that is not kept is fetched through `block`, and verified.
   * @throws CdnError `CDN_EDGE_TRAPPED`, `CDN_EDGE_OUT_OF_FUEL`, `CDN_EDGE_STACK`: outcomes like any other, the same everywhere, with the fuel and the signed
   * record in `context`; `CDN_EDGE_DEADLINE`, `CDN_EDGE_BUSY`, `CDN_EDGE_CONTENT_MISSING`, `CDN_EDGE_ENGINE`, `CDN_BAD_BLOCK`: this runner's failures;
   * `CDN_EDGE_MALFORMED`, `CDN_EDGE_REFUSED`, `CDN_INVALID_ARGUMENT`; the signal's reason
   */
  run(code: CID, input: Uint8Array, options?: EdgeRunOptions): Promise<EdgeResult>
  /** Counters of runs, queue and workers in the form of Prometheus. */
  metrics(): Metric[]
  /** Ends all workers; runs under way reject. */
  close(): Promise<void>
}

const FAILURES: Record<Exclude<RunStatus, 'done'>, CdnErrorCode> = {
  trapped: 'CDN_EDGE_TRAPPED',
  'out-of-fuel': 'CDN_EDGE_OUT_OF_FUEL',
  stack: 'CDN_EDGE_STACK',
}

/** The CID of bytes: raw codec, SHA2-256. */
export async function rawCid(bytes: Uint8Array, hasher: Hasher = webHasher): Promise<CID> {
  return CID.createV1(RAW, createDigest(SHA2_256, await hasher(SHA2_256, bytes)))
}

/**
 * Workers that run edge functions: metered, each run in a fresh instance, ended at its deadline.
 * @throws CdnError `CDN_INVALID_ARGUMENT`
 */
export function createEdgePool(options: EdgePoolOptions): EdgePool {
  const {
    workers: size = 2,
    memoryPages = 256,
    deadlineMs = 1_000,
    prepareDeadlineMs = 10_000,
    maxQueue = 64,
    maxPerFunction = size,
    maxPrepared = 128,
    block = async () => undefined,
    signer,
    hasher = webHasher,
    clock = systemClock,
  } = options
  for (const [name, value] of Object.entries({ size, memoryPages, maxQueue, maxPerFunction, maxPrepared }))
    if (!Number.isInteger(value) || value < 1)
      throw new CdnError('CDN_INVALID_ARGUMENT', `${name} must be a positive integer, not ${value}`, { [name]: value })
  if (memoryPages > MODULE_LIMITS.memoryPages)
    throw new CdnError('CDN_INVALID_ARGUMENT', `at most ${MODULE_LIMITS.memoryPages} pages`, { memoryPages })
  for (const [name, value] of Object.entries({ deadlineMs, prepareDeadlineMs }))
    if (!(value > 0))
      throw new CdnError('CDN_INVALID_ARGUMENT', `${name} must be positive, not ${value}`, { [name]: value })

  const workers = new Workers({ createWorker: options.createWorker, size, maxQueue, maxPerKey: maxPerFunction, clock })
  const kept = new Map<string, PreparedFunction>()
  const preparing = new Map<string, Promise<PreparedFunction>>()
  const counts = { fuel: 0, hits: 0, misses: 0, restarts: 0, runMs: 0 }
  const outcomes = new Map<string, number>()

  const keep = (key: string, prepared: PreparedFunction) => {
    kept.delete(key)
    kept.set(key, prepared)
    if (kept.size > maxPrepared) kept.delete(kept.keys().next().value!)
  }
  const prepare = async (key: string, source: Uint8Array, signal?: AbortSignal): Promise<PreparedFunction> => {
    if (source.length > MODULE_LIMITS.moduleBytes)
      throw new CdnError('CDN_EDGE_REFUSED', `a module of ${source.length} bytes`, { bytes: source.length })
    const message = { kind: 'prepare', source, memoryPages } as const
    const response = await workers.do({ key, message, deadlineMs: prepareDeadlineMs, signal })
    if (response.kind === 'failed') throw new CdnError(response.code, response.message, { function: key })
    if (response.kind !== 'prepared') throw new CdnError('CDN_EDGE_ENGINE', 'a worker answered something else')
    keep(key, response.prepared)
    return response.prepared
  }
  /** Many may wait for one preparation; none of their signals ends it. */
  const shared = (key: string, make: () => Promise<PreparedFunction>): Promise<PreparedFunction> => {
    let promise = preparing.get(key)
    if (!promise) {
      promise = make().finally(() => preparing.delete(key))
      preparing.set(key, promise)
    }
    return promise
  }
  const preparedOf = async (code: CID): Promise<PreparedFunction> => {
    const key = code.toString()
    const known = kept.get(key)
    if (known) {
      counts.hits++
      keep(key, known)
      return known
    }
    counts.misses++
    return shared(key, async () =>
      prepare(key, new Uint8Array(await readContent(code, block, { hasher, limitBytes: MODULE_LIMITS.moduleBytes }))),
    )
  }

  async function execute(
    code: CID,
    input: Uint8Array,
    fuel: number,
    { nowMs, seed, signal, reads = [], ...run }: EdgeRunOptions,
  ): Promise<RunOutcome> {
    signal?.throwIfAborted()
    const key = code.toString()
    const prepared = await preparedOf(code)
    const grants = { ...(nowMs !== undefined && { nowMs }), ...(seed && { seed }) }
    checkRequest(prepared, { input, fuel, ...grants })
    // Views are copied: a message holds the whole buffer below a view, whatever else is in it.
    const own = new Uint8Array(input)
    const contents = new Map<string, Uint8Array>()
    let room: number = RUN_LIMITS.contentBytes
    const fetchContent = async (cid: CID) => {
      const bytes = await readContent(cid, block, { hasher, limitBytes: room, signal })
      room -= bytes.length
      contents.set(cid.toString(), new Uint8Array(bytes))
    }
    if (reads.length > RUN_LIMITS.contents)
      throw new CdnError('CDN_INVALID_ARGUMENT', `${reads.length} reads`, { limit: RUN_LIMITS.contents })
    for (const cid of reads) await fetchContent(cid)
    // A function cannot wait, so a run that misses content ends, and starts anew with it: the same instructions, the same fuel.
    let leftMs = Math.min(deadlineMs, run.deadlineMs ?? deadlineMs)
    for (;;) {
      const request = { input: own, fuel, contents, ...grants }
      const message = { kind: 'run', prepared, request } as const
      const response = await workers.do({ key, message, deadlineMs: Math.max(1, leftMs), signal })
      if (response.kind === 'failed') throw new CdnError(response.code, response.message, { function: key })
      if (response.kind !== 'ran') throw new CdnError('CDN_EDGE_ENGINE', 'a worker answered something else')
      counts.runMs += response.runMs
      const { outcome } = response
      if (outcome.status !== 'needs') return outcome
      counts.restarts++
      leftMs -= response.runMs
      if (leftMs <= 0) throw new CdnError('CDN_EDGE_DEADLINE', 'no time left to start anew', { function: key })
      await fetchContent(CID.parse(outcome.cid))
    }
  }

  return {
    memoryPages,
    async add(source, { signal } = {}) {
      const own = new Uint8Array(source)
      const cid = await rawCid(own, hasher)
      const key = cid.toString()
      if (!kept.has(key)) await prepare(key, own, signal)
      return cid
    },
    async run(code, input, runOptions = {}) {
      const { fuel = 1e9, nowMs, seed } = runOptions
      const count = (outcome: string) => outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
      let outcome: RunOutcome
      try {
        outcome = await execute(code, input, fuel, runOptions)
      } catch (error) {
        count(error instanceof CdnError ? error.code : 'aborted')
        throw error
      }
      count(outcome.status)
      counts.fuel += outcome.fuel
      let signed: SignedResult | undefined
      if (signer) {
        const [inputCid, outputCid] = await Promise.all([rawCid(input, hasher), rawCid(outcome.output, hasher)])
        const { status, exitCode } = outcome
        const record = { function: code, input: inputCid, output: outputCid, status, exitCode, fuel: outcome.fuel }
        signed = await signResult(
          { ...record, fuelLimit: fuel, memoryPages, ...(nowMs !== undefined && { nowMs }), ...(seed && { seed }) },
          signer,
        )
      }
      if (outcome.status !== 'done') {
        const { reason, logs, status } = outcome
        throw new CdnError(FAILURES[status], `the function did not end by itself: ${reason}`, {
          function: code.toString(),
          fuel: outcome.fuel,
          logs,
          ...(signed && { signed }),
        })
      }
      const { output, exitCode, logs } = outcome
      return { function: code, output, exitCode, fuel: outcome.fuel, logs, ...(signed && { signed }) }
    },
    metrics() {
      const metric = (name: string, help: string, type: Metric['type'], value: number): Metric => ({
        name: `zcdn_edge_${name}`,
        help,
        type,
        values: [{ value }],
      })
      return [
        {
          name: 'zcdn_edge_runs_total',
          help: 'Runs of edge functions by how they ended.',
          type: 'counter',
          values: [...outcomes].map(([outcome, value]) => ({ labels: { outcome }, value })),
        },
        metric('fuel_total', 'Fuel used.', 'counter', counts.fuel),
        metric('run_seconds_total', 'Time that runs took in workers.', 'counter', counts.runMs / 1000),
        metric('restarts_total', 'Runs begun anew for content that was missing.', 'counter', counts.restarts),
        metric('killed_total', 'Workers ended in the middle of a job.', 'counter', workers.killed),
        metric('prepared_hits_total', 'Runs whose function was prepared.', 'counter', counts.hits),
        metric('prepared_misses_total', 'Runs whose function was not.', 'counter', counts.misses),
        metric('prepared', 'Prepared functions kept.', 'gauge', kept.size),
        metric('running', 'Workers that are busy.', 'gauge', workers.busy),
        metric('waiting', 'Jobs that wait for a worker.', 'gauge', workers.waiting),
      ]
    },
    close: () => workers.close(),
  }
}
