/** AWS Signature Version 4: checking and making. Source: AWS "Authenticating Requests (AWS Signature Version 4)". */
import { toHex } from '../content/bytes.ts'
import { formatTime, parseTime } from '../content/time.ts'
import type { CryptoPort } from '../crypto/port.ts'

const ALGORITHM = 'AWS4-HMAC-SHA256'
/** Value of `x-amz-content-sha256` for a body that is not signed. */
export const UNSIGNED = 'UNSIGNED-PAYLOAD'
/** Clocks may differ by this much, as at AWS. */
const MAX_SKEW_MS = 15 * 60 * 1000
/** Headers that every signature covers by itself, or that are not looked at where it does not. */
const BOUND: readonly string[] = ['x-amz-content-sha256', 'x-amz-date']
/** Longest life of a presigned URL. */
const MAX_EXPIRES_S = 7 * 24 * 3600

const utf8 = (text: string) => new TextEncoder().encode(text)
/** The bytes of a text whose characters stand for bytes, as header values do. */
const latin1 = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0))

/** What is signed. */
export interface SignedRequest {
  readonly method: string
  /** as on the wire, percent-encoded */
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: Headers
}

/** Outcome of a check. */
export type SignatureCheck =
  | { readonly status: 'valid'; readonly accessKey: string; readonly payload: string; readonly seed: ChunkSeed }
  | { readonly status: 'anonymous' }
  | {
      readonly status: 'invalid'
      readonly reason:
        | 'AccessDenied'
        | 'InvalidAccessKeyId'
        | 'SignatureDoesNotMatch'
        | 'RequestTimeTooSkewed'
        | 'AuthorizationHeaderMalformed'
        | 'InvalidRequest'
      /** why, where the reason alone would not tell */
      readonly detail?: string
    }

/** What the signatures of a chunked body go on from. */
export interface ChunkSeed {
  readonly key: Uint8Array
  readonly scope: string
  readonly date: string
  readonly signature: string
}

/** RFC 3986 encoding as AWS wants it; `/` stays when `path`. */
function encode(text: string, path = false): string {
  const encoded = encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
  return path ? encoded.replaceAll('%2F', '/') : encoded
}

function canonicalQuery(query: URLSearchParams): string {
  return [...query]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => [encode(name), encode(value)] as const)
    .sort(([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : x < y ? -1 : x > y ? 1 : 0))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
}

function canonicalPath(path: string): string {
  try {
    return encode(decodeURIComponent(path), true)
  } catch {
    return path
  }
}

async function signingKey(
  crypto: CryptoPort,
  secret: string,
  date: string,
  region: string,
  service: string,
): Promise<Uint8Array> {
  let key: Uint8Array = utf8(`AWS4${secret}`)
  for (const part of [date, region, service, 'aws4_request']) key = await crypto.hmacSha256(key, utf8(part))
  return key
}

async function signatureOf(
  crypto: CryptoPort,
  key: Uint8Array,
  request: SignedRequest,
  names: readonly string[],
  payload: string,
  date: string,
  scope: string,
): Promise<string> {
  const headers = names
    .map((name) => `${name}:${(request.headers.get(name) ?? '').trim().replace(/ +/g, ' ')}\n`)
    .join('')
  const canonical = [
    request.method,
    canonicalPath(request.path),
    canonicalQuery(request.query),
    headers,
    names.join(';'),
    payload,
  ].join('\n')
  const text = [ALGORITHM, date, scope, toHex(await crypto.sha256(latin1(canonical)))].join('\n')
  return toHex(await crypto.hmacSha256(key, utf8(text)))
}

/** Milliseconds since 1970 of `20260801T120000Z`, or NaN. */
function parseDate(text: string): number {
  const m = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text)
  if (m === null) return Number.NaN
  const [year, month, day, hour, minute, second] = m.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  // Days since 1970 by the civil-calendar formula: library code asks no clock and needs no Date.
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  const days =
    era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
  return (((days * 24 + hour) * 60 + minute) * 60 + second) * 1000
}

