import type { StoredCache } from '../caching/stored-cache.ts'
import { webHasher } from '../content/hasher.ts'
import { downloadStream } from '../download/download.ts'
import type { LeafEvent } from '../download/progress.ts'
import type { Source } from '../download/source.ts'
import { blockSource } from '../source/block-source.ts'

/** Options of {@link createResponder}. */
export interface ResponderOptions {
  /** Answers requests below this path: `<prefix><root>`. */
  prefix: string
  /** The sources known now; asked for with each request. */
  sources: () => readonly Source[]
  /** Blocks are kept here and asked for here first. */
  cache?: StoredCache
  /** Type by the request, for pages that show what they fetch. */
  contentType?: (url: URL) => string
  /** Told of each leaf that was verified, with its source. */
  onLeaf?: (root: string, leaf: LeafEvent) => void
}

/** Answers a request of a page from many sources; `undefined`: not ours. Call it in a service worker's `fetch` event. */
export type Responder = (request: Request) => Promise<Response> | undefined

/**
 * Makes any page of an origin fetch by root CID: `<img src="/zcdn/bafy…">`. Bytes are streamed in order while they arrive, every leaf verified, and
 * kept in the cache. The answer is the whole object: media elements that need ranges get it from the start.
 */
export function createResponder(options: ResponderOptions): Responder {
  const { prefix, cache } = options
  const withCache = (source: Source): Source => {
    const { block } = source
    return !block || !cache
      ? source
      : {
          ...source,
          read: (request, context) => source.read(request, context),
          async block(cid, context) {
            const kept = await cache.get(cid.toString())
            if (kept) return kept
            const bytes = await block.call(source, cid, context)
            await cache.set(cid.toString(), bytes)
            return bytes
          },
        }
  }
  return (request) => {
    const url = new URL(request.url)
    if (request.method !== 'GET' || !url.pathname.startsWith(prefix)) return undefined
    const root = url.pathname.slice(prefix.length)
    const sources = options.sources().map(withCache)
    if (cache) {
      sources.unshift(
        blockSource({
          id: 'cache',
          get: async (cid) => {
            const bytes = await cache.get(cid.toString())
            if (!bytes) throw new Error('not in the cache')
            return bytes
          },
        }),
      )
    }
    const { stream } = downloadStream({
      content: root,
      sources,
      hasher: webHasher,
      signal: request.signal,
      ...(options.onLeaf ? { onLeaf: (leaf: LeafEvent) => options.onLeaf!(root, leaf) } : {}),
      onBlock: (cid, bytes) => void cache?.set(cid.toString(), bytes).catch(() => {}),
    })
    const type = options.contentType?.(url) ?? 'application/octet-stream'
    return Promise.resolve(new Response(stream, { headers: { 'content-type': type } }))
  }
}
