/**
 * HTTP gateway by the IPFS specifications (specs.ipfs.tech/http-gateways): trustless answers (raw block, CAR, IPNS record) and, where allowed, UnixFS files with
 * ranges, listings, documents and archives, by path, by subdomain and by DNSLink. A handler from `Request` to `Response`, for any server or service worker.
 */
import * as dagJson from '@ipld/dag-json'
import type { CID } from 'multiformats/cid'
import { concat, toHex } from '../content/bytes.ts'
import { encodeCarBlock, encodeCarHeader } from '../content/car.ts'
import { codec, parseCid } from '../content/cid.ts'
import { type Entry, listDirectory, lookup } from '../content/directory.ts'
import { type BlockSource, exportFile, stat } from '../content/export-file.ts'
import { decodeDocument } from '../content/links.ts'
import { type Resolved, resolvePath } from '../content/resolve.ts'
import { defaultCrypto } from '../crypto/default.ts'
import type { CryptoPort } from '../crypto/port.ts'
import { isStorageError, StorageError } from '../errors.ts'
import { formatName, parseName } from '../ipns/name.ts'
import { readRecord } from '../ipns/record.ts'
import { type NamePort, resolveName } from '../ipns/resolve.ts'
import { carBlocks, type DagScope } from './car-blocks.ts'
import { type GatewayFormat, type WantedFormat, wantedFormat } from './formats.ts'
import { hostKind, isForeignKey, labelOf, rootOfLabel } from './hosts.ts'
import {
  CORS,
  commonHeaders,
  disposition,
  failure,
  GENERATED,
  type LinkBase,
  notModified,
  streamOf,
  type Target,
} from './http.ts'
import { SNIFFED_BYTES, typeOfBytes, typeOfName } from './media-types.ts'
import { directoryPage, documentPage, PAGES_VERSION } from './pages.ts'
import { parseEntityBytes, parseRange } from './ranges.ts'
import { findRedirect, MAX_REDIRECTS_BYTES, parseRedirects } from './redirects.ts'
import { tarEntries, writeTar } from './tar.ts'

/** Entries of a directory page. */
const MAX_LISTED = 10_000

/** What {@link createGateway} needs. */
export interface GatewayOptions {
  readonly blocks: BlockSource
  /** where requests with `only-if-cached` look; default `blocks` */
  readonly local?: BlockSource
  /** give out deserialised files and listings too; default false: trustless only */
  readonly deserialise?: boolean
  /**
   * Says whether a request may see this root; default: everyone. A gateway for private paths checks a token here. `false` is answered
   * with 401 before any block is read.
   */
  readonly authorize?: (request: Request, root: CID) => boolean | Promise<boolean>
  /** follows `/ipns/…`; without it such paths are answered with 404 */
  readonly names?: NamePort
  /** own host names, with port, whose subdomains hold one root each: `{cid}.ipfs.{host}`. Paths on them are redirected there */
  readonly hosts?: readonly string[]
  /** believe `X-Forwarded-Host` and `X-Forwarded-Proto`: only behind a proxy that sets them. Default false */
  readonly trustForwarded?: boolean
  readonly crypto?: CryptoPort
}

/** Makes the handler. It answers `GET`, `HEAD` and `OPTIONS`; anything else with an error status, never an exception. */
export function createGateway(options: GatewayOptions): (request: Request) => Promise<Response> {
  return async (request) => {
    try {
      const response = await route(options, request)
      if (request.method !== 'HEAD') return response
      await response.body?.cancel()
      return new Response(null, { status: response.status, headers: response.headers })
    } catch (error) {
      if (!isStorageError(error)) throw error
      if (error.code === 'STORAGE_NOT_FOUND') return failure(onlyCached(request) ? 412 : 404, error.message)
      if (error.code === 'STORAGE_INVALID_ARGUMENT') return failure(400, error.message)
      return failure(error.code === 'STORAGE_FORBIDDEN' ? 401 : 502, error.message)
    }
  }
}

function onlyCached(request: Request): boolean {
  return request.headers.get('cache-control')?.includes('only-if-cached') ?? false
}

/** What one request is answered from. */
interface Context {
  readonly options: GatewayOptions
  readonly request: Request
  readonly blocks: BlockSource
  readonly signal: AbortSignal
}

