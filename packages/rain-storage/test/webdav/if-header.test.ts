import { describe, expect, it } from 'vitest'
import { parseIf, submittedTokens } from '../../src/webdav/if-header.ts'

const token = (value: string, not = false) => ({ not, kind: 'token', value })
const etag = (value: string, not = false) => ({ not, kind: 'etag', value })

describe('the If header', () => {
  it('has lists without tags', () => {
    expect(parseIf('(<urn:a> ["tag with ]) and <"]) (Not <urn:b>not["x"][W/"y"])')).toEqual([
      { tag: undefined, conditions: [token('urn:a'), etag('"tag with ]) and <"')] },
      { tag: undefined, conditions: [token('urn:b', true), etag('"x"', true), etag('W/"y"')] },
    ])
  })

  it('has lists with tags, several a tag', () => {
    const lists = parseIf('<http://h/a> (<urn:a>)(["x"]) </b> (Not <DAV:no-lock>)')
    expect(lists).toEqual([
      { tag: 'http://h/a', conditions: [token('urn:a')] },
      { tag: 'http://h/a', conditions: [etag('"x"')] },
      { tag: '/b', conditions: [token('DAV:no-lock', true)] },
    ])
    expect([...submittedTokens(lists)]).toEqual(['urn:a', 'DAV:no-lock'])
  })

  it('is empty where there is none', () => {
    expect(parseIf(null)).toEqual([])
  })

  it.each([
    '',
    '()',
    '(',
    '(<urn:a>',
    '<urn:a>',
    '(<urn:a>) <http://h/a> (<urn:a>)',
    '<a> <b> (<c>)',
    'x',
    '(["x)',
    '(Not)',
    `(${' '.repeat(9000)}<a>)`,
  ])('refuses %j', (header) => {
    expect(() => parseIf(header)).toThrow(expect.objectContaining({ status: 400 }))
  })
})
