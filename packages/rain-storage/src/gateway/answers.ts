/** The answers of a gateway, a form each: raw block, CAR, TAR, UnixFS file, listing, document. */
import * as dagJson from '@ipld/dag-json'
import type { CID } from 'multiformats/cid'
import { concat } from '../content/bytes.ts'
import { encodeCarBlock, encodeCarHeader } from '../content/car.ts'
import { codec } from '../content/cid.ts'
import { type Entry, listDirectory, lookup } from '../content/directory.ts'
import { type BlockSource, exportFile, stat } from '../content/export-file.ts'
import { decodeDocument } from '../content/links.ts'
import { type Resolved, resolvePath } from '../content/resolve.ts'
import { carBlocks, type DagScope } from './car-blocks.ts'
import type { GatewayFormat, WantedFormat } from './formats.ts'
import { commonHeaders, disposition, failure, GENERATED, notModified, redirect, streamOf, type Target } from './http.ts'
import { SNIFFED_BYTES, typeOfBytes, typeOfName } from './media-types.ts'
import { directoryPage, documentPage, PAGES_VERSION } from './pages.ts'
import { parseEntityBytes, parseRange } from './ranges.ts'
import { tarEntries, writeTar } from './tar.ts'

/** Entries of a directory page. */
const MAX_LISTED = 10_000

/** What one request is answered from. */
export interface Context {
  readonly request: Request
  readonly blocks: BlockSource
  readonly signal: AbortSignal
}

export async function raw(context: Context, target: Target, resolved: Resolved): Promise<Response> {
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

export async function car(context: Context, target: Target, root: CID, segments: readonly string[]): Promise<Response> {
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

export async function tar(context: Context, target: Target, resolved: Resolved): Promise<Response> {
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

export async function deserialised(
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
