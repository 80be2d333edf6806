/**
 * Who may do what: the owner of a bucket, its policy, access lists, and the block of public access. What none of them allows is denied, and a denial of a
 * policy wins. Source: Amazon S3 User Guide, "How Amazon S3 authorizes a request".
 */
import {
  cannedGrants,
  type Grant,
  grantsAllow,
  grantsOfHeaders,
  isPublicAcl,
  type Permission,
  permissions,
  privateTo,
} from './acl.ts'
import type { Buckets } from './buckets.ts'
import type { Call, S3GatewayOptions } from './call.ts'
import { S3Failure } from './failure.ts'
import { DEFAULT_OWNER, type Owner, type Owners } from './owners.ts'
import type { Ownership } from './ownership.ts'
import { askPolicy, isPublicPolicy, parsePolicy } from './policy.ts'
import type { BucketRecord, ObjectRecord } from './records.ts'
import { tagOf, tagsOfHeader } from './tags.ts'

/** What the access list of a bucket can allow. */
const BY_BUCKET_ACL: Readonly<Record<string, Permission>> = {
  's3:ListBucket': 'READ',
  's3:ListBucketVersions': 'READ',
  's3:ListBucketMultipartUploads': 'READ',
  's3:PutObject': 'WRITE',
  's3:DeleteObject': 'WRITE',
  's3:GetBucketAcl': 'READ_ACP',
  's3:PutBucketAcl': 'WRITE_ACP',
}

/** What the access list of an object can allow. */
const BY_OBJECT_ACL: Readonly<Record<string, Permission>> = {
  's3:GetObject': 'READ',
  's3:GetObjectVersion': 'READ',
  's3:GetObjectAttributes': 'READ',
  's3:GetObjectVersionAttributes': 'READ',
  's3:GetObjectAcl': 'READ_ACP',
  's3:GetObjectVersionAcl': 'READ_ACP',
  's3:PutObjectAcl': 'WRITE_ACP',
  's3:PutObjectVersionAcl': 'WRITE_ACP',
}

/** What the owner of an object, or of an upload, may besides. The rest is for the owner of the bucket. */
const TO_OBJECT_OWNER = /Tagging$|^s3:(?:AbortMultipartUpload|ListMultipartUploadParts)$/

/** The owner of a bucket can always mend its policy. */
const NEVER_DENIED_TO_OWNER = ['s3:GetBucketPolicy', 's3:PutBucketPolicy', 's3:DeleteBucketPolicy']

/** An action on an object. */
export interface ObjectAction {
  readonly action: string
  readonly bucket: string
  readonly key: string
  /** what is there, for actions that an access list of an object can allow */
  readonly record?: ObjectRecord | undefined
}

/** The rights in a gateway. */
export class Access {
  readonly #buckets: Buckets
  readonly #owners: Owners
  readonly #options: S3GatewayOptions

  constructor(buckets: Buckets, owners: Owners, options: S3GatewayOptions) {
    this.#buckets = buckets
    this.#owners = owners
    this.#options = options
  }

