/** Reading objects: their bytes by ranges and parts, their headers, and facts about them. */
import { streamOf } from '../gateway/http.ts'
import { parseRange } from '../gateway/ranges.ts'
import { type Call, KEPT, partNumberOf, S3_LIMITS, versionHeaders, versionOf, xml } from './call.ts'
import { type Checksum, checksumElements, checksumHeaders } from './checksum.ts'
import { checkRead } from './conditions.ts'
import { S3Failure } from './failure.ts'
import { lockHeaders } from './object-lock.ts'
import type { GatewayParts } from './parts.ts'
import type { ObjectRecord } from './records.ts'
import type { XmlValue } from './xml.ts'

/** `GET` and `HEAD` of an object. */
export async function getObject({ lookup, writer, options }: GatewayParts, call: Call): Promise<Response> {
  const { request, query } = call
  const { bucket, record } = await lookup.need(call, 's3:GetObject', versionOf(query))
  const headers: Record<string, string> = {
    'content-type': 'binary/octet-stream',
    ...record.headers,
    ...versionHeaders(bucket, record),
    ...lockHeaders(record, (ms) => options.formatDate(ms).iso),
    etag: `"${record.etag}"`,
    'last-modified': options.formatDate(record.modifiedMs).http,
    'accept-ranges': 'bytes',
  }
  const tags = record.tags?.length ?? 0
  if (tags > 0) headers['x-amz-tagging-count'] = String(tags)
  for (const name of KEPT) {
    const wanted = query.get(`response-${name}`)
    if (wanted === null) continue
    if (call.caller === undefined) throw new S3Failure('InvalidRequest', 'Who does not sign sets no headers')
    headers[name] = wanted
  }
  if (checkRead(request.headers, record) === 'not modified') return new Response(null, { status: 304, headers })
  const { start, end, status, checksum } = partOf(call, record, headers)
  headers['content-length'] = String(end - start)
  if (request.headers.get('x-amz-checksum-mode')?.toUpperCase() === 'ENABLED')
    Object.assign(headers, checksumHeaders(checksum))
  if (status === 206) headers['content-range'] = `bytes ${start}-${end - 1}/${record.size}`
  const body = request.method === 'HEAD' ? null : streamOf(writer.read(record, start, end, request.signal))
  return new Response(body, { status, headers })
}

/** Bytes of an object. */
interface Extent {
  readonly start: number
  /** exclusive */
  readonly end: number
  readonly status: 200 | 206
  /** of just these bytes, where there is one */
  readonly checksum: Checksum | undefined
}

/** What of an object a request wants: a part of an upload, a range, or all. */
function partOf({ request, query }: Call, record: ObjectRecord, headers: Record<string, string>): Extent {
  const whole = { start: 0, end: record.size, status: 200, checksum: record.checksum } as const
  if (query.has('partNumber')) {
    const number = partNumberOf(query)
    const parts = partsOf(record)
    if (number > (parts?.length ?? 1)) throw new S3Failure('InvalidPart', `The object has no part ${number}`)
    if (parts === undefined) return whole
    headers['x-amz-mp-parts-count'] = String(parts.length)
    const start = parts.slice(0, number - 1).reduce((sum, { size }) => sum + size, 0)
    const own = record.partChecksums?.[number - 1]
    // the type is that of the object
    const checksum = own && record.checksum && { ...own, type: record.checksum.type }
    return { start, end: start + parts[number - 1]!.size, status: 206, checksum }
  }
  const range = parseRange(request.headers.get('range'), record.size)
  if (range === 'unsatisfiable') throw new S3Failure('InvalidRange', 'The range lies beyond the object')
  return range === 'none' ? whole : { ...range, status: 206, checksum: undefined }
}

/** Facts of an object without its headers: `GetObjectAttributes`. */
export async function objectAttributes({ lookup, options }: GatewayParts, call: Call): Promise<Response> {
  const { request, query } = call
  await lookup.need(call, 's3:GetObject', versionOf(query))
  const { bucket, record } = await lookup.need(call, 's3:GetObjectAttributes', versionOf(query))
  const wanted = (request.headers.get('x-amz-object-attributes') ?? '').split(',').map((name) => name.trim())
  if (wanted.join('') === '') throw new S3Failure('InvalidArgument', 'Which attributes?')
  const want = (name: string, value: XmlValue) => (wanted.includes(name) ? { [name]: value } : {})
  const parts = partsOf(record)
  const number = (name: string, otherwise: number) => {
    const text = request.headers.get(name)
    if (text !== null && !/^\d{1,5}$/.test(text)) throw new S3Failure('InvalidArgument', `${name} is a number`)
    return text === null ? otherwise : Number(text)
  }
  const max = Math.min(number('x-amz-max-parts', S3_LIMITS.listed), S3_LIMITS.listed)
  const marker = number('x-amz-part-number-marker', 0)
  const shown = parts?.slice(marker, marker + max)
  const list = parts && {
    TotalPartsCount: parts.length,
    PartsCount: parts.length,
    PartNumberMarker: marker,
    NextPartNumberMarker: marker + shown!.length,
    MaxParts: max,
    IsTruncated: marker + max < parts.length,
    Part: shown!.map(({ size }, i) => ({
      PartNumber: marker + i + 1,
      Size: size,
      ...checksumElements(record.partChecksums?.[marker + i]),
    })),
  }
  const checksum = record.checksum && { ...checksumElements(record.checksum), ChecksumType: record.checksum.type }
  return xml(
    'GetObjectAttributesResponse',
    {
      ...want('ETag', record.etag),
      ...want('Checksum', checksum),
      ...want('ObjectParts', list),
      ...want('StorageClass', 'STANDARD'),
      ...want('ObjectSize', record.size),
    },
    { 'last-modified': options.formatDate(record.modifiedMs).http, ...versionHeaders(bucket, record) },
  )
}

/** The parts of an object that was made by an upload. */
function partsOf(record: ObjectRecord): ObjectRecord['parts'] | undefined {
  return record.etag.includes('-') ? record.parts : undefined
}
