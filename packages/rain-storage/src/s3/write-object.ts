/** Writing objects: putting, copying and deleting them. */
import { type Call, keptHeaders, newVersionHeaders, S3_LIMITS, versionOf, xml } from './call.ts'
import { checksumElements, checksumHeaders } from './checksum.ts'
import { checkDelete, checkWrite } from './conditions.ts'
import { S3Failure } from './failure.ts'
import { actionOn } from './lookup.ts'
import { checkUnlocked, locksOf } from './object-lock.ts'
import type { Naming } from './objects.ts'
import type { GatewayParts } from './parts.ts'
import { type BucketRecord, isVersionId, NULL_VERSION, type ObjectFacts, versionIdOf } from './records.ts'
import { tagsOfHeader } from './tags.ts'
import { elementsOf, textOf, type XmlValue } from './xml.ts'

/** The bucket that a request writes into, and what the new object has besides bytes. @throws S3Failure */
export async function newObject(
  { buckets, access, options }: GatewayParts,
  call: Call,
): Promise<{ bucket: BucketRecord; facts: ObjectFacts }> {
  const bucket = await buckets.need(call.bucket)
  access.need(call, bucket, { action: 's3:PutObject', bucket: call.bucket, key: call.key })
  const { headers } = call.request
  const tags = tagsOfHeader(headers)
  const locks = locksOf(headers, bucket.lock, options.nowMs())
  return { bucket, facts: { ...access.newObject(call, bucket), ...(tags === undefined ? {} : { tags }), ...locks } }
}

/** `PUT` of an object. */
export async function putObject(parts: GatewayParts, call: Call): Promise<Response> {
  const { objects, writer } = parts
  const { headers } = call.request
  const { facts } = await newObject(parts, call)
  // before the body, so that a refused request need not send it, and again when it is named
  checkWrite(headers, await objects.find(call.bucket, call.key))
  const { record, release } = await writer.store(call, keptHeaders(headers))
  try {
    const named = await objects.put(
      call.bucket,
      call.key,
      { ...record, ...facts },
      {
        check: (now) => checkWrite(headers, now),
      },
    )
    return new Response(null, {
      headers: { etag: `"${record.etag}"`, ...checksumHeaders(record.checksum), ...newVersionHeaders(named) },
    })
  } finally {
    release()
  }
}

/** `PUT` of an object from another: no bytes move. */
export async function copyObject(parts: GatewayParts, call: Call): Promise<Response> {
  const { objects, lookup, options } = parts
  const { headers } = call.request
  const { facts } = await newObject(parts, call)
  const replace = headers.get('x-amz-metadata-directive') === 'REPLACE'
  // before it waits for other changes, so that a refused request need not
  let source = await lookup.source(call)
  const copied = async (): Promise<Naming> => {
    source = await lookup.source(call)
    const itself = source.name === call.bucket && source.key === call.key && source.version === undefined
    if (!replace && itself) throw new S3Failure('InvalidRequest', 'A copy onto itself changes the metadata')
    const { parts: bytes, size, etag, checksum, partChecksums, tags } = source.record
    const record = {
      parts: bytes,
      size,
      etag,
      modifiedMs: options.nowMs(),
      headers: replace ? keptHeaders(headers) : source.record.headers,
      ...(checksum === undefined ? {} : { checksum }),
      ...(partChecksums === undefined ? {} : { partChecksums }),
      ...(tags === undefined || headers.get('x-amz-tagging-directive') === 'REPLACE' ? {} : { tags }),
      ...facts,
    }
    return { record }
  }
  const named = await objects.put(call.bucket, call.key, copied, { check: (now) => checkWrite(headers, now) })
  const { etag, checksum } = named
  const from: Record<string, string> =
    source.bucket.versioning === undefined ? {} : { 'x-amz-copy-source-version-id': versionIdOf(source.record) }
  return xml(
    'CopyObjectResult',
    { ETag: `"${etag}"`, LastModified: options.formatDate(named.modifiedMs).iso, ...checksumElements(checksum) },
    { ...from, ...newVersionHeaders(named) },
  )
}

