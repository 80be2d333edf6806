import { describe, expect, it } from 'vitest'
import { corsDocument, corsHeaders, parseCors } from '../../src/s3/cors.ts'
import { xmlDocument } from '../../src/s3/xml.ts'

const rule = (inner: string) => `<CORSConfiguration><CORSRule>${inner}</CORSRule></CORSConfiguration>`
const origin = (text: string) => `<AllowedOrigin>${text}</AllowedOrigin><AllowedMethod>GET</AllowedMethod>`

describe('cross-origin rules', () => {
  it('come back as they were given', () => {
    const rules = parseCors(
      rule(
        `${origin('https://*.example')}<AllowedMethod>PUT</AllowedMethod><AllowedHeader>x-amz-meta-*</AllowedHeader><ExposeHeader>ETag</ExposeHeader><MaxAgeSeconds>60</MaxAgeSeconds>`,
      ),
    )
    expect(rules).toEqual([
      {
        origins: ['https://*.example'],
        methods: ['GET', 'PUT'],
        headers: ['x-amz-meta-*'],
        exposed: ['ETag'],
        maxAgeS: 60,
      },
    ])
    expect(parseCors(xmlDocument('CORSConfiguration', corsDocument(rules)))).toEqual(rules)
  })

  it('take one asterisk for any text', () => {
    const allowed = (pattern: string, from: string) => corsHeaders(parseCors(rule(origin(pattern))), from, 'GET')
    expect(allowed('https://*.example', 'https://a.example')).toMatchObject({
      'access-control-allow-origin': 'https://a.example',
      vary: 'Origin',
    })
    expect(allowed('*', 'https://a.example')).toMatchObject({ 'access-control-allow-origin': '*' })
    expect(allowed('aXa*aXa', 'aXa')).toBeUndefined() // head and tail do not overlap
    expect(allowed('https://*.example', 'https://a.example.org')).toBeUndefined()
    expect(allowed('https://a.example', 'https://a.exampleX')).toBeUndefined()
  })

  it('answer a preflight only when all headers are allowed, in any case', () => {
    const rules = parseCors(
      rule(`${origin('*')}<AllowedHeader>X-Amz-*</AllowedHeader><MaxAgeSeconds>5</MaxAgeSeconds>`),
    )
    expect(corsHeaders(rules, 'https://a', 'GET', ['x-amz-date', 'X-AMZ-ACL'])).toMatchObject({
      'access-control-allow-headers': 'x-amz-date, X-AMZ-ACL',
      'access-control-max-age': '5',
    })
    expect(corsHeaders(rules, 'https://a', 'GET', ['x-amz-date', 'authorization'])).toBeUndefined()
    expect(corsHeaders(rules, 'https://a', 'PUT', [])).toBeUndefined()
  })

  it.each([
    ['no rule', '<CORSConfiguration/>', 'MalformedXML'],
    ['no origin', rule('<AllowedMethod>GET</AllowedMethod>'), 'MalformedXML'],
    [
      'an unknown method',
      rule('<AllowedOrigin>*</AllowedOrigin><AllowedMethod>TRACE</AllowedMethod>'),
      'InvalidRequest',
    ],
    ['two asterisks', rule(origin('*.*')), 'InvalidRequest'],
    ['an age that is no number', rule(`${origin('*')}<MaxAgeSeconds>x</MaxAgeSeconds>`), 'MalformedXML'],
    [
      'too many rules',
      rule(origin('*')).replace(/<CORSRule>.*<\/CORSRule>/, (text) => text.repeat(101)),
      'MalformedXML',
    ],
  ])('are refused with %s', (_, document, code) => {
    expect(() => parseCors(document)).toThrowError(expect.objectContaining({ code }))
  })
})
