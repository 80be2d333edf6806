import type { CID } from 'multiformats/cid'
import { concat, toHex } from '../content/bytes.ts'
import { parseCid } from '../content/cid.ts'
import { type BlockSource, exportFile, stat } from '../content/export-file.ts'
import { type Resolved, resolvePath } from '../content/resolve.ts'
import { defaultCrypto } from '../crypto/default.ts'
import type { CryptoPort } from '../crypto/port.ts'
import { isStorageError, StorageError } from '../errors.ts'
import { formatName, parseName } from '../ipns/name.ts'
import { readRecord } from '../ipns/record.ts'
import { type NamePort, resolveName } from '../ipns/resolve.ts'
import { type Context, car, deserialised, raw, tar } from './answers.ts'
import { type WantedFormat, wantedFormat } from './formats.ts'
import { hostKind, isForeignKey, labelOf, rootOfLabel } from './hosts.ts'
import { CORS, disposition, failure, type LinkBase, notModified, redirect, type Target } from './http.ts'
import { findRedirect, MAX_REDIRECTS_BYTES, parseRedirects } from './redirects.ts'

/** What {@link createGateway} needs. */
export interface GatewayOptions {
  /** where content comes from */
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
  /** default {@link defaultCrypto} */
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
  const context: Context = { request, blocks, signal }
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
    // A slash within a segment must not become one between segments: two of them in front would name a host.
    rule = findRedirect(parseRedirects(concat(parts)), `/${target.segments.map(encodeURIComponent).join('/')}`)
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