/** What a deletion did. */
interface Deletion {
  /** the version that it removed for good, or `undefined` */
  readonly version: string | undefined
  /** the delete marker that it wrote or removed */
  readonly marker: string | undefined
}

/** Deletes an object, or a version for good. @throws S3Failure */
async function deletion(
  { objects, access, options }: GatewayParts,
  call: Call,
  bucket: BucketRecord,
  key: string,
  version: string | undefined,
  conditions: Headers,
): Promise<Deletion> {
  const wanted = { bucket: call.bucket, key }
  access.need(call, bucket, { ...wanted, action: actionOn('s3:DeleteObject', version) })
  if (version === undefined) {
    const { marker } = await objects.delete(call.bucket, key, (now) => checkDelete(conditions, now))
    return { version: undefined, marker: marker && versionIdOf(marker) }
  }
  const bypass =
    call.request.headers.get('x-amz-bypass-governance-retention')?.toLowerCase() === 'true' &&
    access.may(call, bucket, { ...wanted, action: 's3:BypassGovernanceRetention' })
  const removed = await objects.deleteVersion(call.bucket, key, version, (now) => {
    checkDelete(conditions, now)
    checkUnlocked(now, options.nowMs(), bypass)
  })
  // where there were never versions, the one that is called null is the object
  if (bucket.versioning === undefined && version === NULL_VERSION) return { version, marker: undefined }
  return { version, marker: removed?.marker ? version : undefined }
}

/** `DELETE` of an object or a version. */
export async function deleteObject(parts: GatewayParts, call: Call): Promise<Response> {
  const bucket = await parts.buckets.need(call.bucket)
  const done = await deletion(parts, call, bucket, call.key, versionOf(call.query), call.request.headers)
  const headers: Record<string, string> = {}
  const version = done.version ?? done.marker
  if (bucket.versioning !== undefined && version !== undefined) headers['x-amz-version-id'] = version
  if (done.marker !== undefined) headers['x-amz-delete-marker'] = 'true'
  return new Response(null, { status: 204, headers })
}

/** `POST ?delete`: up to a thousand objects and versions. */
export async function deleteObjects(parts: GatewayParts, call: Call): Promise<Response> {
  const bucket = await parts.buckets.need(call.bucket)
  const document = await parts.writer.document(call)
  const wanted = elementsOf(document, 'Object').map((object) => ({
    key: textOf(object, 'Key'),
    version: textOf(object, 'VersionId'),
    tag: textOf(object, 'ETag'),
    modified: textOf(object, 'LastModifiedTime'),
    size: textOf(object, 'Size'),
  }))
  if (wanted.length === 0 || wanted.length > S3_LIMITS.listed || wanted.some(({ key }) => key === undefined))
    throw new S3Failure('MalformedXML', 'One to a thousand keys')
  const Deleted: XmlValue[] = []
  const errors: XmlValue[] = []
  for (const { key, version, tag, modified, size } of wanted) {
    try {
      if (version !== undefined && !isVersionId(version))
        throw new S3Failure('NoSuchVersion', 'The version does not exist')
      const conditions = new Headers()
      if (tag !== undefined) conditions.set('if-match', tag)
      if (modified !== undefined) conditions.set('x-amz-if-match-last-modified-time', modified)
      if (size !== undefined) conditions.set('x-amz-if-match-size', size)
      const done = await deletion(parts, call, bucket, key!, version, conditions)
      const marker = done.marker === undefined ? {} : { DeleteMarker: true, DeleteMarkerVersionId: done.marker }
      Deleted.push({ Key: key!, VersionId: version, ...marker })
    } catch (error) {
      if (!(error instanceof S3Failure)) throw error
      errors.push({ Key: key!, VersionId: version, Code: error.code, Message: error.message })
    }
  }
  const quiet = textOf(document, 'Quiet') === 'true'
  return xml('DeleteResult', { Deleted: quiet ? [] : Deleted, Error: errors })
}
