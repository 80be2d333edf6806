/** What an object has besides its bytes, by sub-resource: access list, tags, retention, legal hold. */

import { checkBlocked, refuseGrants } from './access.ts'
import { aclDocument, parseAcl, privateTo } from './acl.ts'
import { type Call, versionHeaders, versionOf, xml, xmlAnswer } from './call.ts'
import { S3Failure } from './failure.ts'
import { checkRetentionChange, parseLegalHold, parseRetention } from './object-lock.ts'
import type { GatewayParts } from './parts.ts'
import type { ObjectRecord } from './records.ts'
import { MAX_OBJECT_TAGS, parseTags, tagElements, tagsHeader } from './tags.ts'

type Answer = (parts: GatewayParts, call: Call) => Promise<Response>

/** What answers a request for a sub-resource of an object, by its name in the query and the method. */
export const objectSettings: Readonly<Record<string, Readonly<Record<string, Answer>>>> = {
  acl: { GET: getAcl, PUT: putAcl },
  tagging: { GET: getTags, PUT: putTags, DELETE: deleteTags },
  retention: { GET: getRetention, PUT: putRetention },
  'legal-hold': { GET: getLegalHold, PUT: putLegalHold },
}

/** Changes a version when the caller may. */
async function changed(
  { lookup, objects }: GatewayParts,
  call: Call,
  action: string,
  change: (record: ObjectRecord) => ObjectRecord,
): Promise<Record<string, string>> {
  const version = versionOf(call.query)
  const { bucket } = await lookup.need(call, action, version)
  return versionHeaders(bucket, await objects.update(call.bucket, call.key, version, change))
}

/** The call with what its document says in headers, where conditions of policies look. */
function saying(call: Call, more: Readonly<Record<string, string>>): Call {
  const headers = new Headers({ ...Object.fromEntries(call.request.headers), ...more })
  return { ...call, request: new Request(call.request.url, { method: 'PUT', headers, signal: call.request.signal }) }
}

async function getAcl({ lookup, access }: GatewayParts, call: Call): Promise<Response> {
  const { bucket, record } = await lookup.need(call, 's3:GetObjectAcl', versionOf(call.query))
  const owner = access.objectOwner(bucket, record)
  const grants = access.ownership(bucket) === 'BucketOwnerEnforced' ? undefined : record.grants
  return xmlAnswer(aclDocument(owner, grants ?? privateTo(owner)), versionHeaders(bucket, record))
}

async function putAcl(parts: GatewayParts, call: Call): Promise<Response> {
  const { access, lookup, owners, writer } = parts
  const { headers } = call.request
  const { bucket, record } = await lookup.need(call, 's3:PutObjectAcl', versionOf(call.query))
  if (access.ownership(bucket) === 'BucketOwnerEnforced') {
    refuseGrants(headers, bucket)
    if (!headers.has('x-amz-acl'))
      throw new S3Failure('AccessControlListNotSupported', 'Access lists do not count in this bucket')
    return new Response(null)
  }
  const owner = access.objectOwner(bucket, record)
  const grants = access.grants(headers, owner, bucket) ?? parseAcl(await writer.document(call), owner, owners)
  checkBlocked(bucket, grants)
  return new Response(null, { headers: await changed(parts, call, 's3:PutObjectAcl', (now) => ({ ...now, grants })) })
}

async function getTags({ lookup }: GatewayParts, call: Call): Promise<Response> {
  const { bucket, record } = await lookup.need(call, 's3:GetObjectTagging', versionOf(call.query))
  return xml('Tagging', tagElements(record.tags ?? []), versionHeaders(bucket, record))
}

async function putTags(parts: GatewayParts, call: Call): Promise<Response> {
  const { lookup, writer } = parts
  await lookup.need(call, 's3:PutObjectTagging', versionOf(call.query))
  const tags = parseTags(await writer.document(call), MAX_OBJECT_TAGS)
  await lookup.need(saying(call, { 'x-amz-tagging': tagsHeader(tags) }), 's3:PutObjectTagging', versionOf(call.query))
  return new Response(null, { headers: await changed(parts, call, 's3:PutObjectTagging', (now) => ({ ...now, tags })) })
}

async function deleteTags(parts: GatewayParts, call: Call): Promise<Response> {
  const headers = await changed(parts, call, 's3:DeleteObjectTagging', ({ tags: _, ...rest }) => rest)
  return new Response(null, { status: 204, headers })
}

async function getRetention({ lookup, options }: GatewayParts, call: Call): Promise<Response> {
  const { bucket, record } = await lookup.need(call, 's3:GetObjectRetention', versionOf(call.query))
  if (bucket.lock === undefined) throw new S3Failure('InvalidRequest', 'The bucket was not made for object locks')
  if (record.retention === undefined)
    throw new S3Failure('NoSuchObjectLockConfiguration', 'The version has no retention')
  const { mode, untilMs } = record.retention
  return xml('Retention', { Mode: mode, RetainUntilDate: options.formatDate(untilMs).iso })
}

async function putRetention(parts: GatewayParts, call: Call): Promise<Response> {
  const { lookup, access, writer, options } = parts
  const version = versionOf(call.query)
  const { bucket } = await lookup.need(call, 's3:PutObjectRetention', version)
  if (bucket.lock === undefined) throw new S3Failure('InvalidRequest', 'The bucket was not made for object locks')
  const nowMs = options.nowMs()
  const retention = parseRetention(await writer.document(call), nowMs)
  const asked = retention && {
    'x-amz-object-lock-mode': retention.mode,
    'x-amz-object-lock-retain-until-date': options.formatDate(retention.untilMs).iso,
  }
  await lookup.need(saying(call, asked ?? {}), 's3:PutObjectRetention', version)
  const wanted = { action: 's3:BypassGovernanceRetention', bucket: call.bucket, key: call.key }
  const lifts = call.request.headers.get('x-amz-bypass-governance-retention')?.toLowerCase() === 'true'
  const bypass = lifts && access.may(call, bucket, wanted)
  const headers = await changed(parts, call, 's3:PutObjectRetention', ({ retention: present, ...rest }) => {
    checkRetentionChange(present, retention, nowMs, bypass)
    return retention === undefined ? rest : { ...rest, retention }
  })
  return new Response(null, { headers })
}

async function getLegalHold({ lookup }: GatewayParts, call: Call): Promise<Response> {
  const { bucket, record } = await lookup.need(call, 's3:GetObjectLegalHold', versionOf(call.query))
  if (bucket.lock === undefined) throw new S3Failure('InvalidRequest', 'The bucket was not made for object locks')
  if (record.legalHold === undefined)
    throw new S3Failure('NoSuchObjectLockConfiguration', 'The version has no legal hold')
  return xml('LegalHold', { Status: record.legalHold ? 'ON' : 'OFF' })
}

async function putLegalHold(parts: GatewayParts, call: Call): Promise<Response> {
  const { bucket } = await parts.lookup.need(call, 's3:PutObjectLegalHold', versionOf(call.query))
  if (bucket.lock === undefined) throw new S3Failure('InvalidRequest', 'The bucket was not made for object locks')
  const legalHold = parseLegalHold(await parts.writer.document(call))
  const asked = { 'x-amz-object-lock-legal-hold': legalHold ? 'ON' : 'OFF' }
  await parts.lookup.need(saying(call, asked), 's3:PutObjectLegalHold', versionOf(call.query))
  const headers = await changed(parts, call, 's3:PutObjectLegalHold', (now) => ({ ...now, legalHold }))
  return new Response(null, { headers })
}
