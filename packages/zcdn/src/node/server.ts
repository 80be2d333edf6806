/// <reference types="node" />
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import {
  createServer as createHttp2Server,
  createSecureServer,
  type Http2SecureServer,
  type Http2Server,
} from 'node:http2'
import { CID } from 'multiformats/cid'
import type { CacheStats } from '../caching/engine.ts'
import { EDGE_HEADERS } from '../edge/result/headers.ts'
import { formatMetrics, type Metric } from '../metrics.ts'
import type { EdgeService } from './edge-service.ts'

/** What a server needs of what it serves. */
export interface ServedObject {
  size: number
  type?: string
  /** Bytes `start` to `end` (exclusive). */
  read(start: number, end: number): AsyncIterable<Uint8Array>
}

/** Options of {@link createCdnServer}. */
export interface CdnServerOptions {
  /** The object that a root names; `undefined`: not here. */
  object(root: CID): Promise<ServedObject | undefined>
  /** One block of a DAG; `undefined`: not here. */
  block(cid: CID): Promise<Uint8Array | undefined>
  /** For `/metrics`. */
  cacheStats?: () => CacheStats
  /** Lists the roots at `/`, for people. */
  roots?: () => { root: string; name: string; size: number }[]
  /** Runs functions at `POST /edge/<cid>`, and adds its metrics. */
  edge?: EdgeService
}

/** Certificate and key in PEM. With them HTTP/2 is spoken over TLS, and HTTP/1.1 to those that know nothing newer. */
export interface ServerTls {
  readonly cert: string | Uint8Array
  readonly key: string | Uint8Array
}

/** Bytes that a client may have on their way in one HTTP/2 stream and in all together: enough for 100 Mbit/s at 300 ms. */
const HTTP2_WINDOW_BYTES = 4 << 20

/**
 * The server of {@link createCdnServer} over HTTP/2: many requests share one connection. Without `tls` it speaks HTTP/2 in clear with prior
 * knowledge (RFC 9113 §3.3), which browsers do not. Not listening yet.
 */
export function createCdnHttp2Server(options: CdnServerOptions, tls?: ServerTls): Http2Server | Http2SecureServer {
  const listener = createListener(options)
  const settings = { initialWindowSize: HTTP2_WINDOW_BYTES }
  // Node's compatibility layer gives HTTP/2 requests the shape of HTTP/1.1 ones.
  const onRequest = (request: unknown, response: unknown) =>
    listener(request as IncomingMessage, response as ServerResponse)
  if (!tls) return createHttp2Server({ settings }, onRequest)
  return createSecureServer({ settings, allowHTTP1: true, cert: asText(tls.cert), key: asText(tls.key) }, onRequest)
}

const asText = (pem: string | Uint8Array): string => (typeof pem === 'string' ? pem : new TextDecoder().decode(pem))

/**
 * An HTTP server of verifiable objects: `GET /ipfs/<root>` with ranges, `GET /ipfs/<cid>?format=raw` for blocks (IPFS trustless gateway),
 * `GET /metrics` (Prometheus), `GET /health`. Answers carry CORS headers, so that pages may use it as a source. Not listening yet.
 */
export function createCdnServer(options: CdnServerOptions): Server {
  return createServer(createListener(options))
}

/** Pages may use the server as a source. */
const CORS = {
  'access-control-allow-origin': '*',
  'access-control-allow-headers': 'range',
  'access-control-expose-headers': 'content-range, content-length',
}

/** And run functions there. */
const EDGE_CORS = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'POST',
  'access-control-allow-headers': `content-type, ${Object.values(EDGE_HEADERS).join(', ')}`,
  'access-control-expose-headers': `content-length, retry-after, ${Object.values(EDGE_HEADERS).join(', ')}`,
}

/** CIDs that were parsed lately, by path: decoding one takes as long as the rest of a short answer. */
const MAX_PARSED = 1024