/** Finds what the host and the path stand for. */
async function route(options: GatewayOptions, request: Request): Promise<Response> {
  if (request.method === 'OPTIONS') return new Response(null, { status: 204, headers: CORS })
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return failure(405, 'Only GET, HEAD and OPTIONS', { allow: 'GET, HEAD, OPTIONS' })
  const url = new URL(request.url)
  const forwarded = (name: string) => (options.trustForwarded ? request.headers.get(name) : null)
  const host = forwarded('x-forwarded-host') ?? url.host
  const scheme = forwarded('x-forwarded-proto') ?? url.protocol.slice(0, -1)
  const kind = hostKind(host, options.hosts ?? [])

  if (kind.kind === 'content') {
    const { namespace, label } = kind
    const root = rootOfLabel(namespace, label)
    if (namespace === 'ipfs' ? labelOf(namespace, root) !== label : isForeignKey(label))
      return redirect(
        301,
        `${scheme}://${labelOf(namespace, root)}.${namespace}.${kind.host}${url.pathname}${url.search}`,
      )
    const links = { entries: '', gateway: `//${kind.host}` }
    return site(options, request, url, { namespace, root, path: url.pathname, links, isolated: true })
  }

  const domain = url.hostname
  if (kind.kind === 'path' && options.names?.dnsLink !== undefined && /\.[a-z]/i.test(domain)) {
    if ((await options.names.dnsLink(domain, { signal: request.signal })) !== undefined) {
      const links = { entries: '', gateway: undefined }
      return site(options, request, url, { namespace: 'ipns', root: domain, path: url.pathname, links, isolated: true })
    }
  }

  const match = /^\/(ipfs|ipns)\/([^/]*)(.*)$/s.exec(url.pathname)
  if (match === null) return failure(404, 'The path is /ipfs/{cid}[/path] or /ipns/{name}[/path]')
  const [, space, text, path] = match as unknown as [string, 'ipfs' | 'ipns', string, string]
  const uri = url.searchParams.get('uri')
  if (text === '' && uri !== null) {
    const target = new RegExp(`^${space}://(.+)$`, 's').exec(uri)
    return target === null ? failure(400, `uri is not ${space}://…`) : redirect(301, `/${space}/${target[1]}`)
  }
  if (text === '') return failure(404, 'The path is /ipfs/{cid}[/path] or /ipns/{name}[/path]')
  const root = decodeSegment(text)
  if (space === 'ipfs' && !isCid(root)) return failure(400, `invalid path "${url.pathname}": "${root}" is not a CID`)
  if (kind.kind === 'gateway')
    return redirect(
      301,
      `${scheme}://${labelOf(space, root)}.${space}.${kind.host}${path === '' ? '/' : path}${url.search}`,
    )
  const name = space === 'ipns' ? parseName(root) : undefined
  if (name !== undefined && formatName(name) !== root)
    return redirect(302, `/ipns/${formatName(name)}${path}${url.search}`)
  const links = { entries: `/${space}/${text}`, gateway: '' }
  return site(options, request, url, { namespace: space, root, path, links, isolated: false })
}

function redirect(status: number, location: string): Response {
  return new Response(null, { status, headers: { location, ...CORS } })
}

function isCid(text: string): boolean {
  try {
    parseCid(text)
    return true
  } catch {
    return false // said in the answer
  }
}

function decodeSegment(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch (cause) {
    throw new StorageError('STORAGE_INVALID_ARGUMENT', 'The path is not percent-encoded UTF-8', { text }, { cause })
  }
}

/** A root and the path below it. */
interface Place {
  readonly namespace: 'ipfs' | 'ipns'
  /** a CID, a key or a domain */
  readonly root: string
  /** percent-encoded, begins with a slash or is empty */
  readonly path: string
  readonly links: LinkBase
  /** the root is an origin of its own: its `_redirects` count */
  readonly isolated: boolean
}

