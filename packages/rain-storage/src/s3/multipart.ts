/** Multipart uploads. Completing one copies nothing: an object is a list of parts. */
import { concat, fromHex, toHex } from '../content/bytes.ts'
import { encodeKey } from './address.ts'
import { type Call, keptHeaders, newVersionHeaders, partNumberOf, S3_LIMITS, xml } from './call.ts'
import {
  type Checksum,
  checksumElements,
  checksumHeaders,
  checksumNameOf,
  checksumNames,
  checksumOfParts,
} from './checksum.ts'
import { checkWrite } from './conditions.ts'
import { S3Failure } from './failure.ts'
import type { Naming } from './objects.ts'
import type { GatewayParts } from './parts.ts'
import type { ObjectRecord, UploadRecord } from './records.ts'
import { newObject } from './write-object.ts'
import { elementsOf, textOf } from './xml.ts'

const UPLOAD_ID_BYTES = 16

/** The uploads of a gateway. */
export class Multipart {
  readonly #parts: GatewayParts

  constructor(parts: GatewayParts) {
    this.#parts = parts
  }

  async start(call: Call): Promise<Response> {
    const { bucket, key } = call
    const { options, uploads, random } = this.#parts
    const { headers } = call.request
    const { facts } = await newObject(this.#parts, call)
    const id = random(UPLOAD_ID_BYTES)
    const name = checksumNameOf(headers.get('x-amz-checksum-algorithm'))
    const type = headers.get('x-amz-checksum-type') ?? (name === 'crc64nvme' ? 'FULL_OBJECT' : 'COMPOSITE')
    if (type !== 'FULL_OBJECT' && type !== 'COMPOSITE')
      throw new S3Failure('InvalidRequest', 'A checksum is of type FULL_OBJECT or COMPOSITE')
    if (name !== undefined && (type === 'FULL_OBJECT' ? name.startsWith('sha') : name === 'crc64nvme'))
      throw new S3Failure('InvalidRequest', `${name} is not used as ${type}`)
    const record = { key, startedMs: options.nowMs(), headers: keptHeaders(headers), facts }
    const checksum: UploadRecord['checksum'] = name && { name, type }
    await uploads.start(bucket, id, checksum === undefined ? record : { ...record, checksum })
    const answer: Record<string, string> =
      name === undefined ? {} : { 'x-amz-checksum-algorithm': name.toUpperCase(), 'x-amz-checksum-type': type }
    return xml('InitiateMultipartUploadResult', { Bucket: bucket, Key: key, UploadId: id }, answer)
  }

  async putPart(call: Call, upload: string): Promise<Response> {
    const { uploads, writer, options } = this.#parts
    const number = partNumberOf(call.query)
    await this.#mayWrite(call)
    await uploads.need(call.bucket, call.key, upload)
    const copied = call.request.headers.has('x-amz-copy-source')
    const { record, release } = copied ? await this.#copied(call) : await writer.store(call, {})
    try {
      await uploads.putPart(call.bucket, call.key, upload, number, record)
    } finally {
      release()
    }
    const ETag = `"${record.etag}"`
    if (copied) return xml('CopyPartResult', { ETag, LastModified: options.formatDate(record.modifiedMs).iso })
    return new Response(null, { headers: { etag: ETag, ...checksumHeaders(record.checksum) } })
  }

  async #mayWrite(call: Call): Promise<void> {
    const bucket = await this.#parts.buckets.need(call.bucket)
    this.#parts.access.need(call, bucket, { action: 's3:PutObject', bucket: call.bucket, key: call.key })
  }

  async abort(call: Call, upload: string): Promise<Response> {
    const { buckets, uploads, access } = this.#parts
    const bucket = await buckets.need(call.bucket)
    const wanted = { action: 's3:AbortMultipartUpload', bucket: call.bucket, key: call.key }
    const record = await uploads.need(call.bucket, call.key, upload).catch((error: unknown) => {
      access.need(call, bucket, wanted)
      throw error
    })
    access.need(call, bucket, { ...wanted, record: started(record) })
    await uploads.abort(call.bucket, call.key, upload)
    return new Response(null, { status: 204 })
  }

