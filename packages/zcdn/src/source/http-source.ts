import type { Source } from '../download/source.ts'
import { CdnError } from '../errors.ts'
import { chunksOf } from '../platform/chunks.ts'
import { type Fetch, systemFetch } from '../platform/system-fetch.ts'

/** Options of {@link httpSource}. */
export interface HttpSourceOptions {
  /** A gateway, as in `https://node.example`: the object is at `/ipfs/<root>`, blocks at `/ipfs/<cid>?format=raw` (IPFS trustless gateway). */
  gateway?: string
  /** Or one URL of the very bytes of the object, on any web server that answers ranges. */
  url?: string
  /** Its name in progress and errors. Default: the gateway or URL. */
  id?: string
  /** Connections at once. Default 3. */
  parallel?: number
  /** Default: the platform's. */
  fetch?: Fetch
}

/**
 * A web server as a source: HTTP range requests. HTTP/2 and /3 where the platform's `fetch` speaks them. For pages of another origin the server must
 * allow that origin and the header `range`, and expose `content-range` (CORS); the servers of this package do.
 */
export function httpSource(options: HttpSourceOptions): Source {
  const { gateway, url, fetch = systemFetch } = options
  const place = gateway ?? url
  if (!place) throw new CdnError('CDN_INVALID_ARGUMENT', 'an HTTP source needs a gateway or a url')
  const base = place.replace(/\/+$/, '')
  const failed = (what: string, context: Record<string, unknown>) =>
    new CdnError('CDN_SOURCE_FAILED', `${base} ${what}`, { source: base, ...context })
  return {
    id: options.id ?? base,
    ...(options.parallel ? { parallel: options.parallel } : {}),
    async *read({ root, start, end }, { signal }) {
      const response = await fetch(gateway ? `${base}/ipfs/${root}` : base, {
        headers: { range: `bytes=${start}-${end - 1}` },
        signal,
      })
      const { status } = response
      const from = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1]
      if (!response.body || !(status === 206 ? Number(from) === start : status === 200 && start === 0)) {
        await response.body?.cancel()
        throw failed(`answered ${status} to bytes ${start}-${end - 1}`, { status, start, end })
      }
      let left = end - start
      for await (const chunk of chunksOf(response.body)) {
        yield chunk.length > left ? chunk.subarray(0, left) : chunk
        left -= chunk.length
        if (left <= 0) return
      }
    },
    ...(gateway
      ? {
          async block(cid, { signal }) {
            const response = await fetch(`${base}/ipfs/${cid}?format=raw`, {
              headers: { accept: 'application/vnd.ipld.raw' },
              ...(signal ? { signal } : {}),
            })
            if (response.status === 200) return new Uint8Array(await response.arrayBuffer())
            await response.body?.cancel()
            throw failed(`answered ${response.status} for block ${cid}`, { status: response.status })
          },
        }
      : {}),
  }
}
