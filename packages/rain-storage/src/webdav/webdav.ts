/**
 * WebDAV (RFC 4918, classes 1, 2 and 3) over an index and a content store: a tree of files that Finder, Windows and davfs mount. A handler from `Request` to
 * `Response`.
 */
import { formatHttpTime } from '../content/time.ts'
import { defaultCrypto } from '../crypto/default.ts'
import type { CryptoPort } from '../crypto/port.ts'
import { isStorageError, StorageError } from '../errors.ts'
import { streamOf } from '../gateway/http.ts'
import { parseRange } from '../gateway/ranges.ts'
import type { ObjectContent } from '../s3/object-content.ts'
import type { ObjectIndex } from '../s3/object-index.ts'
import { createAccess, type WebDavAccount } from './access.ts'
import { type Call, depthOf, described, type Parts, xmlOf } from './call.ts'
import { makeCollection, patchProperties, put, remove, transfer } from './changes.ts'
import { DavFailure, MembersFailure } from './failure.ts'
import { checkRead } from './guards.ts'
import { parseIf, submittedTokens } from './if-header.ts'
import { WEBDAV_LIMITS } from './limits.ts'
import { lock, unlock } from './lock-methods.ts'
import { Locks } from './locks.ts'
import { failureAnswer, membersAnswer, multistatus, propertyResponse } from './multistatus.ts'
import { hrefOf, pathOf } from './path.ts'
import { describe, mediaType, parsePropfind, type Wanted } from './properties.ts'
import { type FileNode, Tree } from './tree.ts'

/** What {@link createWebDav} needs. */
export interface WebDavOptions {
  readonly content: ObjectContent
  /** of this server alone: keys of other front ends must not stand in it */
  readonly index: ObjectIndex
  /** who may come in; default nobody */
  readonly accounts?: readonly WebDavAccount[]
  /** what requests without credentials may do; default `nothing` */
  readonly anonymous?: 'nothing' | 'read' | 'write'
  /** path of the root, e.g. `/files`; default `/` */
  readonly prefix?: string
  /** bytes that all files together may have; default no limit */
  readonly quotaBytes?: number
  /** milliseconds since 1970 */
  readonly nowMs: () => number
  readonly crypto?: CryptoPort
}

const READING = ['OPTIONS', 'GET', 'HEAD', 'PROPFIND']
const CHANGING = ['PUT', 'DELETE', 'MKCOL', 'COPY', 'MOVE', 'PROPPATCH', 'LOCK', 'UNLOCK']
const ALLOW = [...READING, ...CHANGING].join(', ')

/**
 * Makes the handler. The index and the content store stay open as long as it is used.
 * @throws StorageError `STORAGE_INVALID_ARGUMENT` for an account that could never come in, or a prefix that is no path
 */
export function createWebDav(options: WebDavOptions): (request: Request) => Promise<Response> {
  const { content, index, nowMs, quotaBytes, accounts = [], anonymous = 'nothing' } = options
  const crypto = options.crypto ?? defaultCrypto()
  const prefix = prefixOf(options.prefix ?? '/')
  const tree = new Tree(index, content, crypto, nowMs)
  const locks = new Locks(crypto, nowMs)
  const parts: Parts = { tree, locks, content, prefix, quotaBytes, nowMs }
  const admit = createAccess(crypto, accounts, anonymous)
  let opened: Promise<void> | undefined
  const open = () =>
    tree.exclusive(async () => {
      await tree.open()
      await locks.open(index)
    })
  const ready = () => {
    opened ??= open().catch((error: unknown) => {
      opened = undefined
      throw error
    })
    return opened
  }

  return async (request) => {
    try {
      const admission = await admit(request.headers.get('authorization'))
      const changes = CHANGING.includes(request.method)
      if (admission.status === 'refused') return unauthorized(admission.challenges)
      if (changes && admission.readOnly) {
        // one who came without credentials may have better ones
        if (admission.account === '' && accounts.length > 0) {
          const refused = await admit('')
          if (refused.status === 'refused') return unauthorized(refused.challenges)
        }
        throw new DavFailure(403, 'It may only be read')
      }
      const url = new URL(request.url)
      const lists = parseIf(request.headers.get('if'))
      const { headers } = request
      const common = { request, headers, url, account: admission.account, lists, submitted: submittedTokens(lists) }
      await ready()
      return await route(parts, { ...common, path: pathOf(url, prefix) })
    } catch (error) {
      if (request.signal.aborted) throw error
      return failed(error)
    }
  }
}

function prefixOf(text: string): readonly string[] {
  try {
    return pathOf(new URL(text, 'http://localhost'), [])
  } catch (cause) {
    throw new StorageError('STORAGE_INVALID_ARGUMENT', 'The prefix is no path', { prefix: text }, { cause })
  }
}

function unauthorized(challenges: readonly string[]): Response {
  const headers = new Headers({ 'content-type': 'text/plain; charset=utf-8' })
  for (const challenge of challenges) headers.append('www-authenticate', challenge)
  return new Response('Credentials are needed\n', { status: 401, headers })
}

