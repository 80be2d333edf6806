// A WebDAV server in memory, and a small client of its handler.
import { createMemoryBlockStore } from '../../src/blocks/memory.ts'
import { createUnixfsContent } from '../../src/s3/object-content.ts'
import { createMemoryIndex } from '../../src/s3/object-index.ts'
import { createWebDav, type WebDavOptions } from '../../src/webdav/webdav.ts'
import { readXml, type XmlElement } from '../../src/webdav/xml-reader.ts'

export const ORIGIN = 'http://dav.test'

/** What a request brings. */
export interface Sent {
  readonly headers?: Record<string, string>
  readonly body?: BodyInit
  readonly account?: string
}

/** A resource in a multistatus. */
export interface Found {
  readonly status?: number
  /** inner text, or the names of children, by property name, of those with status 200 */
  readonly properties: ReadonlyMap<string, XmlElement>
  /** names of properties by status */
  readonly byStatus: ReadonlyMap<number, string[]>
}

/** A server that can be asked; content that is retained can be looked at. */
export function createServer(options: Partial<WebDavOptions> = {}) {
  const blocks = createMemoryBlockStore()
  const retained = new Set<string>()
  const inner = createUnixfsContent(blocks)
  const content = options.content ?? {
    ...inner,
    retain: async (ref: string) => {
      if (retained.has(ref)) throw new Error(`${ref} is retained already`)
      retained.add(ref)
    },
    release: async (ref: string) => {
      if (!retained.delete(ref)) throw new Error(`${ref} is not retained`)
    },
  }
  const clock = { ms: Date.UTC(2026, 0, 1) }
  const index = options.index ?? createMemoryIndex()
  const all = { nowMs: () => clock.ms, anonymous: 'write' as const, ...options, content, index }
  const handler = createWebDav(all)
  const send = (method: string, path: string, { headers = {}, body, account }: Sent = {}): Promise<Response> => {
    const all = new Headers(headers)
    if (account !== undefined) all.set('authorization', `Basic ${btoa(`${account}:password of ${account}`)}`)
    const init: RequestInit & { duplex: 'half' } = { method, headers: all, duplex: 'half' }
    if (body !== undefined) init.body = body
    return handler(new Request(ORIGIN + path, init))
  }
  const status = async (method: string, path: string, sent?: Sent) => (await send(method, path, sent)).status
  return { handler, send, status, clock, index, retained, again: () => createServer({ ...all, content }) }
}

/** Reads a multistatus. */
export async function foundIn(response: Response): Promise<Map<string, Found>> {
  const root = readXml(new Uint8Array(await response.arrayBuffer()))
  const all = (element: XmlElement, local: string) => element.children.filter((inner) => inner.local === local)
  const code = (element: XmlElement | undefined) => Number(element?.text.split(' ')[1])
  const found = new Map<string, Found>()
  for (const answer of all(root, 'response')) {
    const properties = new Map<string, XmlElement>()
    const byStatus = new Map<number, string[]>()
    for (const part of all(answer, 'propstat')) {
      const status = code(all(part, 'status')[0])
      for (const property of all(part, 'prop')[0]!.children) {
        byStatus.set(status, [...(byStatus.get(status) ?? []), property.local])
        if (status === 200) properties.set(property.local, property)
      }
    }
    const own = all(answer, 'status')[0]
    const href = all(answer, 'href')[0]!.text
    found.set(href, { ...(own === undefined ? {} : { status: code(own) }), properties, byStatus })
  }
  return found
}

/** The body of a LOCK. */
export const lockInfo = (scope: 'exclusive' | 'shared', owner = '') =>
  `<l:lockinfo xmlns:l="DAV:"><l:lockscope><l:${scope}/></l:lockscope><l:locktype><l:write/></l:locktype>${owner}</l:lockinfo>`

/** The body of a PROPPATCH with one property of the name space `urn:test`. */
export const setProperty = (name: string, value: string) =>
  `<propertyupdate xmlns="DAV:" xmlns:t="urn:test"><set><prop><t:${name}>${value}</t:${name}></prop></set></propertyupdate>`
export const removeProperty = (name: string) =>
  `<propertyupdate xmlns="DAV:" xmlns:t="urn:test"><remove><prop><t:${name}/></prop></remove></propertyupdate>`