  async #copied(call: Call) {
    const { lookup, writer } = this.#parts
    const { record } = await lookup.source(call)
    const range = call.request.headers.get('x-amz-copy-source-range')
    let start = 0
    let end = record.size
    if (range !== null) {
      const match = /^bytes=(\d{1,15})-(\d{1,15})$/.exec(range)
      if (match === null) throw new S3Failure('InvalidArgument', 'The range of a source is bytes=first-last')
      start = Number(match[1])
      end = Number(match[2]) + 1
      if (end > record.size || start >= end) throw new S3Failure('InvalidRange', 'The range lies beyond the source')
    }
    return writer.keep(writer.read(record, start, end, call.request.signal), {}, call.request.signal)
  }

  async complete(call: Call, upload: string): Promise<Response> {
    const { bucket, key, request } = call
    const { objects, writer } = this.#parts
    await this.#mayWrite(call)
    const wanted = wantedParts(await writer.document(call))
    const { headers } = request
    const put = () =>
      objects.put(bucket, key, () => this.#joined(call, upload, wanted), { check: (now) => checkWrite(headers, now) })
    // A client that did not see the answer asks again, perhaps before the first request is done.
    const present = await objects.find(bucket, key)
    if (present?.upload === upload) return completed(call, present)
    try {
      return completed(call, await put())
    } catch (error) {
      const now = error instanceof S3Failure ? await objects.find(bucket, key) : undefined
      if (now?.upload !== upload) throw error
      return completed(call, now)
    }
  }

  /** The object that an upload's parts make, in the place of the upload. Runs with no other change between. */
  async #joined(call: Call, upload: string, wanted: ReturnType<typeof wantedParts>): Promise<Naming> {
    const { uploads, writer, options } = this.#parts
    const started = await uploads.need(call.bucket, call.key, upload)
    const have = new Map<number, ObjectRecord>()
    for await (const { part, record } of uploads.parts(upload)) have.set(part, record)
    const parts: ObjectRecord[] = []
    for (const [i, { number, etag, checksums }] of wanted.entries()) {
      const record = have.get(number)
      if (i > 0 && wanted[i - 1]!.number >= number) throw new S3Failure('InvalidPartOrder', 'Parts ascend')
      if (record === undefined || record.etag !== etag)
        throw new S3Failure('InvalidPart', `Part ${number} is not there, or has another tag`)
      if (checksums.some(({ name, value }) => record.checksum?.name === name && record.checksum.value !== value))
        throw new S3Failure('InvalidPart', `Part ${number} has another checksum`)
      if (i < wanted.length - 1 && record.size < S3_LIMITS.minPartBytes)
        throw new S3Failure('EntityTooSmall', 'Only the last part may have less than 5 MiB')
      parts.push(record)
    }
    const checksum =
      started.checksum && checksumOfParts(parts, started.checksum.name, started.checksum.type, options.createHash)
    checkWhole(call.request.headers, checksum)
    const hash = writer.md5()
    hash.update(concat(parts.map((part) => fromHex(part.etag)!)))
    const record: ObjectRecord = {
      parts: parts.flatMap((part) => part.parts),
      size: parts.reduce((sum, part) => sum + part.size, 0),
      etag: `${toHex(hash.digest())}-${wanted.length}`,
      modifiedMs: options.nowMs(),
      headers: started.headers,
      ...started.facts,
      upload,
      ...(checksum === undefined ? {} : { checksum }),
      ...(parts.every((part) => part.checksum !== undefined)
        ? { partChecksums: parts.map((part) => part.checksum!) }
        : {}),
    }
    return { record, ...(await uploads.end(call.bucket, upload)) }
  }
}

/** Whose an upload is, as rights want to know it. */
export function started({ facts }: UploadRecord): ObjectRecord {
  return { parts: [], size: 0, etag: '', modifiedMs: 0, headers: {}, ...facts }
}

function wantedParts(document: string) {
  const wanted = elementsOf(document, 'Part').map((part) => ({
    number: Number(textOf(part, 'PartNumber')),
    etag: textOf(part, 'ETag')?.replaceAll('"', ''),
    checksums: checksumNames.flatMap((name) => {
      const value = textOf(part, `Checksum${name.toUpperCase()}`)
      return value === undefined ? [] : [{ name, value }]
    }),
  }))
  if (wanted.length === 0 || wanted.length > S3_LIMITS.parts)
    throw new S3Failure('MalformedXML', `One to ${S3_LIMITS.parts} parts`)
  return wanted
}

/** The checksum that the request gives for the whole. @throws S3Failure `BadDigest` */
function checkWhole(headers: Headers, checksum: Checksum | undefined): void {
  for (const name of checksumNames) {
    const value = headers.get(`x-amz-checksum-${name}`)
    if (value === null) continue
    const same = checksum?.name === name && (value === checksum.value || value === checksum.value.replace(/-\d+$/, ''))
    if (!same) throw new S3Failure('BadDigest', `The parts do not have the given ${name}`)
  }
}

function completed({ bucket, bucketUrl, key }: Call, record: ObjectRecord): Response {
  const result = {
    Location: `${bucketUrl}/${encodeKey(key)}`,
    Bucket: bucket,
    Key: key,
    ETag: `"${record.etag}"`,
    ...checksumElements(record.checksum),
    ChecksumType: record.checksum?.type,
  }
  return xml('CompleteMultipartUploadResult', result, newVersionHeaders(record))
}