function failed(error: unknown): Response {
  if (error instanceof MembersFailure) return membersAnswer(error)
  if (error instanceof DavFailure) return failureAnswer(error)
  const message = isStorageError(error) ? error.message : 'An internal error'
  return failureAnswer(new DavFailure(500, message))
}

function route(parts: Parts, call: Call): Promise<Response> {
  switch (call.request.method) {
    case 'OPTIONS':
      return Promise.resolve(capabilities())
    case 'GET':
    case 'HEAD':
      return get(parts, call)
    case 'PROPFIND':
      return findProperties(parts, call)
    case 'PUT':
      return put(parts, call)
    case 'DELETE':
      return remove(parts, call)
    case 'MKCOL':
      return makeCollection(parts, call)
    case 'COPY':
      return transfer(parts, call, 'copy')
    case 'MOVE':
      return transfer(parts, call, 'move')
    case 'PROPPATCH':
      return patchProperties(parts, call)
    case 'LOCK':
      return lock(parts, call)
    case 'UNLOCK':
      return unlock(parts, call)
    default:
      return Promise.resolve(new Response(null, { status: 405, headers: { allow: ALLOW } }))
  }
}

/** What the server does. `MS-Author-Via` is what Windows looks for. */
function capabilities(): Response {
  return new Response(null, {
    headers: { allow: ALLOW, dav: '1, 2, 3', 'ms-author-via': 'DAV', 'accept-ranges': 'bytes' },
  })
}

async function get({ tree, content }: Parts, call: Call): Promise<Response> {
  const { node } = await tree.locate(call.path)
  if (node === undefined) throw new DavFailure(404, 'Nothing is here')
  if (node.kind === 'collection') {
    const text = 'It is a collection: PROPFIND lists it\n'
    return new Response(text, { status: 405, headers: { allow: ALLOW, 'content-type': 'text/plain; charset=utf-8' } })
  }
  const headers: Record<string, string> = {
    'content-type': mediaType(node.type, call.path),
    etag: `"${node.etag}"`,
    'last-modified': formatHttpTime(node.modifiedMs),
    'accept-ranges': 'bytes',
    'cache-control': 'no-cache',
    // a file must not act in the name of the user whose browser shows it
    'content-security-policy': 'sandbox',
    'x-content-type-options': 'nosniff',
  }
  if (checkRead(call, node) === 'not modified') return new Response(null, { status: 304, headers })
  const range = rangeOf(call, node)
  if (range === 'unsatisfiable') {
    const text = { 'content-range': `bytes */${node.size}`, 'content-type': 'text/plain; charset=utf-8' }
    return new Response('The range lies beyond the file\n', { status: 416, headers: text })
  }
  const { start, end } = range === 'none' ? { start: 0, end: node.size } : range
  headers['content-length'] = String(end - start)
  if (range !== 'none') headers['content-range'] = `bytes ${start}-${end - 1}/${node.size}`
  const { ref } = node
  const isEmpty = call.request.method === 'HEAD' || ref === undefined || start === end
  const body = isEmpty ? null : streamOf(content.get(ref, { offset: start, length: end - start }, call.request.signal))
  return new Response(body, { status: range === 'none' ? 200 : 206, headers })
}

/** The range of a GET; all when `If-Range` names another state of the file. */
function rangeOf({ headers, request }: Call, node: FileNode) {
  const condition = headers.get('if-range')?.trim()
  const same =
    condition === undefined || condition === `"${node.etag}"` || condition === formatHttpTime(node.modifiedMs)
  return same && request.method === 'GET' ? parseRange(headers.get('range'), node.size) : 'none'
}

async function findProperties(parts: Parts, call: Call): Promise<Response> {
  const { tree, prefix } = parts
  const depth = depthOf(call, ['infinity', '0', '1'])
  const wanted = parsePropfind(await xmlOf(call))
  const { node } = await tree.locate(call.path)
  if (node === undefined) throw new DavFailure(404, 'Nothing is here')
  const levels = depth === 'infinity' ? Number.POSITIVE_INFINITY : Number(depth)
  if (depth === 'infinity') {
    let count = 0
    for await (const _ of tree.walk(call.path, node, levels)) {
      if (++count > WEBDAV_LIMITS.listed)
        throw new DavFailure(403, 'There is too much below for one answer', 'propfind-finite-depth')
    }
  }
  return multistatus(responses(parts, tree.walk(call.path, node, levels), prefix, wanted))
}

async function* responses(
  parts: Parts,
  resources: ReturnType<Tree['walk']>,
  prefix: readonly string[],
  wanted: Wanted,
): AsyncGenerator<string> {
  for await (const { path, node } of resources) {
    const href = hrefOf(path, prefix, node.kind === 'collection')
    yield propertyResponse(href, describe(described(parts, path, node), wanted))
  }
}