async function site(options: GatewayOptions, request: Request, url: URL, place: Place): Promise<Response> {
  const { namespace, path, links } = place
  const { signal } = request
  const wanted = wantedFormat(request, url)
  const trustless = wanted.format === 'raw' || wanted.format === 'car' || wanted.format === 'ipns-record'
  if (!trustless && !options.deserialise) {
    return failure(406, 'This gateway is trustless: ask for application/vnd.ipld.raw or application/vnd.ipld.car')
  }
  const segments = path
    .split('/')
    .filter((segment) => segment !== '')
    .map(decodeSegment)
  const crypto = options.crypto ?? defaultCrypto()
  let root: CID
  let below: readonly string[] = []
  let ttlS: number | undefined
  if (namespace === 'ipfs') {
    if (wanted.format === 'ipns-record') return failure(400, 'Only /ipns/ paths have IPNS records')
    root = parseCid(place.root)
  } else {
    if (options.names === undefined) return failure(404, 'This gateway follows no names')
    // A record may be given out whatever it points at, unless that is what says who may see it.
    if (wanted.format === 'ipns-record' && options.authorize === undefined)
      return record(options.names, crypto, request, url, place.root)
    const found = await resolveName(crypto, options.names, place.root, { signal })
    root = found.root
    below = found.segments
    ttlS = found.ttlS
  }
  if (options.authorize !== undefined && !(await options.authorize(request, root)))
    return failure(401, 'This path is private', { 'www-authenticate': 'Bearer' })
  if (wanted.format === 'ipns-record') return record(options.names!, crypto, request, url, place.root)
  const blocks = onlyCached(request) ? (options.local ?? options.blocks) : options.blocks
  const context: Context = { options, request, blocks, signal }
  const target: Target = { url, contentPath: `/${namespace}/${place.root}${path}`, segments, ttlS, links }
  const whole = [...below, ...segments]
  if (wanted.format === 'car') return car(context, target, root, whole)
  let resolved: Resolved
  try {
    resolved = await resolvePath(blocks, root, whole, { signal })
  } catch (error) {
    if (trustless || !place.isolated || !isStorageError(error, 'STORAGE_NOT_FOUND')) throw error
    const answer = await redirected(context, target, root, below, wanted)
    if (answer === undefined) throw error
    return answer
  }
  if (wanted.format === 'raw') return raw(context, target, resolved)
  if (wanted.format === 'tar') return tar(context, target, resolved)
  return deserialised(context, target, resolved, wanted)
}

/** What `_redirects` at the root says of a path that is not there; `undefined` when it says nothing. */
async function redirected(
  context: Context,
  target: Target,
  root: CID,
  below: readonly string[],
  wanted: WantedFormat,
): Promise<Response | undefined> {
  const { blocks, signal } = context
  const file = await resolvePath(blocks, root, [...below, '_redirects'], { signal }).catch((error: unknown) => {
    if (!isStorageError(error, 'STORAGE_NOT_FOUND')) throw error
    return undefined
  })
  if (file === undefined) return undefined
  let rule: ReturnType<typeof findRedirect>
  try {
    const parts: Uint8Array[] = []
    const { size } = await stat(blocks, file.cid, { signal })
    const length = Math.min(size, MAX_REDIRECTS_BYTES + 1)
    for await (const part of exportFile(blocks, file.cid, { length, signal })) parts.push(part)
    rule = findRedirect(parseRedirects(concat(parts)), `/${target.segments.join('/')}`)
  } catch (error) {
    if (isStorageError(error, 'STORAGE_MALFORMED') || isStorageError(error, 'STORAGE_LIMIT'))
      return failure(500, error.message)
    throw error
  }
  if (rule === undefined) return undefined
  if (rule.status >= 300 && rule.status < 400) return redirect(rule.status, rule.to)
  const segments = new URL(rule.to, 'http://site').pathname
    .split('/')
    .filter((segment) => segment !== '')
    .map(decodeSegment)
  const resolved = await resolvePath(blocks, root, [...below, ...segments], { signal })
  return deserialised(context, { ...target, segments }, resolved, wanted, rule.status)
}

async function record(
  names: NamePort,
  crypto: CryptoPort,
  request: Request,
  url: URL,
  text: string,
): Promise<Response> {
  const name = parseName(text)
  if (name === undefined) return failure(400, 'Only keys have IPNS records, domains have none')
  const bytes = await names.record(name, { signal: request.signal })
  if (bytes === undefined) return failure(404, `/ipns/${text} has no record`)
  const { ttlS } = await readRecord(crypto, name, bytes, names.nowMs())
  const etag = `"${toHex(await crypto.sha256(bytes)).slice(0, 32)}"`
  const same = notModified(request, etag)
  if (same !== undefined) return same
  return new Response(bytes as Uint8Array<ArrayBuffer>, {
    headers: {
      etag,
      'cache-control': `public, max-age=${ttlS}`,
      'content-type': 'application/vnd.ipfs.ipns-record',
      'content-length': String(bytes.length),
      'content-disposition': disposition(url, `${formatName(name)}.ipns-record`),
      'x-content-type-options': 'nosniff',
      ...CORS,
    },
  })
}

