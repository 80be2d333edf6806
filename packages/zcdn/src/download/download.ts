import { CID } from 'multiformats/cid'
import type { Clock } from '../clock.ts'
import { type ContentMap, readContentMap } from '../content/content-map.ts'
import { type Hasher, isBlock, portableHasher } from '../content/hasher.ts'
import { CdnError } from '../errors.ts'
import { systemClock } from '../platform/system-clock.ts'
import { Fetcher } from './fetcher.ts'
import type { DownloadProgress, LeafEvent } from './progress.ts'
import type { Source } from './source.ts'

/** Bytes that a stream fetches ahead of its reader. */
const DEFAULT_WINDOW_BYTES = 16 * 1024 * 1024

/** Options of every download. */
export interface DownloadOptions {
  /** What to fetch: a map, or the root CID when a source that is there at the start can serve blocks ({@link Source.block}; HTTP gateways and peers can). */
  content: ContentMap | CID | string
  /** Where from. An asynchronous iterable may bring more while the download runs; it begins when the first is there. */
  sources: Iterable<Source> | AsyncIterable<Source>
  /** Default {@link portableHasher}; `webHasher` in pages and workers and `nodeHasher` in Node are faster. */
  hasher?: Hasher
  /** Default: the machine's. */
  clock?: Clock
  /** Ends the download: whatever waits for it fails with the signal's reason. */
  signal?: AbortSignal
  /** Called at most every 100 ms, and at the end. */
  onProgress?: (progress: DownloadProgress) => void
  /** Called for each verified leaf: where every byte came from. */
  onLeaf?: (leaf: LeafEvent) => void
  /** Called with each verified leaf's CID and bytes, for those who keep blocks. The bytes must not be changed. */
  onBlock?: (cid: CID, bytes: Uint8Array) => void
}

/** Takes verified bytes in any order: a file, a memory, a store. */
export interface Sink {
  write(offset: number, bytes: Uint8Array): void | Promise<void>
  /** Reads back what an earlier run wrote, for resuming. May return fewer bytes at the end. */
  read?(offset: number, length: number): Promise<Uint8Array>
}

const isAsync = (sources: DownloadOptions['sources']): sources is AsyncIterable<Source> =>
  Symbol.asyncIterator in sources

/** Resolves a root CID to its map by asking the sources in turn for blocks, each verified. */
async function resolveContent(
  content: ContentMap | CID | string,
  sources: readonly Source[],
  options: DownloadOptions,
): Promise<ContentMap> {
  if (typeof content === 'object' && 'leaves' in content) return content
  const root = typeof content === 'string' ? CID.parse(content) : content
  const { hasher = portableHasher, signal } = options
  const able = sources.filter((source) => source.block)
  const getBlock = async (cid: CID) => {
    const reasons: string[] = []
    for (const source of able) {
      signal?.throwIfAborted()
      try {
        const bytes = await source.block!(cid, { ...(signal ? { signal } : {}) })
        if (await isBlock(cid, bytes, hasher)) return bytes
        reasons.push(`${source.id}: wrong bytes`)
      } catch (error) {
        reasons.push(`${source.id}: ${error instanceof Error ? error.message : error}`)
      }
    }
    throw new CdnError(
      'CDN_NO_SOURCE',
      `no source gave block ${cid} (${reasons.join('; ') || 'none can serve blocks'})`,
      { cid: cid.toString() },
    )
  }
  return readContentMap(root, getBlock, { hasher })
}

async function begin(
  options: DownloadOptions,
  make: (map: ContentMap) => Fetcher | Promise<Fetcher>,
): Promise<Fetcher> {
  options.signal?.throwIfAborted()
  const rest = isAsync(options.sources) ? options.sources[Symbol.asyncIterator]() : undefined
  let fetcher: Fetcher
  try {
    const first: Source[] = []
    if (rest) {
      const next = await unlessAborted(rest.next(), options.signal)
      if (!next.done) first.push(next.value)
    } else first.push(...(options.sources as Iterable<Source>))
    fetcher = await make(await resolveContent(options.content, first, options))
    // Aborted while a source or a sink paid no attention to it.
    options.signal?.throwIfAborted()
    for (const source of first) fetcher.addSource(source)
  } catch (error) {
    leave(rest)
    throw error
  }
  const onAbort = () => fetcher.abort(options.signal!.reason)
  options.signal?.addEventListener('abort', onAbort, { once: true })
  fetcher.start(rest !== undefined)
  if (rest) void gather(rest, fetcher)
  fetcher.finished
    .catch(() => {})
    .then(() => {
      options.signal?.removeEventListener('abort', onAbort)
      leave(rest)
    })
  return fetcher
}

/** No more sources are wanted. What the iterator makes of that concerns nobody any more. */
function leave(sources: AsyncIterator<Source> | undefined): void {
  sources?.return?.().catch(() => {})
}

/** Settles as `promise` does, or fails with the signal's reason if that comes first. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const onAbort = () => reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

async function gather(sources: AsyncIterator<Source>, fetcher: Fetcher): Promise<void> {
  try {
    for (let next = await sources.next(); !next.done; next = await sources.next()) fetcher.addSource(next.value)
    fetcher.noMoreSources()
  } catch (error) {
    fetcher.abort(error)
  }
}

const common = (options: DownloadOptions) => ({
  clock: options.clock ?? systemClock,
  hasher: options.hasher ?? portableHasher,
  ...(options.onProgress ? { onProgress: options.onProgress } : {}),
  ...(options.onLeaf ? { onLeaf: options.onLeaf } : {}),
})

/** Options of {@link downloadTo}. */
export interface DownloadToOptions extends DownloadOptions {
  /** Where verified leaves go, in any order. */
  sink: Sink
  /** Check what `sink` already holds (by {@link Sink.read}) and fetch only the rest. */
  resume?: boolean
}

