/** Properties: the live ones, which the server computes, and the dead ones, which it keeps for clients (RFC 4918 §15, RFC 4331). */
import { formatHttpTime, formatTime } from '../content/time.ts'
import { typeOfName } from '../gateway/media-types.ts'
import { escapeXml } from '../s3/xml.ts'
import { DavFailure } from './failure.ts'
import { WEBDAV_LIMITS } from './limits.ts'
import type { Lock } from './locks.ts'
import { hrefElement, type PropertyGroup, propertyElement } from './multistatus.ts'
import type { DavPath } from './path.ts'
import type { DeadProperty, Node } from './tree.ts'
import type { XmlElement, XmlName } from './xml-reader.ts'

/** A resource with what its live properties are computed from. */
export interface Described {
  readonly path: DavPath
  readonly node: Node
  /** locks that it is under */
  readonly locks: readonly Lock[]
  readonly nowMs: number
  readonly usedBytes: number
  readonly quotaBytes: number | undefined
  /** the href of the root of a lock */
  readonly hrefOfRoot: (lock: Lock) => string
}

type Live = (resource: Described) => string | undefined

/** Inner XML of the live properties of the name space `DAV:`; `undefined` where a resource has it not. */
const LIVE: Readonly<Record<string, Live>> = {
  creationdate: ({ node }) => formatTime(node.createdMs),
  getcontentlength: ({ node }) => (node.kind === 'file' ? String(node.size) : undefined),
  getcontenttype: ({ node, path }) => (node.kind === 'file' ? escapeXml(mediaType(node.type, path)) : undefined),
  getetag: ({ node }) => (node.kind === 'file' ? `"${node.etag}"` : undefined),
  getlastmodified: ({ node }) => formatHttpTime(node.modifiedMs),
  lockdiscovery: lockDiscovery,
  resourcetype: ({ node }) => (node.kind === 'collection' ? '<D:collection/>' : ''),
  supportedlock: () =>
    ['exclusive', 'shared']
      .map(
        (scope) =>
          `<D:lockentry><D:lockscope><D:${scope}/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockentry>`,
      )
      .join(''),
}

/** Live, but only for who names them (RFC 4331 §3, §4). Of the whole tree: a collection has no quota of its own. */
const ON_DEMAND: Readonly<Record<string, Live>> = {
  'quota-available-bytes': ({ node, usedBytes, quotaBytes }) =>
    node.kind === 'collection' && quotaBytes !== undefined ? String(Math.max(0, quotaBytes - usedBytes)) : undefined,
  'quota-used-bytes': ({ node, usedBytes }) => (node.kind === 'collection' ? String(usedBytes) : undefined),
}

const liveOf = ({ space, local }: XmlName): Live | undefined =>
  space !== 'DAV:'
    ? undefined
    : Object.hasOwn(LIVE, local)
      ? LIVE[local]
      : Object.hasOwn(ON_DEMAND, local)
        ? ON_DEMAND[local]
        : undefined

/** The media type of a file: as it came, or by its name. */
export function mediaType(given: string | undefined, path: DavPath): string {
  return given ?? typeOfName(path.at(-1) ?? '') ?? 'application/octet-stream'
}

/** The inner XML of `lockdiscovery`. */
export function lockDiscovery({ locks, nowMs, hrefOfRoot }: Pick<Described, 'locks' | 'nowMs' | 'hrefOfRoot'>): string {
  return locks
    .map((lock) => {
      const seconds = Math.max(0, Math.ceil((lock.expiresMs - nowMs) / 1000))
      return (
        `<D:activelock><D:locktype><D:write/></D:locktype><D:lockscope><D:${lock.scope}/></D:lockscope>` +
        `<D:depth>${lock.depth}</D:depth>${lock.owner}<D:timeout>Second-${seconds}</D:timeout>` +
        `<D:locktoken>${hrefElement(lock.token)}</D:locktoken>` +
        `<D:lockroot>${hrefElement(hrefOfRoot(lock))}</D:lockroot></D:activelock>`
      )
    })
    .join('')
}

/** What a PROPFIND asks for. */
export type Wanted =
  | { readonly kind: 'all'; readonly more: readonly XmlName[] }
  | { readonly kind: 'names' }
  | { readonly kind: 'some'; readonly names: readonly XmlName[] }

const child = (element: XmlElement, local: string) =>
  element.children.find((inner) => inner.space === 'DAV:' && inner.local === local)
const isDav = ({ space, local }: XmlName, name: string) => space === 'DAV:' && local === name

