/** Headers and short answers that all kinds of content of the gateway share. */
import type { Resolved } from '../content/resolve.ts'

/** What every answer allows pages of other origins (specs.ipfs.tech/http-gateways/path-gateway §CORS). */
export const CORS: Readonly<Record<string, string>> = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, HEAD, OPTIONS',
  'access-control-allow-headers': 'Content-Type, Range, User-Agent, X-Requested-With',
  'access-control-expose-headers':
    'Content-Length, Content-Range, X-Chunked-Output, X-Ipfs-Path, X-Ipfs-Roots, X-Stream-Output',
}

/** A page made of what is there now: the way it looks may change. */
export const GENERATED = 'public, max-age=604800, stale-while-revalidate=2678400'
const FOR_EVER = 'public, max-age=29030400, immutable'

/** What is asked for, once its root is known. */
export interface Target {
  readonly url: URL
  /** as the client sees it: `/ipfs/…` or `/ipns/…`, percent-encoded */
  readonly contentPath: string
  /** segments below the root, decoded */
  readonly segments: readonly string[]
  /** seconds for which a name's content may be kept; `undefined` for immutable paths, NaN when not known */
  readonly ttlS: number | undefined
  /** where directories' links begin */
  readonly links: LinkBase
}

/** How pages link to content. */
export interface LinkBase {
  /** before the path of an entry: empty where the root is an origin of its own */
  readonly entries: string
  /** before `/ipfs/{cid}` of other content, e.g. `//example.org`; `undefined` where this gateway serves no other */
  readonly gateway: string | undefined
}

/** A short answer as plain text. */
export function failure(status: number, message: string, headers: Record<string, string> = {}): Response {
  return new Response(`${message}\n`, {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff', ...CORS, ...headers },
  })
}

/** True when `If-None-Match` names `etag`, weak or strong. */
export function matches(header: string | null, etag: string): boolean {
  if (header === null) return false
  const bare = etag.replace(/^W\//, '')
  return header.split(',').some((part) => part.trim() === '*' || part.trim().replace(/^W\//, '') === bare)
}

/** "Not modified" when the client has it, else `undefined`. */
export function notModified(request: Request, etag: string): Response | undefined {
  if (!matches(request.headers.get('if-none-match'), etag)) return undefined
  return new Response(null, { status: 304, headers: { etag, ...CORS } })
}

/** Headers of content. */
export function commonHeaders(
  { roots }: Pick<Resolved, 'roots'>,
  target: Target,
  etag: string,
  immutable = FOR_EVER,
): Record<string, string> {
  const { ttlS } = target
  const headers: Record<string, string> = {
    etag,
    'x-content-type-options': 'nosniff',
    'x-ipfs-path': target.contentPath,
    'x-ipfs-roots': roots.join(','),
    ...CORS,
  }
  if (ttlS === undefined) headers['cache-control'] = immutable
  else if (!Number.isNaN(ttlS)) headers['cache-control'] = `public, max-age=${ttlS}`
  return headers
}

/** `Content-Disposition` with the name of the query, or `fallback`. */
export function disposition(url: URL, fallback: string, kind: 'attachment' | 'inline' = 'attachment'): string {
  const name = url.searchParams.get('filename') ?? fallback
  const plain = name.replace(/[^\x20-\x7e]|["\\]/g, '_')
  const extended = plain === name ? '' : `; filename*=UTF-8''${encodeURIComponent(name)}`
  const wanted = url.searchParams.get('download') === 'true' ? 'attachment' : kind
  return `${wanted}; filename="${plain}"${extended}`
}

/** A web stream that pulls; cancelling it ends the generator. */
export function streamOf(source: AsyncGenerator<Uint8Array>): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller) {
        const { value, done } = await source.next()
        if (done) controller.close()
        else controller.enqueue(value as Uint8Array<ArrayBuffer>)
      },
      async cancel() {
        await source.return(undefined)
      },
    },
    { highWaterMark: 1 },
  )
}

/** An answer that sends the client elsewhere. What a URL cannot have is encoded; browsers would read a backslash as a slash. */
export function redirect(status: number, location: string): Response {
  const url = location.replace(/[^\x21-\x7e]|\\/gu, encodeURIComponent)
  return new Response(null, { status, headers: { location: url, ...CORS } })
}
