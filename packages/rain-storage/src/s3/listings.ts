/** Listings: buckets, objects (both versions of the call), versions, uploads and parts. */
import { fromHex, toHex } from '../content/bytes.ts'
import { ownerOf } from './access.ts'
import { type Call, S3_LIMITS, xml } from './call.ts'
import { checksumElements } from './checksum.ts'
import { S3Failure } from './failure.ts'
import { started } from './multipart.ts'
import { compareKeys } from './object-index.ts'
import { type Owner, ownerElements } from './owners.ts'
import { objectPage, versionPage } from './pages.ts'
import type { GatewayParts } from './parts.ts'
import { isVersionId, type ObjectRecord, type UploadRecord, versionIdOf } from './records.ts'
import type { XmlValue } from './xml.ts'

/** The listings of a gateway. */
export class Listings {
  readonly #parts: GatewayParts

  constructor(parts: GatewayParts) {
    this.#parts = parts
  }

  #iso(ms: number): string {
    return this.#parts.options.formatDate(ms).iso
  }

  /** The buckets of the caller. */
  async buckets({ query, caller }: Call): Promise<Response> {
    if (caller === undefined) throw new S3Failure('AccessDenied', 'Anonymous requests are not allowed')
    const max = countOf(query, 'max-buckets', S3_LIMITS.listedBuckets)
    const prefix = query.get('prefix') ?? ''
    const token = query.get('continuation-token')
    const after = token === null ? '' : decodeToken(token)
    const list: { Name: string; CreationDate: string }[] = []
    let next: string | undefined
    for await (const record of this.#parts.buckets.all()) {
      const { name, createdMs } = record
      if (name <= after || !name.startsWith(prefix) || ownerOf(record).id !== caller.id) continue
      if (list.length === max) {
        next = list.at(-1)?.Name
        break
      }
      list.push({ Name: name, CreationDate: this.#iso(createdMs) })
    }
    return xml('ListAllMyBucketsResult', {
      Owner: ownerElements(caller),
      Buckets: { Bucket: list },
      ContinuationToken: next === undefined ? undefined : encodeToken(next),
      Prefix: prefix === '' ? undefined : prefix,
    })
  }

  #content(key: string, record: ObjectRecord, owner: Owner | undefined) {
    return {
      Key: key,
      LastModified: this.#iso(record.modifiedMs),
      ETag: `"${record.etag}"`,
      ChecksumAlgorithm: record.checksum?.name.toUpperCase(),
      Size: record.size,
      StorageClass: 'STANDARD',
      Owner: owner && ownerElements(owner),
    }
  }

  async objects(call: Call): Promise<Response> {
    const { bucket, query } = call
    const { access, names } = this.#parts
    const settings = await access.bucket(call, 's3:ListBucket')
    const v2 = query.get('list-type') === '2'
    const { prefix, delimiter, max, encode, common } = asked(bucket, query)
    const given = query.get('continuation-token')
    const token = given === '' ? null : given
    const start = query.get('start-after')
    const marker = query.get('marker') ?? ''
    const after = v2 ? (token === null ? (start ?? '') : decodeToken(token)) : marker
    const page = await objectPage(names, bucket, { prefix, delimiter, after, max })
    const withOwner = !v2 || query.get('fetch-owner') === 'true'
    const paging = v2
      ? {
          KeyCount: page.objects.length + page.prefixes.length,
          ContinuationToken: given ?? undefined,
          StartAfter: start === null ? undefined : encode(start),
          NextContinuationToken: page.next === undefined ? undefined : encodeToken(page.next),
        }
      : { Marker: encode(after), NextMarker: page.next === undefined ? undefined : encode(page.next) }
    return xml('ListBucketResult', {
      ...common,
      IsTruncated: page.next !== undefined,
      ...paging,
      Contents: page.objects.map(({ key, record }) =>
        this.#content(encode(key), record, withOwner ? access.objectOwner(settings, record) : undefined),
      ),
      CommonPrefixes: page.prefixes.map((text) => ({ Prefix: encode(text) })),
    })
  }

  /** All versions, newer ones first, and delete markers. */
  async versions(call: Call): Promise<Response> {
    const { bucket, query } = call
    const { access, names, objects } = this.#parts
    const settings = await access.bucket(call, 's3:ListBucketVersions')
    const { prefix, delimiter, max, encode, common } = asked(bucket, query)
    const after = query.get('key-marker') ?? ''
    const marker = query.get('version-id-marker') ?? ''
    if (marker !== '' && (after === '' || !isVersionId(marker)))
      throw new S3Failure('InvalidArgument', 'A version marker is a version of the key marker')
    const request = { prefix, delimiter, after, max }
    const page = await versionPage(names, objects, bucket, request, marker === '' ? undefined : marker)
    const list = page.versions.map(({ key, record, latest }) => ({
      marker: record.marker,
      element: {
        ...this.#content(encode(key), record, access.objectOwner(settings, record)),
        ...(record.marker ? { ETag: undefined, Size: undefined, StorageClass: undefined } : {}),
        VersionId: versionIdOf(record),
        IsLatest: latest,
      },
    }))
    return xml('ListVersionsResult', {
      ...common,
      IsTruncated: page.next !== undefined,
      KeyMarker: encode(after),
      VersionIdMarker: marker,
      NextKeyMarker: page.next && encode(page.next.key),
      NextVersionIdMarker: page.next?.version,
      Version: list.filter((item) => !item.marker).map(({ element }) => element),
      DeleteMarker: list.filter((item) => item.marker).map(({ element }) => element),
      CommonPrefixes: page.prefixes.map((text) => ({ Prefix: encode(text) })),
    })
  }

  async parts(call: Call, upload: string): Promise<Response> {
    const { bucket, key, query } = call
    const { access, buckets, uploads } = this.#parts
    const settings = await buckets.need(bucket)
    const record = await uploads.need(bucket, key, upload)
    access.need(call, settings, { action: 's3:ListMultipartUploadParts', bucket, key, record: started(record) })
    const { checksum } = record
    const owner = ownerElements(access.objectOwner(settings, record.facts))
    const max = countOf(query, 'max-parts', S3_LIMITS.listed)
    const marker = countOf(query, 'part-number-marker', S3_LIMITS.parts, 0)
    const list: { PartNumber: number; [name: string]: XmlValue }[] = []
    let more = false
    for await (const { part, record } of uploads.parts(upload)) {
      if (part <= marker) continue
      if (list.length === max) {
        more = true
        break
      }
      list.push({
        PartNumber: part,
        LastModified: this.#iso(record.modifiedMs),
        ETag: `"${record.etag}"`,
        Size: record.size,
        ...checksumElements(record.checksum),
      })
    }
    return xml('ListPartsResult', {
      Bucket: bucket,
      Key: key,
      UploadId: upload,
      PartNumberMarker: marker,
      NextPartNumberMarker: more ? list.at(-1)?.PartNumber : undefined,
      MaxParts: max,
      IsTruncated: more,
      Part: list,
      Initiator: owner,
      Owner: owner,
      StorageClass: 'STANDARD',
      ChecksumAlgorithm: checksum?.name.toUpperCase(),
      ChecksumType: checksum?.type,
    })
  }

  async uploads(call: Call): Promise<Response> {
    const { bucket, query } = call
    const { access, uploads } = this.#parts
    const settings = await access.bucket(call, 's3:ListBucketMultipartUploads')
    const { prefix, delimiter, encode } = asked(bucket, query)
    const max = countOf(query, 'max-uploads', S3_LIMITS.listed)
    const marker = { key: query.get('key-marker') ?? '', id: query.get('upload-id-marker') ?? '' }
    const found: { id: string; record: UploadRecord }[] = []
    for await (const upload of uploads.all(bucket)) if (upload.record.key.startsWith(prefix)) found.push(upload)
    // the index has them by id
    found.sort((a, b) => compareKeys(a.record.key, b.record.key) || compareKeys(a.id, b.id))
    const list: XmlValue[] = []
    const prefixes: string[] = []
    let last: { key: string; id: string } | undefined
    let more = false
    for (const { id, record } of found) {
      const { key } = record
      const order = compareKeys(key, marker.key)
      if (marker.key !== '' && (order < 0 || (order === 0 && (marker.id === '' || id <= marker.id)))) continue
      const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
      const common = cut < 0 ? undefined : key.slice(0, cut + delimiter.length)
      if (common !== undefined && (prefixes.at(-1) === common || marker.key.startsWith(common))) continue
      if (list.length + prefixes.length >= max) {
        more = max > 0
        break
      }
      last = common === undefined ? { key, id } : { key: common, id: '' }
      if (common !== undefined) {
        prefixes.push(common)
        continue
      }
      const owner = ownerElements(access.objectOwner(settings, record.facts))
      list.push({
        Key: encode(key),
        UploadId: id,
        Initiator: owner,
        Owner: owner,
        StorageClass: 'STANDARD',
        Initiated: this.#iso(record.startedMs),
      })
    }
    return xml('ListMultipartUploadsResult', {
      Bucket: bucket,
      KeyMarker: encode(marker.key),
      UploadIdMarker: marker.id,
      NextKeyMarker: more ? encode(last!.key) : undefined,
      NextUploadIdMarker: more ? last!.id : undefined,
      Prefix: encode(prefix),
      Delimiter: delimiter === '' ? undefined : encode(delimiter),
      MaxUploads: max,
      EncodingType: query.get('encoding-type') ?? undefined,
      IsTruncated: more,
      Upload: list,
      CommonPrefixes: prefixes.map((text) => ({ Prefix: encode(text) })),
    })
  }
}