/** Reads the body of a PROPFIND; `undefined` is an empty one. @throws DavFailure 400 */
export function parsePropfind(root: XmlElement | undefined): Wanted {
  if (root === undefined) return { kind: 'all', more: [] }
  if (!isDav(root, 'propfind')) throw new DavFailure(400, 'The body is not a propfind')
  const asked = ['prop', 'allprop', 'propname'].filter((name) => child(root, name) !== undefined)
  if (asked.length !== 1) throw new DavFailure(400, 'A propfind has one of prop, allprop and propname')
  if (asked[0] === 'propname') return { kind: 'names' }
  const names = (element: XmlElement | undefined) => {
    const list = (element?.children ?? []).map(({ space, local }) => ({ space, local }))
    // an answer has all of them for every resource
    if (list.length > WEBDAV_LIMITS.named) throw new DavFailure(400, 'Too many properties are named')
    return list
  }
  if (asked[0] === 'prop') return { kind: 'some', names: names(child(root, 'prop')) }
  return { kind: 'all', more: names(child(root, 'include')) }
}

/** The properties of a resource that are wanted, by status. */
export function describe(resource: Described, wanted: Wanted): PropertyGroup[] {
  const dead = resource.node.properties
  if (wanted.kind === 'names') {
    const live = Object.keys(LIVE).filter((local) => LIVE[local]!(resource) !== undefined)
    const names = [...live.map((local) => ({ space: 'DAV:', local })), ...dead]
    return [{ status: 200, properties: names.map((name) => propertyElement(name)) }]
  }
  const found: string[] = []
  const missing: string[] = []
  const add = (name: XmlName) => {
    const inner = liveOf(name)?.(resource)
    const kept = dead.find(({ space, local }) => space === name.space && local === name.local)
    if (inner !== undefined) found.push(propertyElement(name, inner))
    else if (kept !== undefined) found.push(kept.source)
    else missing.push(propertyElement(name))
  }
  if (wanted.kind === 'some') for (const name of wanted.names) add(name)
  else {
    for (const local of Object.keys(LIVE)) if (LIVE[local]!(resource) !== undefined) add({ space: 'DAV:', local })
    for (const { source } of dead) found.push(source)
    for (const name of wanted.more) if (liveOf(name) !== undefined && !Object.hasOwn(LIVE, name.local)) add(name)
  }
  return [
    { status: 200, properties: found },
    { status: 404, properties: missing },
  ]
}

/** One step of a PROPPATCH. */
export interface PropertyStep extends XmlName {
  /** the element to keep; `undefined` removes */
  readonly source: string | undefined
}

/** Reads the body of a PROPPATCH, in its order. @throws DavFailure 400 */
export function parseProppatch(root: XmlElement | undefined): readonly PropertyStep[] {
  if (root === undefined || !isDav(root, 'propertyupdate'))
    throw new DavFailure(400, 'The body is not a propertyupdate')
  const steps: PropertyStep[] = []
  for (const part of root.children) {
    const set = isDav(part, 'set')
    if (!set && !isDav(part, 'remove')) continue
    for (const property of child(part, 'prop')?.children ?? []) {
      const { space, local } = property
      steps.push({ space, local, source: set ? property.source() : undefined })
    }
  }
  if (steps.length === 0) throw new DavFailure(400, 'The propertyupdate sets and removes nothing')
  return steps
}

/**
 * Does the steps in their order, all or none (RFC 4918 §9.2): gives the new properties, or `undefined` when a step fails, and what to answer.
 */
export function patched(
  properties: readonly DeadProperty[],
  steps: readonly PropertyStep[],
): { properties: readonly DeadProperty[] | undefined; groups: PropertyGroup[] } {
  const elements = (some: readonly PropertyStep[]) => [...new Set(some.map((name) => propertyElement(name)))]
  const refused = steps.filter((step) => liveOf(step) !== undefined)
  if (refused.length > 0) {
    const rest = steps.filter((step) => liveOf(step) === undefined)
    const precondition = 'cannot-modify-protected-property'
    return {
      properties: undefined,
      groups: [
        { status: 403, properties: elements(refused), precondition },
        { status: 424, properties: elements(rest) },
      ],
    }
  }
  const kept = new Map(properties.map((property) => [`${property.space}\0${property.local}`, property]))
  for (const { space, local, source } of steps) {
    const key = `${space}\0${local}`
    if (source === undefined) kept.delete(key)
    else kept.set(key, { space, local, source })
  }
  const bytes = [...kept.values()].reduce((sum, { source }) => sum + new TextEncoder().encode(source).length, 0)
  if (bytes > WEBDAV_LIMITS.propertyBytes)
    return { properties: undefined, groups: [{ status: 507, properties: elements(steps) }] }
  return { properties: [...kept.values()], groups: [{ status: 200, properties: elements(steps) }] }
}
