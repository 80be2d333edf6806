/**
 * HTTP gateway by the IPFS specifications (specs.ipfs.tech/http-gateways): trustless answers (raw block, CAR) and, where allowed, UnixFS files with
 * ranges and directory listings. A handler from `Request` to `Response`, for any server or service worker.
 */
import type { CID } from 'multiformats/cid'
import { encodeCarBlock, encodeCarHeader } from '../content/car.ts'
import { codec, parseCid } from '../content/cid.ts'
import { listDirectory, lookup } from '../content/directory.ts'
import { type BlockSource, exportFile, stat } from '../content/export-file.ts'
import { type Resolved, resolvePath } from '../content/resolve.ts'
import { isStorageError, StorageError } from '../errors.ts'
import { carBlocks, type DagScope } from './car-blocks.ts'
import { parseEntityBytes, parseRange } from './ranges.ts'

/** Entries of a directory page. */
const MAX_LISTED = 10_000

/** What {@link createGateway} needs. */
export interface GatewayOptions {
  readonly blocks: BlockSource
  /** give out deserialised files and listings too; default false: trustless only */
  readonly deserialise?: boolean
  /**
   * Says whether a request may see this root; default: everyone. A gateway for private paths checks a token here. `false` is answered
   * with 401 before any block is read.
   */
  readonly authorize?: (request: Request, root: CID) => boolean | Promise<boolean>
}

/** Makes the handler. It answers `GET` and `HEAD` of `/ipfs/…`; anything else with an error status, never an exception. */
export function createGateway(options: GatewayOptions): (request: Request) => Promise<Response> {
  return async (request) => {
    try {
      const response = await answer(options, request)
      if (request.method !== 'HEAD') return response
      await response.body?.cancel()
      return new Response(null, { status: response.status, headers: response.headers })
    } catch (error) {
      if (isStorageError(error, 'STORAGE_NOT_FOUND')) return failure(404, error.message)
      if (isStorageError(error, 'STORAGE_INVALID_ARGUMENT')) return failure(400, error.message)
      if (isStorageError(error)) return failure(error.code === 'STORAGE_FORBIDDEN' ? 401 : 502, error.message)
      throw error
    }
  }
}

function failure(status: number, message: string, headers: Record<string, string> = {}): Response {
  return new Response(`${message}\n`, {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff', ...headers },
  })
}

async function answer(options: GatewayOptions, request: Request): Promise<Response> {
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return failure(405, 'Only GET and HEAD', { allow: 'GET, HEAD' })
  const url = new URL(request.url)
  const [, namespace, rootText, ...rest] = url.pathname.split('/')
  if (namespace !== 'ipfs' || rootText === undefined || rootText === '')
    return failure(404, 'The path is /ipfs/{cid}[/path]')
  const root = parseCid(rootText)
  const segments = rest.filter((segment) => segment !== '').map(decodeSegment)
  if (options.authorize !== undefined && !(await options.authorize(request, root)))
    return failure(401, 'This path is private', { 'www-authenticate': 'Bearer' })
  const format = formatOf(request, url)
  if (format === undefined && !options.deserialise) {
    return failure(406, 'This gateway is trustless: ask for application/vnd.ipld.raw or application/vnd.ipld.car')
  }
  const conditional = request.headers.get('if-none-match')
  const { signal } = request
  if (format === 'raw') {
    const resolved = await resolvePath(options.blocks, root, segments, { signal })
    return raw(options, request, url, resolved, segments)
  }
  if (format === 'car') return car(options, request, url, root, segments)
  const resolved = await resolvePath(options.blocks, root, segments, { signal })
  const etag = `"${resolved.cid}"`
  if (matches(conditional, etag)) return new Response(null, { status: 304, headers: { etag } })
  return deserialised(options, request, url, resolved, segments, etag)
}

function decodeSegment(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch (cause) {
    throw new StorageError('STORAGE_INVALID_ARGUMENT', 'The path is not percent-encoded UTF-8', { text }, { cause })
  }
}

/** The query parameter goes before the header. */
function formatOf(request: Request, url: URL): 'raw' | 'car' | undefined {
  const format = url.searchParams.get('format')
  if (format === 'raw' || format === 'car') return format
  const accept = request.headers.get('accept') ?? ''
  if (accept.includes('application/vnd.ipld.raw')) return 'raw'
  if (accept.includes('application/vnd.ipld.car')) return 'car'
  return undefined
}