/**
 * Fetches the whole object into `sink`, leaves in any order. With `resume`, leaves that the sink already holds are verified by their CIDs, not
 * believed, and not fetched again: no state file is needed.
 *
 * @throws CdnError `CDN_NO_SOURCE` when every source was dropped; `CDN_BAD_BLOCK` when the root's tree cannot be read; `CDN_INVALID_ARGUMENT`; the
 *   signal's reason when aborted; what the sink throws.
 */
export async function downloadTo(options: DownloadToOptions): Promise<DownloadProgress> {
  const { sink } = options
  const fetcher = await begin(options, async (map) => {
    const have = options.resume ? await verifiedLeaves(map, options) : undefined
    return new Fetcher({
      ...common(options),
      map,
      windowBytes: Number.POSITIVE_INFINITY,
      ...(have ? { done: (index: number) => have[index] === 1 } : {}),
      deliver: (index, bytes) => {
        options.onBlock?.(map.leaves[index]!, bytes)
        return sink.write(map.starts[index]!, bytes)
      },
    })
  })
  await fetcher.finished
  return fetcher.progress()
}

/** One byte a leaf: 1 where the sink already holds what the leaf's CID names. */
async function verifiedLeaves(map: ContentMap, options: DownloadToOptions): Promise<Uint8Array> {
  const { sink, hasher = portableHasher, signal } = options
  const have = new Uint8Array(map.leaves.length)
  if (!sink.read) return have
  for (let i = 0; i < have.length; i++) {
    signal?.throwIfAborted()
    const length = map.starts[i + 1]! - map.starts[i]!
    const bytes = await sink.read(map.starts[i]!, length)
    if (bytes.length === length && (await isBlock(map.leaves[i]!, bytes, hasher))) have[i] = 1
  }
  return have
}

/** Options of {@link downloadStream}. */
export interface DownloadStreamOptions extends DownloadOptions {
  /** Bytes fetched ahead of the reader; memory stays below this and one leaf a request. Default 16 MiB. */
  windowBytes?: number
  /** Bytes a second at which the reader plays: leaves that would come late are fetched twice. */
  playbackBytesPerSecond?: number
}

/** A download that is read in order. */
export interface StreamedDownload {
  readonly stream: ReadableStream<Uint8Array>
  /** Settles with the last byte fetched (not read), or fails as the stream does. */
  readonly finished: Promise<DownloadProgress>
}

/**
 * Fetches an object as a stream in order, with bounded memory: nothing past `windowBytes` ahead of the reader is asked for. The download begins at
 * once. Cancelling the stream ends it, and `finished` then fails with the reason given.
 *
 * The stream and `finished` fail as {@link downloadTo} does; bytes that were read before are verified and stay good.
 * @throws CdnError `CDN_INVALID_ARGUMENT` for a window that is not positive
 */
export function downloadStream(options: DownloadStreamOptions): StreamedDownload {
  const { windowBytes = DEFAULT_WINDOW_BYTES, playbackBytesPerSecond } = options
  if (!(windowBytes > 0))
    throw new CdnError('CDN_INVALID_ARGUMENT', `windowBytes must be positive, not ${windowBytes}`, { windowBytes })
  const clock = options.clock ?? systemClock
  const ready = new Map<number, Uint8Array>()
  let next = 0
  let wake: () => void = () => {}
  let leaves = 0
  const startedAt = clock.now()
  const stop = new AbortController()
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal
  const started = begin({ ...options, signal }, (map) => {
    leaves = map.leaves.length
    const widest = map.leaves.reduce((most, _, i) => Math.max(most, map.starts[i + 1]! - map.starts[i]!), 0)
    return new Fetcher({
      ...common(options),
      map,
      windowBytes: Math.max(windowBytes, widest),
      ...(playbackBytesPerSecond
        ? { deadline: (offset: number) => startedAt + (offset / playbackBytesPerSecond) * 1000 }
        : {}),
      deliver: (index, bytes) => {
        options.onBlock?.(map.leaves[index]!, bytes)
        ready.set(index, bytes)
        if (index === next) wake()
      },
    })
  })
  const finished = started.then(async (fetcher) => {
    await fetcher.finished
    return fetcher.progress()
  })
  finished.catch(() => {})
  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const fetcher = await started
        if (next >= leaves) return controller.close()
        if (!ready.has(next)) {
          const arrived = new Promise<void>((resolve) => {
            wake = resolve
          })
          fetcher.advance(next, true)
          await Promise.race([arrived, fetcher.finished.then(() => {})])
        }
        const bytes = ready.get(next)!
        ready.delete(next)
        next++
        if (next < leaves) fetcher.advance(next, false)
        if (bytes.length > 0) controller.enqueue(bytes)
        if (next >= leaves) controller.close()
        else if (bytes.length === 0) await this.pull!(controller)
      },
      cancel(reason) {
        stop.abort(reason ?? new CdnError('CDN_ABORTED', 'the reader of the stream gave up'))
      },
    },
    { highWaterMark: 0 },
  )
  return { stream, finished }
}
