/** The XML of answers: properties, multistatus (RFC 4918 §14) and preconditions. */
import { streamOf } from '../gateway/http.ts'
import { escapeXml } from '../s3/xml.ts'
import type { DavFailure, MembersFailure } from './failure.ts'
import type { XmlName } from './xml-reader.ts'

const HEAD = '<?xml version="1.0" encoding="utf-8"?>\n'
const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  403: 'Forbidden',
  404: 'Not Found',
  409: 'Conflict',
  423: 'Locked',
  424: 'Failed Dependency',
  507: 'Insufficient Storage',
}

/** Properties with one status. */
export interface PropertyGroup {
  readonly status: number
  /** elements, written out */
  readonly properties: readonly string[]
  readonly precondition?: string
}

/** An element of a property; `inner` is XML. */
export function propertyElement({ space, local }: XmlName, inner = ''): string {
  const [name, declared] =
    space === 'DAV:'
      ? [`D:${local}`, '']
      : space === ''
        ? [local, '']
        : [`P:${local}`, ` xmlns:P="${escapeXml(space)}"`]
  return inner === '' ? `<${name}${declared}/>` : `<${name}${declared}>${inner}</${name}>`
}

/** An href. */
export function hrefElement(href: string): string {
  return `<D:href>${escapeXml(href)}</D:href>`
}

function statusElement(status: number): string {
  return `<D:status>HTTP/1.1 ${status} ${REASONS[status] ?? ''}</D:status>`
}

/** The answer about the properties of one resource. Groups without properties are left out. */
export function propertyResponse(href: string, groups: readonly PropertyGroup[]): string {
  const full = groups.filter(({ properties }) => properties.length > 0)
  // an answer has one group at least
  const shown = full.length > 0 ? full : [{ status: 200, properties: [] }]
  const text = shown.map(
    ({ status, properties, precondition }: PropertyGroup) =>
      `<D:propstat><D:prop>${properties.join('')}</D:prop>${statusElement(status)}${errorElement(precondition)}</D:propstat>`,
  )
  return `<D:response>${hrefElement(href)}${text.join('')}</D:response>\n`
}

function errorElement(precondition: string | undefined, hrefs: readonly string[] = []): string {
  if (precondition === undefined) return ''
  const inner = hrefs.map(hrefElement).join('')
  return `<D:error>${inner === '' ? `<D:${precondition}/>` : `<D:${precondition}>${inner}</D:${precondition}>`}</D:error>`
}

/** A document of property elements, as LOCK answers. */
export function propDocument(properties: string): string {
  return `${HEAD}<D:prop xmlns:D="DAV:">${properties}</D:prop>`
}

/** Headers of an answer in XML. */
export const XML_HEADERS = { 'content-type': 'application/xml; charset=utf-8' }

/** A multistatus answer as a stream: no listing is held in memory. */
export function multistatus(responses: AsyncIterable<string>): Response {
  const bytes = async function* () {
    const encoder = new TextEncoder()
    yield encoder.encode(`${HEAD}<D:multistatus xmlns:D="DAV:">\n`)
    for await (const response of responses) yield encoder.encode(response)
    yield encoder.encode('</D:multistatus>\n')
  }
  return new Response(streamOf(bytes()), { status: 207, headers: XML_HEADERS })
}

/** The answer for members that were in the way. */
export function membersAnswer(failure: MembersFailure): Response {
  const responses = failure.members.map(
    ({ href, status }) =>
      `<D:response>${hrefElement(href)}${statusElement(status)}${errorElement(failure.precondition, [href])}</D:response>\n`,
  )
  const document = `${HEAD}<D:multistatus xmlns:D="DAV:">\n${responses.join('')}</D:multistatus>\n`
  return new Response(document, { status: 207, headers: XML_HEADERS })
}

/** The answer for a failure: XML with the precondition when there is one, else text. */
export function failureAnswer(failure: DavFailure): Response {
  const { status, message, precondition, hrefs } = failure
  if (precondition === undefined)
    return new Response(`${message}\n`, { status, headers: { 'content-type': 'text/plain; charset=utf-8' } })
  const error = errorElement(precondition, hrefs).replace('<D:error>', '<D:error xmlns:D="DAV:">')
  return new Response(`${HEAD}${error}`, { status, headers: XML_HEADERS })
}