  /** The bucket of a request, when its caller may do this. @throws S3Failure `NoSuchBucket`, `AccessDenied` */
  async bucket(call: Call, action: string): Promise<BucketRecord> {
    const record = await this.#buckets.need(call.bucket)
    if (!this.#mayBucket(call, record, action)) throw denied(call)
    return record
  }

  /** Checks whose a bucket is for a client that says whose it should be. @throws S3Failure `NoSuchBucket`, `AccessDenied` */
  async expectOwner(expected: string | null, bucket: string): Promise<void> {
    if (expected !== null && expected !== ownerOf(await this.#buckets.need(bucket)).id)
      throw new S3Failure('AccessDenied', 'The bucket has another owner')
  }

  /** @throws S3Failure `AccessDenied` */
  need(call: Call, bucket: BucketRecord, wanted: ObjectAction): void {
    if (!this.may(call, bucket, wanted)) throw denied(call)
  }

  /** Whether the caller may do this to an object. */
  may(call: Call, bucket: BucketRecord, { action, bucket: name, key, record }: ObjectAction): boolean {
    const verdict = this.#policy(call, bucket, action, name, key, record)
    if (verdict !== 'none') return verdict === 'allow'
    const { caller } = call
    const owner = ownerOf(bucket)
    const lists = this.ownership(bucket) !== 'BucketOwnerEnforced'
    const groups = !bucket.publicAccess?.IgnorePublicAcls
    const byBucket = BY_BUCKET_ACL[action]
    if (byBucket !== undefined)
      return owner.id === caller?.id || (lists && grantsAllow(bucket.grants ?? [], caller, byBucket, groups))
    const objectOwner = this.objectOwner(bucket, record)
    const byObject = BY_OBJECT_ACL[action]
    if (byObject === undefined)
      return owner.id === caller?.id || (objectOwner.id === caller?.id && TO_OBJECT_OWNER.test(action))
    if (!lists) return caller?.id === owner.id
    if (record === undefined) return caller?.id === owner.id
    // an owner can always read and change the list of what is his
    if (byObject.endsWith('ACP') && caller?.id === objectOwner.id) return true
    return grantsAllow(record.grants ?? privateTo(objectOwner), caller, byObject, groups)
  }

  /** Whether the caller may know that a bucket, perhaps another than that of the request, has no `key`: as who lists that prefix. */
  mayList({ query: _, ...call }: Call, record: BucketRecord, name: string, key: string): boolean {
    return this.#mayBucket({ ...call, query: new URLSearchParams({ prefix: key }) }, record, 's3:ListBucket', name)
  }

  #mayBucket(call: Call, record: BucketRecord, action: string, name = call.bucket): boolean {
    const owner = ownerOf(record)
    if (owner.id === call.caller?.id && NEVER_DENIED_TO_OWNER.includes(action)) return true
    const verdict = this.#policy(call, record, action, name)
    if (verdict !== 'none') return verdict === 'allow'
    if (owner.id === call.caller?.id) return true
    const permission = BY_BUCKET_ACL[action]
    if (permission === undefined || this.ownership(record) === 'BucketOwnerEnforced') return false
    return grantsAllow(record.grants ?? [], call.caller, permission, !record.publicAccess?.IgnorePublicAcls)
  }

  #policy(call: Call, bucket: BucketRecord, action: string, name: string, key?: string, record?: ObjectRecord) {
    if (bucket.policy === undefined) return 'none'
    const policy = parsePolicy(bucket.policy, name)
    const verdict = askPolicy(policy, {
      caller: call.caller,
      action,
      bucket: name,
      ...(key === undefined ? {} : { key }),
      context: (wanted) => this.#fact(call, wanted, record),
    })
    const restricted = bucket.publicAccess?.RestrictPublicBuckets && call.caller?.id !== ownerOf(bucket).id
    return verdict === 'allow' && restricted && isPublicPolicy(policy) ? 'none' : verdict
  }

  /** What conditions of policies ask for. */
  #fact({ request, url, query }: Call, key: string, record: ObjectRecord | undefined): string | undefined {
    const { headers } = request
    const [name, tag] = [key.split('/')[0]!, key.slice(key.indexOf('/') + 1)]
    const header = (text: string) => headers.get(text) ?? undefined
    switch (name) {
      case 'aws:referer':
        return header('referer')
      case 'aws:useragent':
        return header('user-agent')
      case 'aws:securetransport':
        return String(url.protocol === 'https:')
      case 'aws:sourceip':
        return this.#options.addressOf?.(request)
      case 'aws:currenttime':
        return this.#options.formatDate(this.#options.nowMs()).iso
      case 's3:existingobjecttag':
        return tagOf(record?.tags, tag)
      case 's3:requestobjecttag':
        return tagOf(tagsOfHeader(headers), tag)
      case 's3:prefix':
      case 's3:delimiter':
      case 's3:max-keys':
        return query.get(name.slice(3)) ?? undefined
      case 's3:versionid':
        return query.get('versionId') ?? undefined
      case 's3:x-amz-copy-source':
        return header('x-amz-copy-source')?.replace(/^\//, '')
      default:
        return header(name.startsWith('s3:object-lock') ? `x-amz-${name.slice(3)}` : name.slice(3))
    }
  }

  /** What a bucket says of its objects' owners, or the gateway for it. */
  ownership(bucket: BucketRecord): Ownership {
    return bucket.ownership ?? this.#options.ownership ?? 'BucketOwnerEnforced'
  }

  /** Whose an object is. */
  objectOwner(bucket: BucketRecord, record: Pick<ObjectRecord, 'owner'> | undefined): Owner {
    const owner = ownerOf(bucket)
    return this.ownership(bucket) === 'BucketOwnerEnforced' ? owner : (record?.owner ?? owner)
  }

  /**
   * Whose a new object is, and its access list. What nobody signed is the bucket owner's.
   * @throws S3Failure `AccessControlListNotSupported`, `AccessDenied` for a public list where they are blocked, `InvalidArgument`
   */
  newObject({ caller, request: { headers } }: Pick<Call, 'caller' | 'request'>, bucket: BucketRecord) {
    const bucketOwner = ownerOf(bucket)
    const ownership = this.ownership(bucket)
    if (ownership === 'BucketOwnerEnforced') {
      refuseGrants(headers, bucket)
      return {}
    }
    let owner = caller ?? bucketOwner
    if (ownership === 'BucketOwnerPreferred' && headers.get('x-amz-acl') === 'bucket-owner-full-control')
      owner = bucketOwner
    const grants = this.grants(headers, owner, bucket)
    return { ...(owner.id === bucketOwner.id ? {} : { owner }), ...(grants === undefined ? {} : { grants }) }
  }

  /** The grants that headers ask for, where the bucket takes them. @throws S3Failure as {@link newObject} */
  grants(headers: Headers, owner: Owner, bucket: BucketRecord): Grant[] | undefined {
    if (this.ownership(bucket) === 'BucketOwnerEnforced') {
      refuseGrants(headers, bucket)
      return undefined
    }
    const grants = grantsOfHeaders(headers, owner, ownerOf(bucket), this.#owners)
    if (grants !== undefined) checkBlocked(bucket, grants)
    return grants
  }
}

/** Whose a bucket is. */
export function ownerOf(bucket: BucketRecord): Owner {
  return bucket.owner ?? DEFAULT_OWNER
}

/** @throws S3Failure `AccessDenied` for a public list of a bucket that blocks them */
export function checkBlocked(bucket: Pick<BucketRecord, 'publicAccess'>, grants: readonly Grant[]): void {
  if (bucket.publicAccess?.BlockPublicAcls && isPublicAcl(grants))
    throw new S3Failure('AccessDenied', 'The bucket blocks public access lists')
}

function denied({ caller }: Call): S3Failure {
  return new S3Failure('AccessDenied', caller === undefined ? 'Anonymous requests are not allowed' : 'Not allowed')
}

/**
 * Where access lists do not count, a request for one that lets others in is refused, not ignored. A bucket that was set so takes none but
 * `bucket-owner-full-control`, as at AWS; where the gateway decides, clients that always say `private` get what they ask for.
 * @throws S3Failure `AccessControlListNotSupported`, `InvalidArgument`
 */
export function refuseGrants(headers: Headers, { ownership }: Pick<BucketRecord, 'ownership'>): void {
  const canned = headers.get('x-amz-acl')
  if (canned !== null) cannedGrants(canned, DEFAULT_OWNER, DEFAULT_OWNER)
  const taken = ['bucket-owner-full-control', ...(ownership === undefined ? ['private', 'bucket-owner-read'] : [])]
  if (
    (canned !== null && !taken.includes(canned)) ||
    permissions.some((permission) => headers.has(`x-amz-grant-${permission.toLowerCase().replace('_', '-')}`))
  )
    throw new S3Failure('AccessControlListNotSupported', 'Access lists do not count in this bucket')
}