/** Checks the signature of a request, in the header or in the query (presigned). `secretOf` gives the secret of an access key. */
export async function checkSignature(
  crypto: CryptoPort,
  request: SignedRequest,
  secretOf: (accessKey: string) => string | undefined,
  nowMs: number,
): Promise<SignatureCheck> {
  const presigned = request.query.get('X-Amz-Signature') !== null
  const authorization = request.headers.get('authorization')
  if (!presigned && authorization === null && !request.query.has('Signature')) return { status: 'anonymous' }
  // Version 2 signs with SHA-1, and neither the body nor most headers.
  if (/^AWS /.test(authorization ?? '') || (!presigned && request.query.has('Signature')))
    return { status: 'invalid', reason: 'InvalidRequest' }
  const fields = presigned ? presignedFields(request.query) : headerFields(authorization!, request.headers)
  if (fields === undefined) return { status: 'invalid', reason: 'AuthorizationHeaderMalformed' }
  const { credential, names, signature, date, expiresS } = fields
  const [accessKey, day, region, service, end] = credential.split('/')
  if (accessKey === undefined || service !== 's3' || end !== 'aws4_request' || !date.startsWith(day ?? '?'))
    return { status: 'invalid', reason: 'AuthorizationHeaderMalformed' }
  const age = nowMs - parseDate(date)
  if (Number.isNaN(age) || age < -MAX_SKEW_MS || (!presigned && age > MAX_SKEW_MS))
    return { status: 'invalid', reason: 'RequestTimeTooSkewed' }
  if (presigned && !(expiresS > 0 && expiresS <= MAX_EXPIRES_S && age <= expiresS * 1000))
    return { status: 'invalid', reason: 'AccessDenied' }
  // Without the host among the signed headers, a signature would hold for any server.
  if (!names.includes('host')) return { status: 'invalid', reason: 'AccessDenied' }
  // Who holds a presigned URL for one upload could make a copy of another object of it, or open it to all.
  const unsigned = [...request.headers.keys()].find(
    (name) => name.startsWith('x-amz-') && !BOUND.includes(name) && !names.includes(name),
  )
  if (unsigned !== undefined) return { status: 'invalid', reason: 'AccessDenied', detail: `${unsigned} is not signed` }
  const secret = secretOf(accessKey)
  if (secret === undefined) return { status: 'invalid', reason: 'InvalidAccessKeyId' }
  const payload = presigned
    ? (request.headers.get('x-amz-content-sha256') ?? UNSIGNED)
    : (request.headers.get('x-amz-content-sha256') ?? '')
  const key = await signingKey(crypto, secret, day!, region!, service)
  const scope = `${day}/${region}/${service}/aws4_request`
  const expected = await signatureOf(
    crypto,
    key,
    request,
    names,
    presigned && !names.includes('x-amz-content-sha256') ? UNSIGNED : payload,
    date,
    scope,
  )
  if (!sameText(expected, signature)) return { status: 'invalid', reason: 'SignatureDoesNotMatch' }
  return { status: 'valid', accessKey, payload, seed: { key, scope, date, signature } }
}

/** What the signature of a form's policy is worth. */
export type PolicyCheck =
  | { readonly status: 'valid'; readonly accessKey: string }
  | {
      readonly status: 'invalid'
      readonly reason: 'InvalidArgument' | 'InvalidRequest' | 'InvalidAccessKeyId' | 'SignatureDoesNotMatch'
    }

/**
 * Checks the signature of the policy of a form. `field` gives a field by its name in small letters. The policy's own end says how long it holds.
 * Version 2 is not taken.
 */
