/** Cross-origin rules of a bucket: reading and writing the document, and which headers an answer gets (Fetch standard §3.2). */
import { S3Failure } from './failure.ts'
import { elementsOf, unescapeXml, type XmlValue } from './xml.ts'

/** One rule. */
export interface CorsRule {
  readonly origins: readonly string[]
  readonly methods: readonly string[]
  readonly headers: readonly string[]
  readonly exposed: readonly string[]
  readonly maxAgeS?: number
}

/** Most rules of a bucket, as at AWS. */
const MAX_RULES = 100
const METHODS = ['GET', 'PUT', 'POST', 'DELETE', 'HEAD']

/** The rules of a `CORSConfiguration`. @throws S3Failure `MalformedXML`, `InvalidRequest` */
export function parseCors(document: string): CorsRule[] {
  const rules = elementsOf(document, 'CORSRule').map((rule): CorsRule => {
    const all = (name: string) => elementsOf(rule, name).map(unescapeXml)
    const [maxAge] = all('MaxAgeSeconds')
    const parsed = {
      origins: all('AllowedOrigin'),
      methods: all('AllowedMethod'),
      headers: all('AllowedHeader'),
      exposed: all('ExposeHeader'),
    }
    if (parsed.origins.length === 0 || parsed.methods.length === 0)
      throw new S3Failure('MalformedXML', 'A rule has an origin and a method')
    if (!parsed.methods.every((method) => METHODS.includes(method)))
      throw new S3Failure('InvalidRequest', `Methods are ${METHODS.join(', ')}`)
    if ([...parsed.origins, ...parsed.headers].some((text) => text.split('*').length > 2))
      throw new S3Failure('InvalidRequest', 'An origin or a header has one asterisk at most')
    if (maxAge !== undefined && !/^\d{1,9}$/.test(maxAge)) throw new S3Failure('MalformedXML', 'An age is in seconds')
    return maxAge === undefined ? parsed : { ...parsed, maxAgeS: Number(maxAge) }
  })
  if (rules.length === 0 || rules.length > MAX_RULES) throw new S3Failure('MalformedXML', `One to ${MAX_RULES} rules`)
  return rules
}

/** The rules as children of `CORSConfiguration`. */
export function corsDocument(rules: readonly CorsRule[]): XmlValue {
  return {
    CORSRule: rules.map(({ origins, methods, headers, exposed, maxAgeS }) => ({
      AllowedOrigin: origins,
      AllowedMethod: methods,
      AllowedHeader: headers,
      ExposeHeader: exposed,
      MaxAgeSeconds: maxAgeS,
    })),
  }
}

/** One asterisk stands for any text. */
function fits(pattern: string, text: string): boolean {
  const star = pattern.indexOf('*')
  if (star < 0) return pattern === text
  const tail = pattern.slice(star + 1)
  return text.length >= star + tail.length && text.startsWith(pattern.slice(0, star)) && text.endsWith(tail)
}

/**
 * The headers that let a page of `origin` use an answer to `method`, or `undefined` when no rule does.
 * `asked` are the headers of a preflight; without them the answer is to the request itself.
 */
export function corsHeaders(
  rules: readonly CorsRule[],
  origin: string,
  method: string,
  asked?: readonly string[],
): Record<string, string> | undefined {
  const rule = rules.find(
    ({ origins, methods, headers }) =>
      methods.includes(method) &&
      origins.some((pattern) => fits(pattern, origin)) &&
      (asked ?? []).every((name) => headers.some((pattern) => fits(pattern.toLowerCase(), name.toLowerCase()))),
  )
  if (rule === undefined) return undefined
  const any = rule.origins.includes('*')
  const answer: Record<string, string> = {
    'access-control-allow-origin': any ? '*' : origin,
    'access-control-allow-methods': rule.methods.join(', '),
  }
  if (!any) answer.vary = 'Origin'
  if (rule.exposed.length > 0) answer['access-control-expose-headers'] = rule.exposed.join(', ')
  if (asked !== undefined && asked.length > 0) answer['access-control-allow-headers'] = asked.join(', ')
  if (asked !== undefined && rule.maxAgeS !== undefined) answer['access-control-max-age'] = String(rule.maxAgeS)
  return answer
}