function matches(header: string | null, etag: string): boolean {
  if (header === null) return false
  return header.split(',').some((part) => part.trim() === '*' || part.trim().replace(/^W\//, '') === etag)
}

function commonHeaders(resolved: Pick<Resolved, 'roots'>, url: URL, etag: string): Record<string, string> {
  return {
    etag,
    'cache-control': 'public, max-age=29030400, immutable',
    'x-content-type-options': 'nosniff',
    'x-ipfs-path': url.pathname,
    'x-ipfs-roots': resolved.roots.join(','),
    'access-control-allow-origin': '*',
    'access-control-allow-methods': 'GET, HEAD, OPTIONS',
    'access-control-expose-headers': 'Content-Length, Content-Range, X-Ipfs-Path, X-Ipfs-Roots',
  }
}

function attachment(url: URL, fallback: string): string {
  const wanted = url.searchParams.get('filename')
  const name = wanted ?? fallback
  const plain = name.replace(/[^\x20-\x7e]|["\\]/g, '_')
  const extended = plain === name ? '' : `; filename*=UTF-8''${encodeURIComponent(name)}`
  return `attachment; filename="${plain}"${extended}`
}

async function raw(
  { blocks }: GatewayOptions,
  request: Request,
  url: URL,
  resolved: Resolved,
  segments: readonly string[],
): Promise<Response> {
  if (resolved.rest.length > 0) return failure(404, `/${segments.join('/')} is inside a block`)
  const etag = `"${resolved.cid}.raw"`
  if (matches(request.headers.get('if-none-match'), etag)) return new Response(null, { status: 304, headers: { etag } })
  const bytes = await blocks.get(resolved.cid, { signal: request.signal })
  const headers = {
    ...commonHeaders(resolved, url, etag),
    'content-type': 'application/vnd.ipld.raw',
    'content-disposition': attachment(url, `${resolved.cid}.bin`),
    'accept-ranges': 'bytes',
  }
  const range = parseRange(request.headers.get('range'), bytes.length)
  if (range === 'unsatisfiable')
    return failure(416, 'The range lies beyond the block', { 'content-range': `bytes */${bytes.length}` })
  if (range === 'none')
    return new Response(bytes as Uint8Array<ArrayBuffer>, {
      headers: { ...headers, 'content-length': String(bytes.length) },
    })
  const part = bytes.subarray(range.start, range.end) as Uint8Array<ArrayBuffer>
  return new Response(part, {
    status: 206,
    headers: {
      ...headers,
      'content-length': String(part.length),
      'content-range': `bytes ${range.start}-${range.end - 1}/${bytes.length}`,
    },
  })
}

async function car(
  { blocks }: GatewayOptions,
  request: Request,
  url: URL,
  root: CID,
  segments: readonly string[],
): Promise<Response> {
  const parameters = new Map(
    (request.headers.get('accept') ?? '')
      .split(',')
      .filter((type) => type.trim().startsWith('application/vnd.ipld.car'))
      .flatMap((type) => type.split(';').slice(1))
      .map((parameter) => parameter.trim().split('=') as [string, string]),
  )
  const version = url.searchParams.get('car-version') ?? parameters.get('version') ?? '1'
  if (version !== '1') return failure(400, `CAR version ${version} is not served`)
  const duplicates = (url.searchParams.get('car-dups') ?? parameters.get('dups') ?? 'n') === 'y'
  const scope = url.searchParams.get('dag-scope') ?? 'all'
  if (scope !== 'block' && scope !== 'entity' && scope !== 'all')
    return failure(400, `dag-scope=${scope} is not one of block, entity, all`)
  const entityBytes = url.searchParams.get('entity-bytes')
  const range = entityBytes === null ? undefined : parseEntityBytes(entityBytes)
  if (entityBytes !== null && range === undefined) return failure(400, `entity-bytes=${entityBytes} is not from:to`)
  const { signal } = request
  const resolved = await resolvePath(blocks, root, segments, { signal })
  const wanted: DagScope = entityBytes === null ? scope : 'entity'
  const etag = `W/"${resolved.cid}.car.${[String(root), ...segments, wanted, entityBytes ?? '', duplicates ? 'y' : 'n'].map(encodeURIComponent).join('.')}"`
  if (matches(request.headers.get('if-none-match'), etag.slice(2)))
    return new Response(null, { status: 304, headers: { etag } })
  const sections = carBlocks(blocks, resolved, { scope: wanted, range, duplicates, signal })
  // Read the first block before the status goes out.
  const first = await sections.next()
  async function* body(): AsyncGenerator<Uint8Array> {
    yield encodeCarHeader([resolved.cid])
    if (!first.done) yield encodeCarBlock(first.value)
    for await (const block of sections) yield encodeCarBlock(block)
  }
  return new Response(streamOf(body()), {
    headers: {
      ...commonHeaders(resolved, url, etag),
      'content-type': `application/vnd.ipld.car; version=1; order=dfs; dups=${duplicates ? 'y' : 'n'}`,
      'content-disposition': attachment(url, `${segments.at(-1) ?? resolved.cid}.car`.replaceAll('/', '_')),
      'accept-ranges': 'none',
    },
  })
}

async function deserialised(
  { blocks }: GatewayOptions,
  request: Request,
  url: URL,
  resolved: Resolved,
  segments: readonly string[],
  etag: string,
): Promise<Response> {
  const { signal } = request
  const { cid } = resolved
  if (cid.code !== codec.raw && cid.code !== codec.dagPb)
    return failure(406, `Codec 0x${cid.code.toString(16)} is given as a raw block or CAR only`)
  let file = cid
  let name = segments.at(-1) ?? ''
  const facts = await stat(blocks, cid, { signal })
  if (facts.kind === 'symlink') return failure(404, 'The path leads to a symbolic link')
  let size = facts.size
  if (facts.kind === 'directory') {
    const index = (await lookup(blocks, cid, 'index.html', { signal })).entry
    if (!url.pathname.endsWith('/'))
      return new Response(null, { status: 301, headers: { location: `${url.pathname}/${url.search}` } })
    if (index === undefined) return listing(blocks, resolved, url, signal)
    file = index.cid
    name = 'index.html'
    size = (await stat(blocks, file, { signal })).size
  }
  const headers: Record<string, string> = {
    ...commonHeaders(resolved, url, etag),
    'content-type': typeOf(url.searchParams.get('filename') ?? name),
    'accept-ranges': 'bytes',
  }
  if (url.searchParams.get('download') === 'true')
    headers['content-disposition'] = attachment(url, name === '' ? String(cid) : name)
  const range = parseRange(request.headers.get('range'), size)
  if (range === 'unsatisfiable')
    return failure(416, 'The range lies beyond the file', { 'content-range': `bytes */${size}` })
  const { start, end } = range === 'none' ? { start: 0, end: size } : range
  headers['content-length'] = String(end - start)
  if (range !== 'none') headers['content-range'] = `bytes ${start}-${end - 1}/${size}`
  return new Response(streamOf(exportFile(blocks, file, { offset: start, length: end - start, signal })), {
    status: range === 'none' ? 200 : 206,
    headers,
  })
}

async function listing(blocks: BlockSource, resolved: Resolved, url: URL, signal: AbortSignal): Promise<Response> {
  const html = (text: string) => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)
  const rows: string[] = []
  for await (const { name, cid, dagSize } of listDirectory(blocks, resolved.cid, { signal, maxEntries: MAX_LISTED })) {
    rows.push(
      `<tr><td><a href="./${encodeURIComponent(name)}">${html(name)}</a></td><td>${dagSize}</td><td>${cid}</td></tr>`,
    )
  }
  const page = `<!doctype html><meta charset="utf-8"><title>${html(url.pathname)}</title><h1>${html(url.pathname)}</h1><table>${rows.join('\n')}</table>\n`
  const etag = `W/"dir.${resolved.cid}"`
  return new Response(page, {
    headers: {
      ...commonHeaders(resolved, url, etag),
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': "default-src 'none'",
    },
  })
}

/** Types by file name; anything else is bytes, which `nosniff` keeps from being guessed. */
const TYPES: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
  gif: 'image/gif',
  htm: 'text/html; charset=utf-8',
  html: 'text/html; charset=utf-8',
  jpeg: 'image/jpeg',
  jpg: 'image/jpeg',
  js: 'text/javascript; charset=utf-8',
  json: 'application/json',
  md: 'text/markdown; charset=utf-8',
  mjs: 'text/javascript; charset=utf-8',
  mp3: 'audio/mpeg',
  mp4: 'video/mp4',
  pdf: 'application/pdf',
  png: 'image/png',
  svg: 'image/svg+xml',
  txt: 'text/plain; charset=utf-8',
  wasm: 'application/wasm',
  webm: 'video/webm',
  webp: 'image/webp',
  xml: 'application/xml',
}

function typeOf(name: string): string {
  return TYPES[name.slice(name.lastIndexOf('.') + 1).toLowerCase()] ?? 'application/octet-stream'
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