export async function checkPolicySignature(
  crypto: CryptoPort,
  policy: string,
  field: (name: string) => string | undefined,
  secretOf: (accessKey: string) => string | undefined,
): Promise<PolicyCheck> {
  if (field('signature') !== undefined) return { status: 'invalid', reason: 'InvalidRequest' }
  const signature = field('x-amz-signature')
  if (signature === undefined) return { status: 'invalid', reason: 'InvalidArgument' }
  const [accessKey, day, region, service, end] = field('x-amz-credential')?.split('/') ?? []
  const known = field('x-amz-algorithm') === ALGORITHM && service === 's3' && end === 'aws4_request'
  if (accessKey === undefined || !known || !field('x-amz-date')?.startsWith(day ?? '?'))
    return { status: 'invalid', reason: 'InvalidArgument' }
  const secret = secretOf(accessKey)
  if (secret === undefined) return { status: 'invalid', reason: 'InvalidAccessKeyId' }
  const key = await signingKey(crypto, secret, day!, region!, service!)
  const expected = toHex(await crypto.hmacSha256(key, utf8(policy)))
  return sameText(expected, signature)
    ? { status: 'valid', accessKey }
    : { status: 'invalid', reason: 'SignatureDoesNotMatch' }
}

interface Fields {
  readonly credential: string
  readonly names: readonly string[]
  readonly signature: string
  readonly date: string
  readonly expiresS: number
}

/** A date as it is signed, `20260801T120000Z`: some clients send it in the form of HTTP or of mail (boto3). */
function basicDate(text: string): string | undefined {
  if (/^\d{8}T\d{6}Z$/.test(text)) return text
  if (!/^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d (?:GMT|[+-]\d{4})$/.test(text)) return undefined
  const ms = parseTime(text)
  return Number.isNaN(ms) ? undefined : formatTime(ms).replace(/[-:]|\.\d+/g, '')
}

function headerFields(authorization: string, headers: Headers): Fields | undefined {
  const match = /^AWS4-HMAC-SHA256 +Credential=([^,]+), *SignedHeaders=([^,]+), *Signature=([0-9a-f]{64})$/.exec(
    authorization,
  )
  const date = basicDate(headers.get('x-amz-date') ?? headers.get('date') ?? '')
  if (match === null || date === undefined) return undefined
  return { credential: match[1]!, names: match[2]!.split(';'), signature: match[3]!, date, expiresS: 0 }
}

function presignedFields(query: URLSearchParams): Fields | undefined {
  const get = (name: string) => query.get(`X-Amz-${name}`) ?? ''
  if (get('Algorithm') !== ALGORITHM) return undefined
  return {
    credential: get('Credential'),
    names: get('SignedHeaders').split(';'),
    signature: get('Signature'),
    date: get('Date'),
    expiresS: Number(get('Expires')),
  }
}

/** Compares in constant time: how much of a signature was right must not show. */
export function sameText(a: string, b: string): boolean {
  let difference = a.length ^ b.length
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i)
  return difference === 0
}

/** Signature of the next chunk of a signed chunked body. */
export async function chunkSignature(
  crypto: CryptoPort,
  seed: ChunkSeed,
  previous: string,
  chunk: Uint8Array,
): Promise<string> {
  const empty = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
  const text = [`${ALGORITHM}-PAYLOAD`, seed.date, seed.scope, previous, empty, toHex(await crypto.sha256(chunk))].join(
    '\n',
  )
  return toHex(await crypto.hmacSha256(seed.key, utf8(text)))
}

/** Credentials of a client. */
export interface Credentials {
  readonly accessKey: string
  readonly secretKey: string
  readonly region: string
}

/** Headers that sign a request; `date` as `20260801T120000Z`. */
export async function signRequest(
  crypto: CryptoPort,
  request: SignedRequest,
  credentials: Credentials,
  body: Uint8Array,
  date: string,
): Promise<Headers> {
  const headers = new Headers(request.headers)
  const payload = toHex(await crypto.sha256(body))
  headers.set('x-amz-date', date)
  headers.set('x-amz-content-sha256', payload)
  const names = [...headers.keys()].sort()
  const day = date.slice(0, 8)
  const key = await signingKey(crypto, credentials.secretKey, day, credentials.region, 's3')
  const scope = `${day}/${credentials.region}/s3/aws4_request`
  const signature = await signatureOf(crypto, key, { ...request, headers }, names, payload, date, scope)
  headers.set(
    'authorization',
    `${ALGORITHM} Credential=${credentials.accessKey}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`,
  )
  headers.delete('host')
  return headers
}
