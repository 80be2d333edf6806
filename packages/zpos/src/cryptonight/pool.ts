/** Looks for tickets on several threads. The threads come through a port, so that Node.js, browsers and tests bring their own. */
import type { Address } from '../dag-port.ts'
import { ZposError } from '../errors.ts'
import { compareHashes, searchTicket, type Ticket } from '../lottery/ticket.ts'
import type { Cryptonight } from './hasher.ts'

/** Nonces that a thread tries before it reports: about half a second, so that a search ends soon after it is told to. */
const CHUNK = 16

/** A thread that runs {@link serveTickets}. */
export interface TicketWorker {
  post(message: TicketJob): void
  onReply(listener: (reply: TicketReply) => void): void
  /** Calls `listener` when the thread died. */
  onError(listener: (error: unknown) => void): void
  terminate(): void
}

/** A piece of a search. */
export interface TicketJob {
  readonly job: number
  readonly seed: Uint8Array
  readonly term: number
  readonly candidate: Address
  readonly start: bigint
  readonly count: number
}

/** The best of a piece. */
export interface TicketReply {
  readonly job: number
  readonly best: Ticket | undefined
}

/** What one looks for. */
export interface PoolSearch {
  readonly seed: Uint8Array
  readonly term: number
  readonly candidate: Address
  /** First nonce; from the platform's randomness, so that nobody repeats what was tried before. */
  readonly start: bigint
  readonly count: number
  readonly signal?: AbortSignalLike
  readonly onProgress?: (tried: number) => void
}

/** The part of an `AbortSignal` that a search looks at, between pieces. */
export interface AbortSignalLike {
  readonly aborted: boolean
}

/** Threads that look for tickets. */
export interface CryptonightPool {
  /**
   * The smallest ticket of the search, or of what was done of it when the signal fired; undefined if that was nothing. Searches share
   * the threads. Rejects with `ZPOS_WORKER_FAILED` if a thread dies.
   */
  search(options: PoolSearch): Promise<Ticket | undefined>
  close(): void
}

/** Makes a pool of `size` threads. */
export function createCryptonightPool(options: {
  readonly size: number
  readonly spawn: () => TicketWorker
}): CryptonightPool {
  const waiting = new Map<number, (reply: TicketReply) => void>()
  const failures = new Set<(error: unknown) => void>()
  const idle: TicketWorker[] = []
  const wanting: ((worker: TicketWorker) => void)[] = []
  let jobs = 0

  function free(worker: TicketWorker): void {
    const next = wanting.shift()
    if (next) next(worker)
    else idle.push(worker)
  }
  const workers = Array.from({ length: options.size }, () => {
    const worker = options.spawn()
    worker.onReply((reply) => {
      const done = waiting.get(reply.job)
      waiting.delete(reply.job)
      free(worker)
      done?.(reply)
    })
    worker.onError((cause) => {
      const error = new ZposError('ZPOS_WORKER_FAILED', 'a thread of the ticket search died', {}, { cause })
      for (const fail of failures) fail(error)
    })
    idle.push(worker)
    return worker
  })

  async function run(piece: Omit<TicketJob, 'job'>): Promise<Ticket | undefined> {
    const worker = idle.pop() ?? (await new Promise<TicketWorker>((resolve) => wanting.push(resolve)))
    const job = jobs
    jobs += 1
    const reply = await new Promise<TicketReply>((resolve) => {
      waiting.set(job, resolve)
      worker.post({ job, ...piece })
    })
    return reply.best
  }

  return {
    async search({ seed, term, candidate, start, count, signal, onProgress }) {
      let best: Ticket | undefined
      let next = 0
      let tried = 0
      async function lane(): Promise<void> {
        while (next < count && signal?.aborted !== true) {
          const first = next
          const length = Math.min(CHUNK, count - first)
          next += length
          const found = await run({
            seed,
            term,
            candidate,
            start: BigInt.asUintN(64, start + BigInt(first)),
            count: length,
          })
          tried += length
          if (found !== undefined && (best === undefined || compareHashes(found.hash, best.hash) < 0)) best = found
          onProgress?.(tried)
        }
      }
      let fail: (error: unknown) => void = () => undefined
      const failed = new Promise<never>((_, reject) => {
        fail = reject
      })
      failures.add(fail)
      try {
        await Promise.race([Promise.all(workers.map(lane)), failed])
        return best
      } finally {
        failures.delete(fail)
      }
    },
    close() {
      for (const worker of workers) worker.terminate()
    },
  }
}

/** Runs inside a thread: answers jobs. */
export function serveTickets(hasher: Cryptonight, job: TicketJob): TicketReply {
  const { seed, term, candidate, start, count } = job
  const best = searchTicket({ seed, term, candidate, start, count, hash: (data) => hasher.hash(data) })
  return { job: job.job, best }
}
