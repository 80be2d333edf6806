/** The settings of a bucket, by sub-resource. */
import { checkBlocked, ownerOf, refuseGrants } from './access.ts'
import { aclDocument, grantsToOthers, isPublicAcl, parseAcl, privateTo } from './acl.ts'
import type { BucketChange } from './buckets.ts'
import { type Call, xml, xmlAnswer } from './call.ts'
import { corsDocument, parseCors } from './cors.ts'
import { bucketEncryption } from './encryption.ts'
import { type S3Code, S3Failure } from './failure.ts'
import { lockElements, parseLock } from './object-lock.ts'
import { ownershipOf, parseOwnership } from './ownership.ts'
import type { GatewayParts } from './parts.ts'
import { isPublicPolicy, needsAddresses, parsePolicy } from './policy.ts'
import { parsePublicAccess, publicAccessElements } from './public-access.ts'
import type { BucketRecord } from './records.ts'
import { MAX_BUCKET_TAGS, parseTags, tagElements } from './tags.ts'
import { textOf } from './xml.ts'

/** A setting: how it is shown, read from a document, and what it is called in rights. */
interface Setting {
  /** `s3:Get…` and `s3:Put…` with this behind */
  readonly action: string
  readonly show: (record: BucketRecord, call: Call) => Response
  readonly put?: (document: string, call: Call, record: BucketRecord, parts: GatewayParts) => BucketChange
  readonly remove?: (record: BucketRecord) => BucketChange
  /** the right to take it away has a name of its own */
  readonly deleteAction?: string
}

/** Shows a setting, or says that there is none. */
function shown<T>(value: T | undefined, code: S3Code, show: (value: T) => Response): Response {
  if (value === undefined) throw new S3Failure(code, 'The bucket has none')
  return show(value)
}

const settings: Readonly<Record<string, Setting>> = {
  cors: {
    action: 'BucketCORS',
    show: ({ cors }) =>
      shown(cors, 'NoSuchCORSConfiguration', (rules) => xml('CORSConfiguration', corsDocument(rules))),
    put: (document) => ({ cors: parseCors(document) }),
    remove: () => ({ cors: undefined }),
  },
  versioning: {
    action: 'BucketVersioning',
    show: ({ versioning }) => xml('VersioningConfiguration', { Status: versioning }),
    put: (document, _, { lock }) => {
      const status = textOf(document, 'Status')
      if (status !== 'Enabled' && status !== 'Suspended')
        throw new S3Failure('MalformedXML', 'A status is Enabled or Suspended')
      if (textOf(document, 'MfaDelete') === 'Enabled') throw new S3Failure('NotImplemented', 'MFA is not supported')
      if (status === 'Suspended' && lock !== undefined)
        throw new S3Failure('InvalidBucketState', 'A bucket with object locks keeps its versions')
      return { versioning: status }
    },
  },
  policy: {
    action: 'BucketPolicy',
    show: ({ policy }) =>
      shown(
        policy,
        'NoSuchBucketPolicy',
        (text) => new Response(text, { headers: { 'content-type': 'application/json' } }),
      ),
    put: (document, { bucket }, { publicAccess }, { options }) => {
      const policy = parsePolicy(document, bucket)
      if (options.addressOf === undefined && needsAddresses(policy))
        throw new S3Failure('MalformedPolicy', 'The gateway does not know where requests come from')
      if (publicAccess?.BlockPublicPolicy && isPublicPolicy(policy))
        throw new S3Failure('AccessDenied', 'The bucket blocks public policies')
      return { policy: document }
    },
    remove: () => ({ policy: undefined }),
    deleteAction: 's3:DeleteBucketPolicy',
  },
  policyStatus: {
    action: 'BucketPolicyStatus',
    show: ({ policy, grants, publicAccess }, { bucket }) => {
      const byPolicy =
        policy !== undefined && isPublicPolicy(parsePolicy(policy, bucket)) && !publicAccess?.RestrictPublicBuckets
      const byList = isPublicAcl(grants ?? []) && !publicAccess?.IgnorePublicAcls
      return xml('PolicyStatus', { IsPublic: byPolicy || byList })
    },
  },
  publicAccessBlock: {
    action: 'BucketPublicAccessBlock',
    show: ({ publicAccess }) =>
      shown(publicAccess, 'NoSuchPublicAccessBlockConfiguration', (block) =>
        xml('PublicAccessBlockConfiguration', publicAccessElements(block)),
      ),
    put: (document) => ({ publicAccess: parsePublicAccess(document) }),
    remove: () => ({ publicAccess: undefined }),
  },
  ownershipControls: {
    action: 'BucketOwnershipControls',
    show: ({ ownership }) =>
      shown(ownership, 'OwnershipControlsNotFoundError', (text) =>
        xml('OwnershipControls', { Rule: { ObjectOwnership: text } }),
      ),
    put: (document, _, record) => {
      const ownership = parseOwnership(document)
      if (ownership === 'BucketOwnerEnforced' && grantsToOthers(record.grants ?? [], ownerOf(record)))
        throw new S3Failure('InvalidBucketAclWithObjectOwnership', 'The access list of the bucket grants to others')
      return { ownership }
    },
    remove: () => ({ ownership: undefined }),
  },
  'object-lock': {
    action: 'BucketObjectLockConfiguration',
    show: ({ lock }) =>
      shown(lock, 'ObjectLockConfigurationNotFoundError', (value) =>
        xml('ObjectLockConfiguration', lockElements(value)),
      ),
    put: (document, _, { versioning }) => {
      if (versioning !== 'Enabled')
        throw new S3Failure('InvalidBucketState', 'Only a bucket with versioning can have object locks')
      return { lock: parseLock(document) }
    },
  },
  tagging: {
    action: 'BucketTagging',
    show: ({ tags }) => shown(tags, 'NoSuchTagSet', (value) => xml('Tagging', tagElements(value))),
    put: (document) => ({ tags: parseTags(document, MAX_BUCKET_TAGS) }),
    remove: () => ({ tags: undefined }),
  },
}

