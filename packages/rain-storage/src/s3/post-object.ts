/** Uploads by HTML form: `POST` of a bucket. Source: Amazon S3 API Reference, "POST Object" and "Authenticating requests in browser-based uploads using POST". */

import { encodeKey } from './address.ts'
import { checkKey } from './authenticate.ts'
import { type Call, keptHeaders, newVersionHeaders, refuseUnsupported } from './call.ts'
import { checkEncryption, encryptionHeaders } from './encryption.ts'
import { S3Failure } from './failure.ts'
import { readForm } from './form.ts'
import { checkFormPolicy, type SizeRange } from './form-policy.ts'
import type { Owner } from './owners.ts'
import type { GatewayParts } from './parts.ts'
import { checkPolicyV2, V2_FIELDS } from './sigv2.ts'
import { checkPolicySignature } from './sigv4.ts'
import { MAX_OBJECT_TAGS, parseTags, tagsHeader } from './tags.ts'
import { newObject } from './write-object.ts'
import { element } from './xml.ts'

/** Fields that are headers of a `PUT`, by another name. */
const AS_HEADER: Readonly<Record<string, string>> = { acl: 'x-amz-acl' }
const HEADERS = /^(?:x-amz-.*|content-.*|cache-control|expires)$/

/** Stands in a key for the name of the file. */
const FILE_NAME = '$' + '{filename}'

/** Stores the file of a form. */
export async function postObject(parts: GatewayParts, call: Call): Promise<Response> {
  const { objects, writer } = parts
  const form = await readForm(writer.body(call), call.request.headers.get('content-type') ?? '')
  const fields = new Map(form.fields)
  const key = fields.get('key')?.replaceAll(FILE_NAME, () => form.fileName)
  if (key === undefined || key === '') throw new S3Failure('InvalidArgument', 'The form has no key')
  checkKey(key)
  fields.set('key', key)
  const { caller, size } = await signer(parts, call, fields)
  const headers = new Headers()
  for (const [name, value] of fields) {
    const header = AS_HEADER[name] ?? name
    if (HEADERS.test(header)) setHeader(headers, header, value)
  }
  const tagging = fields.get('tagging')
  if (tagging !== undefined) headers.set('x-amz-tagging', tagsHeader(parseTags(tagging, MAX_OBJECT_TAGS)))
  refuseUnsupported(headers)
  checkEncryption(headers, parts.options.content)
  const { signal, url } = call.request
  const posted: Call = { ...call, key, caller, request: new Request(url, { method: 'POST', headers, signal }) }
  const { facts } = await newObject(parts, posted)
  const { record, release } = await writer.checked(within(form.file, size), headers, keptHeaders(headers), signal)
  try {
    const named = await objects.put(call.bucket, key, { ...record, ...facts })
    const said = { ...newVersionHeaders(named), ...encryptionHeaders(parts.options.content) }
    return answer(call, fields, key, record.etag, said)
  } finally {
    release()
  }
}

/** Whose the form is: nobody's without a policy. @throws S3Failure */
async function signer(
  { crypto, owners, options }: GatewayParts,
  call: Call,
  fields: ReadonlyMap<string, string>,
): Promise<{ caller: Owner | undefined; size: SizeRange }> {
  const policy = fields.get('policy')
  if (policy === undefined) return { caller: call.caller, size: { min: 0, max: Number.POSITIVE_INFINITY } }
  const field = (name: string) => fields.get(name)
  const secretOf = (accessKey: string) => owners.secretOf(accessKey)
  const isV2 = options.formSignatureV2 === true && field('x-amz-signature') === undefined
  const check = isV2
    ? checkPolicyV2(policy, field, secretOf)
    : await checkPolicySignature(crypto, policy, field, secretOf)
  if (check.status === 'invalid')
    throw new S3Failure(check.reason, 'The policy is not signed as it should be with AWS4-HMAC-SHA256')
  // a signature needs no condition
  const judged = [...fields].filter(([name]) => !isV2 || !V2_FIELDS.includes(name))
  const size = checkFormPolicy(policy, new Map([...judged, ['bucket', call.bucket]]), options.nowMs())
  return { caller: owners.ofKey(check.accessKey), size }
}

function setHeader(headers: Headers, name: string, value: string): void {
  try {
    // header values stand for bytes
    headers.set(name, String.fromCharCode(...new TextEncoder().encode(value)))
  } catch {
    throw new S3Failure('InvalidArgument', `${name} cannot be a header`)
  }
}

/** The file, while it has a size that the policy allows. */
async function* within(file: AsyncGenerator<Uint8Array>, { min, max }: SizeRange): AsyncGenerator<Uint8Array> {
  let size = 0
  for await (const part of file) {
    size += part.length
    if (size > max) throw new S3Failure('EntityTooLarge', 'The file is larger than the policy allows')
    yield part
  }
  if (size < min) throw new S3Failure('EntityTooSmall', 'The file is smaller than the policy allows')
}

function answer(
  { bucket, bucketUrl }: Call,
  fields: ReadonlyMap<string, string>,
  key: string,
  tag: string,
  said: Record<string, string>,
): Response {
  const etag = `"${tag}"`
  const location = `${bucketUrl}/${encodeKey(key)}`
  const redirect = fields.get('success_action_redirect') ?? fields.get('redirect')
  if (redirect !== undefined && /^https?:\/\//i.test(redirect) && URL.canParse(redirect)) {
    const target = new URL(redirect)
    const facts = { bucket, key, etag }
    for (const [name, value] of Object.entries(facts)) target.searchParams.append(name, value)
    return new Response(null, { status: 303, headers: { location: target.href, etag, ...said } })
  }
  const headers = { etag, location, ...said }
  const status = fields.get('success_action_status')
  if (status === '201') {
    // of no name space
    const body = element('PostResponse', { Location: location, Bucket: bucket, Key: key, ETag: etag })
    return new Response(body, { status: 201, headers: { ...headers, 'content-type': 'application/xml' } })
  }
  return new Response(null, { status: status === '200' ? 200 : 204, headers })
}
