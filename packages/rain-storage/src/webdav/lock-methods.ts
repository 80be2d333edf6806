/** LOCK and UNLOCK (RFC 4918 §9.10, §9.11). */
import { type Call, depthOf, described, type Parts, xmlOf } from './call.ts'
import { DavFailure, MembersFailure } from './failure.ts'
import { checkLocks, checkWrite } from './guards.ts'
import { WEBDAV_LIMITS } from './limits.ts'
import type { Lock } from './locks.ts'
import { propDocument, propertyElement, XML_HEADERS } from './multistatus.ts'
import { hrefOf } from './path.ts'
import { lockDiscovery } from './properties.ts'
import type { Node } from './tree.ts'
import type { XmlElement } from './xml-reader.ts'

/** LOCK: a new lock, or with an empty body the refresh of one. A path that names nothing gets an empty file. */
export async function lock(parts: Parts, call: Call): Promise<Response> {
  const { tree, locks } = parts
  const { path } = call
  const depth = depthOf(call, ['infinity', '0']) as Lock['depth']
  const timeoutMs = timeoutOf(call.headers.get('timeout'))
  const body = await xmlOf(call)
  if (body === undefined) return refresh(parts, call, timeoutMs)
  const { scope, owner } = parseLockInfo(body)
  return tree.exclusive(async () => {
    const place = await tree.locate(path)
    await checkWrite(parts, call, place.node)
    if (place.node === undefined && place.parent === undefined)
      throw new DavFailure(409, 'There is no collection to make it in')
    checkConflicts(parts, call, scope, depth)
    if (place.node === undefined) checkLocks(parts, call, [{ path, membership: true }])
    const made = locks.make({ path, depth, scope, owner, account: call.account }, timeoutMs)
    const changes = locks.keeping(made)
    if (place.node === undefined) await tree.put(place, tree.file({ size: 0 }), changes)
    else await tree.index.write(changes)
    locks.apply(changes)
    const node = place.node ?? tree.file({ size: 0 })
    return answer(parts, call, node, place.node === undefined ? 201 : 200, { 'lock-token': `<${made.token}>` })
  })
}

/** Locks of others, here, above or below, that a new one does not go with (RFC 4918 §6.2). @throws DavFailure, MembersFailure 423 */
function checkConflicts({ locks, prefix }: Parts, { path }: Call, scope: Lock['scope'], depth: Lock['depth']): void {
  const against = (some: readonly Lock[]) =>
    some
      .filter((other) => scope === 'exclusive' || other.scope === 'exclusive')
      .map((other) => hrefOf(other.path, prefix, false))
  const here = against(locks.covering(path))
  if (here.length > 0) throw new DavFailure(423, 'It is locked', 'no-conflicting-lock', here)
  const below = depth === 'infinity' ? against(locks.below(path)) : []
  if (below.length === 0) return
  const members = [...new Set(below)].map((href) => ({ href, status: 423 }))
  throw new MembersFailure([...members, { href: hrefOf(path, prefix, true), status: 424 }], 'no-conflicting-lock')
}

function refresh(parts: Parts, call: Call, timeoutMs: number): Promise<Response> {
  const { tree, locks } = parts
  return tree.exclusive(async () => {
    const { node } = await tree.locate(call.path)
    await checkWrite(parts, call, node)
    const own = locks
      .covering(call.path)
      .filter(({ token, account }) => call.submitted.has(token) && account === call.account)
    if (node === undefined || own.length !== 1)
      throw new DavFailure(412, 'A refresh names one lock in If', 'lock-token-matches-request-uri')
    const changes = locks.keeping(locks.refreshed(own[0]!, timeoutMs))
    await tree.index.write(changes)
    locks.apply(changes)
    return answer(parts, call, node, 200)
  })
}

function answer(parts: Parts, { path }: Call, node: Node, status: number, headers: Record<string, string> = {}) {
  const discovery = lockDiscovery(described(parts, path, node))
  const document = propDocument(propertyElement({ space: 'DAV:', local: 'lockdiscovery' }, discovery))
  return new Response(document, { status, headers: { ...XML_HEADERS, ...headers } })
}

function parseLockInfo(root: XmlElement): { scope: Lock['scope']; owner: string } {
  const child = (element: XmlElement | undefined, local: string) =>
    element?.children.find((inner) => inner.space === 'DAV:' && inner.local === local)
  if (root.space !== 'DAV:' || root.local !== 'lockinfo') throw new DavFailure(400, 'The body is not a lockinfo')
  const scopes = (['exclusive', 'shared'] as const).filter(
    (name) => child(child(root, 'lockscope'), name) !== undefined,
  )
  if (scopes.length !== 1 || child(child(root, 'locktype'), 'write') === undefined)
    throw new DavFailure(400, 'A lock is exclusive or shared, and for writing')
  const owner = child(root, 'owner')?.source() ?? ''
  if (owner.length > WEBDAV_LIMITS.lockOwner) throw new DavFailure(400, 'The owner of a lock is too long')
  return { scope: scopes[0]!, owner }
}

/** Milliseconds of a `Timeout` header: the first that can be read, at most the limit. */
function timeoutOf(header: string | null): number {
  for (const text of header?.split(',') ?? []) {
    const match = /^\s*second-(\d{1,10})\s*$/i.exec(text)
    if (match !== null) return Math.min(Math.max(1, Number(match[1])) * 1000, WEBDAV_LIMITS.lockMs)
  }
  return WEBDAV_LIMITS.lockMs
}

/** UNLOCK: from anywhere under the lock. */
export async function unlock(parts: Parts, call: Call): Promise<Response> {
  const { tree, locks } = parts
  const token = /^\s*<([^<>\s]+)>\s*$/.exec(call.headers.get('lock-token') ?? '')?.[1]
  if (token === undefined) throw new DavFailure(400, 'There is no Lock-Token')
  return tree.exclusive(async () => {
    await checkWrite(parts, call, (await tree.locate(call.path)).node)
    const found = locks.covering(call.path).find((lock) => lock.token === token)
    if (found === undefined) throw new DavFailure(409, 'It has no such lock', 'lock-token-matches-request-uri')
    if (found.account !== call.account) throw new DavFailure(403, 'The lock is another account’s')
    const changes = locks.forgetting([found])
    await tree.index.write(changes)
    locks.apply(changes)
    return new Response(null, { status: 204 })
  })
}