async function raw(context: Context, target: Target, resolved: Resolved): Promise<Response> {
  if (resolved.rest.length > 0) return failure(404, `/${target.segments.join('/')} is inside a block`)
  const etag = `"${resolved.cid}.raw"`
  const same = notModified(context.request, etag)
  if (same !== undefined) return same
  const bytes = await context.blocks.get(resolved.cid, { signal: context.signal })
  return bytesAnswer(context.request, bytes, {
    ...commonHeaders(resolved, target, etag),
    'content-type': 'application/vnd.ipld.raw',
    'content-disposition': disposition(target.url, `${resolved.cid}.bin`),
  })
}

/** Bytes in memory, or the range of them that is asked for. */
function bytesAnswer(request: Request, bytes: Uint8Array, headers: Record<string, string>): Response {
  const range = parseRange(request.headers.get('range'), bytes.length)
  if (range === 'unsatisfiable')
    return failure(416, 'The range lies beyond the block', { 'content-range': `bytes */${bytes.length}` })
  const { start, end } = range === 'none' ? { start: 0, end: bytes.length } : range
  return new Response(bytes.subarray(start, end) as Uint8Array<ArrayBuffer>, {
    status: range === 'none' ? 200 : 206,
    headers: {
      ...headers,
      'accept-ranges': 'bytes',
      'content-length': String(end - start),
      ...(range === 'none' ? {} : { 'content-range': `bytes ${start}-${end - 1}/${bytes.length}` }),
    },
  })
}

async function car(context: Context, target: Target, root: CID, segments: readonly string[]): Promise<Response> {
  const { request, blocks, signal } = context
  const { url } = target
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
  const resolved = await resolvePath(blocks, root, segments, { signal })
  const wanted: DagScope = entityBytes === null ? scope : 'entity'
  const etag = `W/"${resolved.cid}.car.${[String(root), ...segments, wanted, entityBytes ?? '', duplicates ? 'y' : 'n'].map(encodeURIComponent).join('.')}"`
  const same = notModified(request, etag)
  if (same !== undefined) return same
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
      ...commonHeaders(resolved, target, etag),
      'content-type': `application/vnd.ipld.car; version=1; order=dfs; dups=${duplicates ? 'y' : 'n'}`,
      'content-disposition': disposition(url, `${segments.at(-1) ?? resolved.cid}.car`.replaceAll('/', '_')),
      'accept-ranges': 'none',
    },
  })
}

async function tar(context: Context, target: Target, resolved: Resolved): Promise<Response> {
  const { blocks, signal, request } = context
  const { cid } = resolved
  if (resolved.rest.length > 0 || (cid.code !== codec.raw && cid.code !== codec.dagPb))
    return failure(406, 'Only files and directories are given as TAR')
  const etag = `W/"${cid}.x-tar"`
  const same = notModified(request, etag)
  if (same !== undefined) return same
  const entries = await tarEntries(blocks, cid, String(cid), { signal })
  return new Response(streamOf(writeTar(blocks, entries, { signal })), {
    headers: {
      ...commonHeaders(resolved, target, etag),
      'content-type': 'application/x-tar',
      'content-disposition': disposition(target.url, `${target.segments.at(-1) ?? cid}.tar`),
    },
  })
}

async function deserialised(
  context: Context,
  target: Target,
  resolved: Resolved,
  wanted: WantedFormat,
  status = 200,
): Promise<Response> {
  const { blocks, request, signal } = context
  const { url, segments } = target
  const { cid } = resolved
  if (cid.code in DOCUMENTS) return document(context, target, resolved, wanted)
  if (cid.code !== codec.raw && cid.code !== codec.dagPb)
    return failure(406, `Codec 0x${cid.code.toString(16)} is given as a raw block or CAR only`)
  if (wanted.format === 'dag-json' || wanted.format === 'dag-cbor')
    return failure(406, `${cid} is not ${wanted.format}, and nothing is converted`)
  const facts = await stat(blocks, cid, { signal })
  let file = cid
  let name = segments.at(-1) ?? ''
  let size = facts.size
  if (facts.kind === 'directory' && status === 200) {
    if (!url.pathname.endsWith('/')) return redirect(301, `${url.pathname}/${url.search}`)
  }
  if (facts.kind === 'directory') {
    const index = (await lookup(blocks, cid, 'index.html', { signal })).entry
    if (index === undefined) return listing(context, target, resolved)
    file = index.cid
    name = 'index.html'
    size = (await stat(blocks, file, { signal })).size
  }
  const etag = `"${cid}"`
  const same = status === 200 ? notModified(request, etag) : undefined
  if (same !== undefined) return same
  const headers: Record<string, string> = commonHeaders(resolved, target, etag)
  if (facts.kind === 'symlink') {
    return new Response(facts.target ?? '', { status, headers: { ...headers, 'content-type': 'inode/symlink' } })
  }
  headers['content-type'] = await typeOf(context, url.searchParams.get('filename') ?? name, file, size, wanted)
  headers['accept-ranges'] = 'bytes'
  if (url.searchParams.get('download') === 'true' || url.searchParams.has('filename'))
    headers['content-disposition'] = disposition(url, name === '' ? String(cid) : name, 'inline')
  const range = status === 200 ? parseRange(request.headers.get('range'), size) : 'none'
  if (range === 'unsatisfiable')
    return failure(416, 'The range lies beyond the file', { 'content-range': `bytes */${size}` })
  const { start, end } = range === 'none' ? { start: 0, end: size } : range
  headers['content-length'] = String(end - start)
  if (range !== 'none') headers['content-range'] = `bytes ${start}-${end - 1}/${size}`
  return new Response(streamOf(exportFile(blocks, file, { offset: start, length: end - start, signal })), {
    status: range === 'none' ? status : 206,
    headers,
  })
}

