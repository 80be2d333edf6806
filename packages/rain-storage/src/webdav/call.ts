/** A request on its way through the server, and what all its parts share. */
import { concat } from '../content/bytes.ts'
import type { ObjectContent } from '../s3/object-content.ts'
import { DavFailure } from './failure.ts'
import type { StateList } from './if-header.ts'
import { WEBDAV_LIMITS } from './limits.ts'
import type { Lock, Locks } from './locks.ts'
import { type DavPath, hrefOf, pathOfReference } from './path.ts'
import type { Described } from './properties.ts'
import type { Node, Tree } from './tree.ts'
import { readXml, type XmlElement } from './xml-reader.ts'

/** The parts that the methods work with. */
export interface Parts {
  readonly tree: Tree
  readonly locks: Locks
  readonly content: ObjectContent
  readonly prefix: DavPath
  readonly quotaBytes: number | undefined
  readonly nowMs: () => number
}

/** A request that may go on. */
export interface Call {
  readonly request: Request
  readonly headers: Headers
  readonly url: URL
  readonly path: DavPath
  /** whose locks it may use; empty without an account */
  readonly account: string
  /** its `If` header */
  readonly lists: readonly StateList[]
  /** lock tokens that it names there */
  readonly submitted: ReadonlySet<string>
}

/** The `Depth` header. @throws DavFailure 400 for a value that is not among `allowed`, of which the first is the default */
export function depthOf({ headers }: Call, allowed: readonly ('0' | '1' | 'infinity')[]): '0' | '1' | 'infinity' {
  const text = headers.get('depth')?.trim().toLowerCase()
  if (text === undefined) return allowed[0]!
  const depth = allowed.find((value) => value === text)
  if (depth === undefined) throw new DavFailure(400, `Depth is one of ${allowed.join(', ')}`)
  return depth
}

/** The path in the `Destination` header. @throws DavFailure 400, 502 for another server */
export function destinationOf({ headers, url }: Call, prefix: DavPath): DavPath {
  const text = headers.get('destination')
  if (text === null) throw new DavFailure(400, 'There is no Destination')
  const path = pathOfReference(text, url, prefix)
  if (path === undefined) throw new DavFailure(502, 'The destination is on another server')
  return path
}

/** The XML in the body; `undefined` for an empty one. @throws DavFailure 400, 403, 413, 415 */
export async function xmlOf(call: Call): Promise<XmlElement | undefined> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of bodyOf(call)) {
    size += part.length
    if (size > WEBDAV_LIMITS.xmlBytes) throw new DavFailure(413, 'The XML is too long')
    parts.push(part)
  }
  return size === 0 ? undefined : readXml(concat(parts))
}

/** The body in pieces. */
export async function* bodyOf({ request }: Call): AsyncGenerator<Uint8Array> {
  const reader = request.body?.getReader()
  if (reader === undefined) return
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value
  } finally {
    reader.releaseLock()
  }
}

/** A resource with what its properties are computed from. */
export function described(parts: Parts, path: DavPath, node: Node): Described {
  const { tree, locks, quotaBytes, nowMs, prefix } = parts
  const hrefOfRoot = (lock: Lock) => hrefOf(lock.path, prefix, false)
  const state = { usedBytes: tree.usedBytes, quotaBytes, nowMs: nowMs(), hrefOfRoot }
  return { path, node, locks: locks.covering(path), ...state }
}
