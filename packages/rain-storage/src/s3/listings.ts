/** Listings: buckets, objects (both versions of the call), versions, uploads and parts. */
import { fromHex, toHex } from '../content/bytes.ts'
import type { Buckets, ObjectRecord } from './buckets.ts'
import { type Call, OWNER, S3_LIMITS, type S3GatewayOptions, xml } from './call.ts'
import { checksumElements } from './checksum.ts'
import { S3Failure } from './failure.ts'
import type { XmlValue } from './xml.ts'

/** The listings of a gateway. */
export class Listings {
  readonly #buckets: Buckets
  readonly #options: S3GatewayOptions

  constructor(buckets: Buckets, options: S3GatewayOptions) {
    this.#buckets = buckets
    this.#options = options
  }

  #iso(ms: number): string {
    return this.#options.formatDate(ms).iso
  }

  async buckets({ query }: Call): Promise<Response> {
    const max = countOf(query, 'max-buckets', S3_LIMITS.listedBuckets)
    const prefix = query.get('prefix') ?? ''
    const token = query.get('continuation-token')
    const after = token === null ? '' : decodeToken(token)
    const list: { Name: string; CreationDate: string }[] = []
    let next: string | undefined
    for await (const { name, createdMs } of this.#buckets.buckets()) {
      if (name <= after || !name.startsWith(prefix)) continue
      if (list.length === max) {
        next = list.at(-1)?.Name
        break
      }
      list.push({ Name: name, CreationDate: this.#iso(createdMs) })
    }
    return xml('ListAllMyBucketsResult', {
      Owner: OWNER,
      Buckets: { Bucket: list },
      ContinuationToken: next === undefined ? undefined : encodeToken(next),
      Prefix: prefix === '' ? undefined : prefix,
    })
  }

  #contents(page: readonly { key: string; record: ObjectRecord }[], encode: (text: string) => string, owner: boolean) {
    return page.map(({ key, record }) => ({
      Key: encode(key),
      LastModified: this.#iso(record.modifiedMs),
      ETag: `"${record.etag}"`,
      ChecksumAlgorithm: record.checksum?.name.toUpperCase(),
      Size: record.size,
      StorageClass: 'STANDARD',
      Owner: owner ? OWNER : undefined,
    }))
  }

  async objects({ bucket, query }: Call): Promise<Response> {
    const v2 = query.get('list-type') === '2'
    const { prefix, delimiter, max, encode, common } = asked(bucket, query)
    const given = query.get('continuation-token')
    const token = given === '' ? null : given
    const start = query.get('start-after')
    const marker = query.get('marker') ?? ''
    const after = v2 ? (token === null ? (start ?? '') : decodeToken(token)) : marker
    const page = await this.#buckets.list(bucket, { prefix, delimiter, after, max })
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
      Contents: this.#contents(page.objects, encode, !v2 || query.get('fetch-owner') === 'true'),
      CommonPrefixes: page.prefixes.map((text) => ({ Prefix: encode(text) })),
    })
  }

  /** Buckets have no versioning: every object is its one version, named `null`. */
  async versions({ bucket, query }: Call): Promise<Response> {
    const { prefix, delimiter, max, encode, common } = asked(bucket, query)
    const after = query.get('key-marker') ?? ''
    const page = await this.#buckets.list(bucket, { prefix, delimiter, after, max })
    return xml('ListVersionsResult', {
      ...common,
      IsTruncated: page.next !== undefined,
      KeyMarker: encode(after),
      VersionIdMarker: query.get('version-id-marker') ?? '',
      NextKeyMarker: page.next === undefined ? undefined : encode(page.next),
      NextVersionIdMarker: page.next === undefined ? undefined : 'null',
      Version: this.#contents(page.objects, encode, true).map((entry) => ({
        ...entry,
        VersionId: 'null',
        IsLatest: true,
      })),
      CommonPrefixes: page.prefixes.map((text) => ({ Prefix: encode(text) })),
    })
  }

  async parts({ bucket, key, query }: Call, upload: string): Promise<Response> {
    const { checksum } = await this.#buckets.upload(bucket, key, upload)
    const max = countOf(query, 'max-parts', S3_LIMITS.listed)
    const marker = countOf(query, 'part-number-marker', S3_LIMITS.parts, 0)
    const list: { PartNumber: number; [name: string]: XmlValue }[] = []
    let more = false
    for await (const { part, record } of this.#buckets.parts(upload)) {
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
      Initiator: OWNER,
      Owner: OWNER,
      StorageClass: 'STANDARD',
      ChecksumAlgorithm: checksum?.name.toUpperCase(),
      ChecksumType: checksum?.type,
    })
  }

  async uploads({ bucket, query }: Call): Promise<Response> {
    await this.#buckets.need(bucket)
    const { prefix, encode } = asked(bucket, query)
    const list: XmlValue[] = []
    for await (const { id, record } of this.#buckets.uploads(bucket)) {
      if (!record.key.startsWith(prefix)) continue
      list.push({
        Key: encode(record.key),
        UploadId: id,
        Initiator: OWNER,
        Owner: OWNER,
        StorageClass: 'STANDARD',
        Initiated: this.#iso(record.startedMs),
      })
    }
    return xml('ListMultipartUploadsResult', {
      Bucket: bucket,
      Prefix: encode(prefix),
      EncodingType: query.get('encoding-type') ?? undefined,
      IsTruncated: false,
      Upload: list,
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
