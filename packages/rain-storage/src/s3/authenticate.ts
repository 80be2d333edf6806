/** From a request to a checked call: whose it is, and which bucket and key it names. */
import type { CryptoPort } from '../crypto/port.ts'
import { s3Address } from './address.ts'
import { type Call, S3_LIMITS, type S3GatewayOptions } from './call.ts'
import { S3Failure } from './failure.ts'
import type { Owners } from './owners.ts'
import { checkSignature, UNSIGNED } from './sigv4.ts'

/** Checks the signature of a request. One without is anonymous. @throws S3Failure */
export async function authenticate(
  request: Request,
  owners: Owners,
  crypto: CryptoPort,
  { nowMs, domains }: S3GatewayOptions,
): Promise<Call> {
  const url = new URL(request.url)
  const headers = new Headers(request.headers)
  if (!headers.has('host')) headers.set('host', url.host)
  const signed = { method: request.method, path: url.pathname, query: url.searchParams, headers }
  const auth = await checkSignature(crypto, signed, (accessKey) => owners.secretOf(accessKey), nowMs())
  if (auth.status === 'invalid')
    throw new S3Failure(auth.reason, auth.detail ?? 'The request is not signed as it should be with AWS4-HMAC-SHA256')
  const { bucket, encodedKey, bucketUrl } = s3Address(url, domains)
  let key: string
  try {
    key = decodeURIComponent(encodedKey)
  } catch {
    throw new S3Failure('InvalidArgument', 'The key is not percent-encoded UTF-8')
  }
  checkKey(key)
  const named = { request, url, query: url.searchParams, bucket, bucketUrl, key }
  if (auth.status === 'valid') return { ...named, caller: owners.ofKey(auth.accessKey), auth }
  const given = request.headers.get('x-amz-content-sha256') ?? UNSIGNED
  if (given.startsWith('STREAMING-AWS4')) throw new S3Failure('AccessDenied', 'Signed chunks of an unsigned request')
  return { ...named, caller: undefined, auth: { payload: given, seed: undefined } }
}

/** @throws S3Failure `KeyTooLongError`, `InvalidArgument` */
export function checkKey(key: string): void {
  if (new TextEncoder().encode(key).length > S3_LIMITS.keyBytes)
    throw new S3Failure('KeyTooLongError', 'The key is too long')
  if (key.includes('\0')) throw new S3Failure('InvalidArgument', 'A key has no NUL')
}
