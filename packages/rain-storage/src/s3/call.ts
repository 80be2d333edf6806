/** A checked request on its way through the gateway, and what all its parts share. */
import type { CryptoPort } from '../crypto/port.ts'
import type { IncrementalHash } from './body.ts'
import type { ChecksumName } from './checksum.ts'
import { S3Failure } from './failure.ts'
import type { ObjectContent } from './object-content.ts'
import type { ObjectIndex } from './object-index.ts'
import type { Owner, S3Credential } from './owners.ts'
import type { Ownership } from './ownership.ts'
import { type BucketRecord, isVersionId, type ObjectRecord, versionIdOf } from './records.ts'
import type { ChunkSeed } from './sigv4.ts'
import { type XmlValue, xmlDocument } from './xml.ts'

/** Limits of the protocol. */
export const S3_LIMITS = {
  objectBytes: 5 * 1024 ** 4,
  parts: 10_000,
  keyBytes: 1024,
  listed: 1000,
  listedBuckets: 10_000,
  requestXmlBytes: 2 * 1024 * 1024,
  minPartBytes: 5 * 1024 * 1024,
} as const

/** What `createS3Gateway` needs. */
export interface S3GatewayOptions {
  readonly content: ObjectContent
  readonly index: ObjectIndex
  /** secret keys by access key; with an owner where there are several */
  readonly credentials: ReadonlyMap<string, string | S3Credential>
  /** of buckets that set none: whose new objects are, and whether access lists count. Default `BucketOwnerEnforced`: they do not */
  readonly ownership?: Ownership
  /** names of the gateway, such as `s3.example.org`, below which a host is a bucket: `photos.s3.example.org`. Default none: buckets stand in the path alone */
  readonly domains?: readonly string[]
  /** the address that a request came from, where it is known. Without it, policies that ask for it are refused */
  readonly addressOf?: (request: Request) => string | undefined
  /** takes forms whose policy is signed with Signature Version 2 (HMAC-SHA1), too, as older clients do. Default false */
  readonly formSignatureV2?: boolean
  /** milliseconds since 1970 */
  readonly nowMs: () => number
  /** text of milliseconds since 1970 as ISO 8601 and as HTTP date: `Date` of the platform */
  readonly formatDate: (ms: number) => { iso: string; http: string }
  readonly crypto?: CryptoPort
  /** Hashes of the platform, as a stream, where it has them; default noble and tables: `node:crypto` and `node:zlib` are 10× faster */
  readonly createHash?: (name: 'md5' | ChecksumName) => IncrementalHash | undefined
}

/** A request that nobody signed, or whose signature is right. */
export interface Call {
  readonly request: Request
  readonly url: URL
  readonly query: URLSearchParams
  readonly bucket: string
  /** as it was asked for: the bucket stands in the host or in the path */
  readonly bucketUrl: string
  readonly key: string
  /** for whom it is signed; nobody is anonymous */
  readonly caller: Owner | undefined
  /** how its body is to be read */
  readonly auth: { readonly payload: string; readonly seed: ChunkSeed | undefined }
}

/** Headers of an object that are kept and given back. */
export const KEPT = [
  'content-type',
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'expires',
]

/** What an object keeps of the headers that it came with. */
export function keptHeaders(headers: Headers): Record<string, string> {
  const kept: Record<string, string> = {}
  for (const [name, value] of headers) {
    if (name.startsWith('x-amz-meta-')) kept[name] = value
    if (!KEPT.includes(name)) continue
    // aws-chunked is how the body came, not what it is
    const clean =
      name === 'content-encoding'
        ? value
            .split(',')
            .filter((part) => part.trim() !== 'aws-chunked')
            .join(',')
        : value
    if (clean !== '') kept[name] = clean
  }
  return kept
}

/** An answer with a document. */
export function xml(root: string, value: XmlValue, headers: Record<string, string> = {}): Response {
  return xmlAnswer(xmlDocument(root, value), headers)
}

/** An answer with a document that is written out. */
export function xmlAnswer(document: string, headers: Record<string, string> = {}): Response {
  return new Response(document, { headers: { 'content-type': 'application/xml', ...headers } })
}

/** `partNumber` of a request. @throws S3Failure `InvalidArgument` */
export function partNumberOf(query: URLSearchParams): number {
  const number = Number(query.get('partNumber'))
  if (!Number.isInteger(number) || number < 1 || number > S3_LIMITS.parts)
    throw new S3Failure('InvalidArgument', `Parts have numbers 1 … ${S3_LIMITS.parts}`)
  return number
}

/** Headers that ask for what the gateway does not do. */
const UNSUPPORTED = [
  'x-amz-server-side-encryption-',
  'x-amz-copy-source-server-side-encryption',
  'x-amz-website-redirect-location',
  'x-amz-write-offset-bytes',
]

/** Who asks for a key of his own must not believe that he has it. @throws S3Failure `NotImplemented`, `InvalidStorageClass` */
export function refuseUnsupported(headers: Headers): void {
  for (const name of headers.keys()) {
    if (UNSUPPORTED.some((prefix) => name.startsWith(prefix)))
      throw new S3Failure('NotImplemented', `${name} is not supported`)
  }
  if ((headers.get('x-amz-storage-class') ?? 'STANDARD') !== 'STANDARD')
    throw new S3Failure('InvalidStorageClass', 'The only storage class is STANDARD')
}

/** `versionId` of a request. @throws S3Failure `NoSuchVersion` for what never was one */
export function versionOf(query: URLSearchParams): string | undefined {
  const id = query.get('versionId')
  if (id === null || id === '') return undefined
  if (!isVersionId(id)) throw new S3Failure('NoSuchVersion', 'The version does not exist')
  return id
}

/** `x-amz-version-id` where the bucket has versions. */
export function versionHeaders({ versioning }: BucketRecord, record: ObjectRecord): Record<string, string> {
  return versioning === undefined ? {} : { 'x-amz-version-id': versionIdOf(record) }
}

/** The same of what was written: a version that is called `null` is not worth a word. */
export function newVersionHeaders(record: ObjectRecord): Record<string, string> {
  return record.versioned ? { 'x-amz-version-id': versionIdOf(record) } : {}
}