async function typeOf(context: Context, name: string, file: CID, size: number, wanted: WantedFormat): Promise<string> {
  if (wanted.explicit && (wanted.format === 'json' || wanted.format === 'cbor')) return `application/${wanted.format}`
  const named = typeOfName(name)
  if (named !== undefined || name.includes('.')) return named ?? 'application/octet-stream'
  const { blocks, signal, request } = context
  if (request.headers.has('range')) return 'application/octet-stream' // the beginning may not be there
  const parts: Uint8Array[] = []
  for await (const part of exportFile(blocks, file, { length: Math.min(size, SNIFFED_BYTES), signal })) parts.push(part)
  return typeOfBytes(concat(parts), size <= SNIFFED_BYTES)
}

async function listing(context: Context, target: Target, resolved: Resolved): Promise<Response> {
  const etag = `"DirIndex-${PAGES_VERSION}_CID-${resolved.cid}"`
  const same = notModified(context.request, etag)
  if (same !== undefined) return same
  const { blocks, signal } = context
  const entries: Entry[] = []
  for await (const entry of listDirectory(blocks, resolved.cid, { signal, maxEntries: MAX_LISTED })) entries.push(entry)
  return pageAnswer(directoryPage(target, entries), target, resolved, etag)
}

function pageAnswer(html: string, target: Target, resolved: Resolved, etag: string): Response {
  return new Response(html, {
    headers: {
      ...commonHeaders(resolved, target, etag, GENERATED),
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': "default-src 'none'",
    },
  })
}

/** Codecs whose blocks are documents: their format, and the plain one that they may be asked for as. */
const DOCUMENTS: Readonly<Record<number, { readonly format: GatewayFormat; readonly plain: 'json' | 'cbor' }>> = {
  [codec.json]: { format: 'json', plain: 'json' },
  [codec.dagJson]: { format: 'dag-json', plain: 'json' },
  [codec.cbor]: { format: 'cbor', plain: 'cbor' },
  [codec.dagCbor]: { format: 'dag-cbor', plain: 'cbor' },
}

async function document(context: Context, target: Target, resolved: Resolved, wanted: WantedFormat): Promise<Response> {
  const { cid, rest } = resolved
  const own = DOCUMENTS[cid.code]!
  if (rest.length > 0)
    return failure(501, `/${target.segments.join('/')} is inside a document, which is given whole only`)
  const format = wanted.format === undefined || wanted.format === 'html' ? own.format : wanted.format
  if (format !== own.format && format !== own.plain)
    return failure(406, `${cid} is not ${format}, and nothing is converted`)
  const { blocks, signal, request } = context
  const preview = wanted.format === 'html' && own.format.startsWith('dag-')
  const etag = preview ? `"DagIndex-${PAGES_VERSION}_CID-${cid}"` : `"${cid}.${format}"`
  const same = notModified(request, etag)
  if (same !== undefined) return same
  const bytes = await blocks.get(cid, { signal })
  if (preview) {
    const json = new TextDecoder().decode(dagJson.encode(decodeDocument(cid, bytes)))
    return pageAnswer(documentPage(target, json), target, resolved, etag)
  }
  return bytesAnswer(request, bytes, {
    ...commonHeaders(resolved, target, etag),
    'content-type': format.startsWith('dag-') ? `application/vnd.ipld.${format}` : `application/${format}`,
    'content-disposition': disposition(
      target.url,
      `${cid}.${own.plain}`,
      own.plain === 'json' ? 'inline' : 'attachment',
    ),
  })
}