/** What a bucket does not have, and the code that says so to who asks for it. Setting it is refused. */
const ABSENT: Readonly<Record<string, S3Code | undefined>> = {
  accelerate: undefined,
  analytics: undefined,
  'intelligent-tiering': undefined,
  inventory: undefined,
  lifecycle: 'NoSuchLifecycleConfiguration',
  logging: undefined,
  metrics: undefined,
  notification: undefined,
  replication: 'ReplicationConfigurationNotFoundError',
  requestPayment: undefined,
  website: 'NoSuchWebsiteConfiguration',
}

/** Answers a request for a setting, or `undefined` when it is for none. */
export async function bucketSetting(parts: GatewayParts, call: Call): Promise<Response | undefined> {
  const { access, buckets, writer } = parts
  const { query, bucket: name } = call
  const { method } = call.request
  if (query.has('acl')) return bucketAcl(parts, call)
  if (query.has('encryption')) return bucketEncryption(parts, call)
  if (query.has('location') && method === 'GET')
    return xml('LocationConstraint', (await access.bucket(call, 's3:GetBucketLocation')).location ?? '')
  for (const [sub, setting] of Object.entries(settings)) {
    if (!query.has(sub)) continue
    const { show, put, remove, action, deleteAction } = setting
    if (method === 'GET') return show(await access.bucket(call, `s3:Get${action}`), call)
    if (method === 'PUT' && put !== undefined) {
      await access.bucket(call, `s3:Put${action}`)
      const document = await writer.document(call)
      await buckets.set(name, (present) => put(document, call, present, parts))
      return new Response(null, { status: sub === 'policy' ? 204 : 200 })
    }
    if (method === 'DELETE' && remove !== undefined) {
      await access.bucket(call, deleteAction ?? `s3:Put${action}`)
      await buckets.set(name, remove)
      return new Response(null, { status: 204 })
    }
    throw new S3Failure('MethodNotAllowed', `Not on ${sub}`)
  }
  for (const [sub, code] of Object.entries(ABSENT)) {
    if (!query.has(sub)) continue
    await access.bucket(call, `s3:GetBucket-${sub}`)
    if (method === 'GET' && code !== undefined) throw new S3Failure(code, `The bucket has no ${sub}`)
    throw new S3Failure('NotImplemented', `${sub} is not supported`)
  }
  return undefined
}

async function bucketAcl({ access, buckets, owners, writer }: GatewayParts, call: Call): Promise<Response> {
  const { method, headers } = call.request
  if (method === 'GET') {
    const record = await access.bucket(call, 's3:GetBucketAcl')
    const owner = ownerOf(record)
    const grants = access.ownership(record) === 'BucketOwnerEnforced' ? undefined : record.grants
    return xmlAnswer(aclDocument(owner, grants ?? privateTo(owner)))
  }
  if (method !== 'PUT') throw new S3Failure('MethodNotAllowed', 'Not on an access list')
  const record = await access.bucket(call, 's3:PutBucketAcl')
  const owner = ownerOf(record)
  if (access.ownership(record) === 'BucketOwnerEnforced') {
    refuseGrants(headers, record)
    if (!headers.has('x-amz-acl'))
      throw new S3Failure('AccessControlListNotSupported', 'Access lists do not count in this bucket')
    return new Response(null)
  }
  const grants = access.grants(headers, owner, record) ?? parseAcl(await writer.document(call), owner, owners)
  await buckets.set(call.bucket, (present) => {
    checkBlocked(present, grants)
    return { grants: headers.get('x-amz-acl') === 'private' ? undefined : grants }
  })
  return new Response(null)
}

/** `PUT` of a bucket. One that is there already is no error for its owner, as in the first region of AWS. */
export async function createBucket(parts: GatewayParts, call: Call): Promise<Response> {
  const { access, buckets, options, writer } = parts
  const { caller } = call
  const { headers } = call.request
  if (caller === undefined) throw new S3Failure('AccessDenied', 'Anonymous requests are not allowed')
  const wanted = headers.get('x-amz-object-ownership')
  const ownership = wanted === null ? {} : { ownership: ownershipOf(wanted) }
  const bare: BucketRecord = { createdMs: options.nowMs(), owner: caller, ...ownership }
  const grants = headers.get('x-amz-acl') === 'private' ? undefined : access.grants(headers, caller, bare)
  const location = textOf(await writer.document(call), 'LocationConstraint')
  const locked = headers.get('x-amz-bucket-object-lock-enabled')?.toLowerCase() === 'true'
  const record: BucketRecord = {
    ...bare,
    ...(grants === undefined ? {} : { grants }),
    ...(location === undefined ? {} : { location }),
    ...(locked ? { lock: {}, versioning: 'Enabled' as const } : {}),
  }
  await buckets.create(call.bucket, record, (present) => {
    if (ownerOf(present).id !== caller.id) throw new S3Failure('BucketAlreadyExists', 'The bucket has another owner')
    const list = (of: BucketRecord['grants']) => aclDocument(caller, of ?? privateTo(caller))
    if (list(present.grants) !== list(grants))
      throw new S3Failure('BucketAlreadyExists', 'The bucket exists with another access list')
  })
  return new Response(null, { headers: { location: `/${call.bucket}` } })
}