function createListener(options: CdnServerOptions): (request: IncomingMessage, response: ServerResponse) => void {
  const counts = { requests: 0, bytes: 0, notFound: 0, errors: 0 }
  const metrics = (): Metric[] => {
    const one = (name: string, help: string, value: number, type: Metric['type'] = 'counter'): Metric => ({
      name: `zcdn_${name}`,
      help,
      type,
      values: [{ value }],
    })
    const list = [
      one('requests_total', 'HTTP requests answered.', counts.requests),
      one('sent_bytes_total', 'Bytes of content sent.', counts.bytes),
      one('not_found_total', 'Requests for what is not here.', counts.notFound),
      one('errors_total', 'Requests that failed.', counts.errors),
    ]
    const cache = options.cacheStats?.()
    if (cache) {
      list.push(
        one('cache_hits_total', 'Requests that the cache answered.', cache.hits),
        one('cache_misses_total', 'Requests that it could not.', cache.misses),
        one('cache_evictions_total', 'Values that had to go.', cache.evictions),
        one('cache_bytes', 'Bytes held.', cache.bytes, 'gauge'),
        one('cache_capacity_bytes', 'Bytes that may be held.', cache.capacityBytes, 'gauge'),
        one('cache_entries', 'Values held.', cache.entries, 'gauge'),
      )
    }
    if (options.edge) list.push(...options.edge.metrics())
    return list
  }
  const reply = (
    response: ServerResponse,
    status: number,
    body: string | Uint8Array,
    headers: Record<string, string> = {},
  ) => {
    response.writeHead(status, {
      ...CORS,
      'content-type': 'text/plain; charset=utf-8',
      'content-length': String(typeof body === 'string' ? Buffer.byteLength(body) : body.length),
      ...headers,
    })
    response.end(body)
  }
  const parsed = new Map<string, CID>()
  const cidOf = (path: string): CID | undefined => {
    const known = parsed.get(path)
    if (known) return known
    const match = /^\/ipfs\/([a-zA-Z0-9]+)$/.exec(path)
    if (!match) return undefined
    try {
      const cid = CID.parse(match[1]!)
      if (parsed.size >= MAX_PARSED) parsed.clear()
      parsed.set(path, cid)
      return cid
    } catch {
      return undefined
    }
  }
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const edgePath = options.edge && request.url?.startsWith('/edge/') ? request.url.split('?')[0] : undefined
    if (request.method === 'OPTIONS') return reply(response, 204, '', edgePath ? EDGE_CORS : {})
    if (options.edge && edgePath) return options.edge.handle(edgePath, request, response, EDGE_CORS)
    if (request.method !== 'GET' && request.method !== 'HEAD') return reply(response, 405, 'GET or HEAD\n')
    const url = new URL(request.url ?? '/', 'http://node')
    if (url.pathname === '/health') return reply(response, 200, 'ok\n')
    if (url.pathname === '/metrics') {
      return reply(response, 200, formatMetrics(metrics()), { 'content-type': 'text/plain; version=0.0.4' })
    }
    if (url.pathname === '/')
      return reply(response, 200, JSON.stringify(options.roots?.() ?? []), { 'content-type': 'application/json' })
    const cid = cidOf(url.pathname)
    if (!cid) return reply(response, 400, 'GET /ipfs/<cid>, /metrics or /health\n')
    const notFound = () => {
      counts.notFound++
      reply(response, 404, `${cid} is not here\n`)
    }
    const immutable = { 'cache-control': 'public, max-age=29030400, immutable', etag: `"${cid}"` }
    if (url.searchParams.get('format') === 'raw') {
      const block = await options.block(cid)
      if (!block) return notFound()
      counts.bytes += block.length
      return reply(response, 200, block, {
        ...immutable,
        'content-type': 'application/vnd.ipld.raw',
        'x-content-type-options': 'nosniff',
      })
    }
    const object = await options.object(cid)
    if (!object) return notFound()
    const range = /^bytes=(\d*)-(\d*)$/.exec(request.headers.range ?? '')
    let start = 0
    let end = object.size
    const partial = range !== null && (range[1] !== '' || range[2] !== '')
    if (partial) {
      start = range[1] ? Number(range[1]) : Math.max(0, object.size - Number(range[2]))
      if (range[1] && range[2]) end = Math.min(object.size, Number(range[2]) + 1)
      if (start >= end) return reply(response, 416, '', { 'content-range': `bytes */${object.size}` })
    }
    response.writeHead(range ? 206 : 200, {
      ...CORS,
      ...(partial && { 'content-range': `bytes ${start}-${end - 1}/${object.size}` }),
      ...immutable,
      'accept-ranges': 'bytes',
      'content-length': String(end - start),
      'content-type': object.type ?? 'application/octet-stream',
    })
    if (request.method === 'HEAD') return void response.end()
    let gone = false
    let wake = () => {}
    response.on('drain', () => wake())
    response.once('close', () => {
      gone = true
      wake()
    })
    // One behind, so that a short answer is one write: head, bytes and end together.
    let last: Uint8Array | undefined
    for await (const chunk of object.read(start, end)) {
      if (gone) return
      if (last && !response.write(last)) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      counts.bytes += chunk.length
      last = chunk
    }
    response.end(last)
  }
  return (request, response) => {
    counts.requests++
    handle(request, response).catch((error) => {
      counts.errors++
      if (response.headersSent) response.destroy()
      else reply(response, 500, `${error instanceof Error ? error.message : error}\n`)
    })
  }
}
