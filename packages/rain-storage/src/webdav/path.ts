/** Paths: of a request and of the `Destination` header, as decoded segments, and back as hrefs. */
import { DavFailure } from './failure.ts'
import { WEBDAV_LIMITS } from './limits.ts'

/** Decoded names from the root; empty for the root itself. */
export type DavPath = readonly string[]

/** The text of a path as key: names have no slash. */
export const pathKey = (path: DavPath): string => path.map((name) => `/${name}`).join('')

/** True when `path` is `above` or lies below it. */
export function isWithin(path: DavPath, above: DavPath): boolean {
  return path.length >= above.length && above.every((name, i) => path[i] === name)
}

/**
 * The path of a URL below `prefix`. Empty segments are left out; `.` and `..` are gone already, the URL has resolved them, percent-encoded ones too.
 * @throws DavFailure 400 for what is no path, 404 beside the prefix, 414 above a limit
 */
export function pathOf(url: URL, prefix: DavPath): DavPath {
  const path = pathBelow(url, prefix)
  if (path === undefined) throw new DavFailure(404, 'Nothing is here')
  return path
}

function pathBelow(url: URL, prefix: DavPath): DavPath | undefined {
  if (url.hash !== '') throw new DavFailure(400, 'A request has no fragment')
  const names = url.pathname
    .split('/')
    .filter((segment) => segment !== '')
    .map(decodeName)
  if (!isWithin(names, prefix)) return undefined
  const path = names.slice(prefix.length)
  if (path.length > WEBDAV_LIMITS.depth) throw new DavFailure(414, `A path has at most ${WEBDAV_LIMITS.depth} segments`)
  return path
}

function decodeName(segment: string): string {
  let name: string
  try {
    name = decodeURIComponent(segment)
  } catch {
    throw new DavFailure(400, 'The path is not percent-encoded UTF-8')
  }
  // control characters cannot stand in XML, so no client could be told of them; U+10FFFF ends ranges of the index
  if (/[\p{Cc}/\ufffe\uffff\u{10ffff}]/u.test(name))
    throw new DavFailure(400, 'A name has no slash and no control characters')
  if (new TextEncoder().encode(name).length > WEBDAV_LIMITS.nameBytes)
    throw new DavFailure(414, `A name has at most ${WEBDAV_LIMITS.nameBytes} bytes`)
  return name
}

/** The path of a header that names a resource of this server: `Destination`, or a tag of `If`; `undefined` for one of another server, or beside the prefix. */
export function pathOfReference(text: string, request: URL, prefix: DavPath): DavPath | undefined {
  let url: URL
  try {
    url = new URL(text, request)
  } catch {
    throw new DavFailure(400, `"${text}" is not a URL`)
  }
  // the scheme is not compared: what a proxy receives by TLS comes here without
  if (url.host !== request.host || !/^https?:$/.test(url.protocol)) return undefined
  return pathBelow(url, prefix)
}

/** The href of a path; collections end with a slash. */
export function hrefOf(path: DavPath, prefix: DavPath, collection: boolean): string {
  const text = [...prefix, ...path].map((name) => `/${encodeURIComponent(name)}`).join('')
  return collection || text === '' ? `${text}/` : text
}