/** What all listings of a bucket have in common. */
function asked(bucket: string, query: URLSearchParams) {
  const encoding = query.get('encoding-type')
  if (encoding !== null && encoding !== 'url') throw new S3Failure('InvalidArgument', 'The only encoding is url')
  const encode = encoding === 'url' ? encodeKey : (text: string) => text
  const prefix = query.get('prefix') ?? ''
  const delimiter = query.get('delimiter') ?? ''
  const max = countOf(query, 'max-keys', S3_LIMITS.listed)
  const common = {
    Name: bucket,
    Prefix: encode(prefix),
    Delimiter: delimiter === '' ? undefined : encode(delimiter),
    MaxKeys: max,
    EncodingType: encoding ?? undefined,
  }
  return { prefix, delimiter, max, encode, common }
}

/** A count of a query, at most `most`; `otherwise` when it is not there. @throws S3Failure `InvalidArgument` */
function countOf(query: URLSearchParams, name: string, most: number, otherwise = most): number {
  const text = query.get(name)
  if (text === null || text === '') return otherwise
  if (!/^\d{1,10}$/.test(text)) throw new S3Failure('InvalidArgument', `${name} is a number`)
  return Math.min(Number(text), most)
}

/** Keys of listings with `encoding-type=url`: percent-encoded, slashes as they are. */
function encodeKey(key: string): string {
  return encodeURIComponent(key)
    .replaceAll('%2F', '/')
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
}

function encodeToken(key: string): string {
  return toHex(new TextEncoder().encode(key))
}

function decodeToken(token: string): string {
  const bytes = fromHex(token)
  if (bytes === undefined) throw new S3Failure('InvalidArgument', 'The continuation token is broken')
  return new TextDecoder().decode(bytes)
}
