/** Compilers side by side, each in a thread of its own, so that the caller's thread stays free and a run can be stopped. */
import { availableParallelism } from 'node:os'
import { MessageChannel, Worker } from 'node:worker_threads'
import {
  type CacheStore,
  knownAnswer,
  knownVersion,
  recordImports,
  rememberAnswer,
  rememberVersion,
  solcName,
} from '../cache/cached-solc.ts'
import { ZlibError } from '../errors.ts'
import { type CompilerJob, importAnswer } from './compile.ts'
import type { WorkerData, WorkerRequest } from './worker.ts'

/** Most threads without being told: each compiler takes some hundred MB. */
const MAX_WORKERS = 4

/** Settings of {@link createSolcPool}. */
export interface SolcPoolOptions {
  /** Threads. Default: the processors of the machine, 4 at most. */
  readonly workers?: number
  /** Path of the compiler's package, such as `require.resolve('solc-0.8.28')`. Default: the compiler of this package. */
  readonly solc?: string
  /** Where answers are kept; without it nothing is. */
  readonly store?: CacheStore
}

/** Compilers in threads. */
export interface SolcPool {
  /** Version of the compiler. */
  version(): Promise<string>
  /** Runs a job, when a thread is free. An aborted job's thread is ended; the next job gets a new one. */
  run(job: CompilerJob, signal?: AbortSignal): Promise<string>
  /** Ends the threads. Jobs that are under way fail. */
  close(): Promise<void>
}

/** Threads start when there is work for them. */
export function createSolcPool({
  workers = Math.min(availableParallelism(), MAX_WORKERS),
  solc = 'solc',
  store,
}: SolcPoolOptions = {}): SolcPool {
  if (!Number.isSafeInteger(workers) || workers < 1)
    throw new ZlibError('ZLIB_INVALID_ARGUMENT', `the number of threads must be 1 or more, not ${workers}`, { workers })
  const idle: Thread[] = []
  const all = new Set<Thread>()
  const waiting: (() => void)[] = []
  const name = solcName(solc)
  let closed = false

  async function onThread(request: WorkerRequest, read: Read, signal?: AbortSignal): Promise<string> {
    signal?.throwIfAborted()
    while (idle.length === 0 && all.size >= workers) await new Promise<void>((resolve) => waiting.push(resolve))
    signal?.throwIfAborted()
    if (closed) throw new Error('the compilers were closed')
    let thread = idle.pop()
    if (!thread) {
      thread = startThread(solc)
      all.add(thread)
    }
    try {
      const answer = await thread.ask(request, read, signal)
      idle.push(thread)
      return answer
    } catch (error) {
      all.delete(thread)
      await thread.end()
      throw error
    } finally {
      waiting.shift()?.()
    }
  }

  return {
    async version() {
      const known = store && knownVersion(store, name)
      if (known) return known
      const version = await onThread({ version: true }, () => ({ error: 'nothing to import' }))
      if (store) rememberVersion(store, name, version)
      return version
    },
    async run({ input, resolve }, signal) {
      const read: Read = (path) => importAnswer(resolve, path)
      const known = store && knownAnswer(store, name, input, read)
      if (known !== undefined) return known
      const recorded = recordImports(read)
      const answer = await onThread({ input }, recorded.import, signal)
      if (store) rememberAnswer(store, name, input, answer, recorded.imports)
      return answer
    },
    async close() {
      closed = true
      await Promise.all([...all].map((thread) => thread.end()))
    },
  }
}

type Read = (path: string) => { contents: string } | { error: string }
type Thread = ReturnType<typeof startThread>

function startThread(solc: string) {
  const { port1, port2 } = new MessageChannel()
  const answered = new Int32Array(new SharedArrayBuffer(4))
  const workerData: WorkerData = { solc, imports: port2, answered }
  const file = import.meta.url.endsWith('.ts') ? './worker.ts' : './compile-worker.js'
  const worker = new Worker(new URL(file, import.meta.url), { workerData, transferList: [port2] })
  let read: Read = () => ({ error: 'nothing to import' })
  let settle: { resolve(answer: string): void; reject(error: unknown): void } | undefined
  port1.on('message', (path: string) => {
    port1.postMessage(read(path))
    Atomics.store(answered, 0, 1)
    Atomics.notify(answered, 0)
  })
  worker.on('message', (answer: string) => settle?.resolve(answer))
  worker.on('error', (error) => settle?.reject(error))
  worker.on('exit', (code) => settle?.reject(new Error(`a compiler ended with code ${code}`)))
  return {
    ask: (request: WorkerRequest, resolveImport: Read, signal?: AbortSignal) =>
      new Promise<string>((resolve, reject) => {
        const onAbort = () => reject(signal!.reason)
        const done = () => signal?.removeEventListener('abort', onAbort)
        read = resolveImport
        settle = {
          resolve: (answer) => {
            done()
            resolve(answer)
          },
          reject: (error) => {
            done()
            reject(error)
          },
        }
        signal?.addEventListener('abort', onAbort, { once: true })
        worker.postMessage(request)
      }),
    async end() {
      port1.close()
      await worker.terminate()
    },
  }
}
