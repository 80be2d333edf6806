/**
 * Signature Version 2 of the policy of a form, which older clients make: HMAC-SHA1 over the whole policy. Of requests it is not taken: there it covers
 * neither the body nor most headers. Source: Amazon S3 API Reference, "Browser-based uploads using POST (AWS Signature Version 2)".
 */
import { hmac } from '@noble/hashes/hmac.js'
import { sha1 } from '@noble/hashes/legacy.js'
import { type PolicyCheck, sameText } from './sigv4.ts'

/** Fields of a form that are its signature. */
export const V2_FIELDS = ['awsaccesskeyid', 'signature']

/** Checks the signature of `policy`. `field` gives a field by its name in small letters. The policy's own end says how long it holds. */
export function checkPolicyV2(
  policy: string,
  field: (name: string) => string | undefined,
  secretOf: (accessKey: string) => string | undefined,
): PolicyCheck {
  const [accessKey, signature] = V2_FIELDS.map(field)
  if (accessKey === undefined || signature === undefined) return { status: 'invalid', reason: 'InvalidArgument' }
  const secret = secretOf(accessKey)
  if (secret === undefined) return { status: 'invalid', reason: 'InvalidAccessKeyId' }
  const bytes = (text: string) => new TextEncoder().encode(text)
  const expected = btoa(String.fromCharCode(...hmac(sha1, bytes(secret), bytes(policy))))
  return sameText(expected, signature)
    ? { status: 'valid', accessKey }
    : { status: 'invalid', reason: 'SignatureDoesNotMatch' }
}
