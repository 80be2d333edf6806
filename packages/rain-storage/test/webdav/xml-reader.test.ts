import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DavFailure } from '../../src/webdav/failure.ts'
import { readXml, type XmlElement } from '../../src/webdav/xml-reader.ts'

const read = (text: string) => readXml(new TextEncoder().encode(text))
const statusOf = (bytes: Uint8Array | string): number => {
  try {
    readXml(typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes)
    return 200
  } catch (error) {
    if (error instanceof DavFailure) return error.status
    throw error
  }
}
const plain = ({ space, local, text, children }: XmlElement): unknown => [space, local, text, children.map(plain)]

describe('the reader of XML', () => {
  it('reads elements in their name spaces, with references, literal sections, comments and instructions', () => {
    const root = read(
      `<?xml version="1.0" encoding="utf-8"?><!-- c --><?p i?>
       <a:r xmlns:a="urn:a" xmlns="urn:b" x="1" a:x='2'><b>x &lt;&#65;&#x1F600;<![CDATA[<&]]></b><c xmlns=""/><!-- - --></a:r> `,
    )
    expect(plain(root)).toEqual([
      'urn:a',
      'r',
      '',
      [
        ['urn:b', 'b', 'x <A😀<&', []],
        ['', 'c', '', []],
      ],
    ])
  })

  it('reads UTF-16 with its mark', () => {
    const text = '\ufeff<?xml version="1.0" encoding="UTF-16"?><a>ö</a>'
    for (const little of [true, false]) {
      const bytes = new Uint8Array(2 * text.length)
      const view = new DataView(bytes.buffer)
      for (let i = 0; i < text.length; i++) view.setUint16(2 * i, text.charCodeAt(i), little)
      expect(readXml(bytes).text).toBe('ö')
    }
  })

  it('gives an element with the declarations and the language that it had from around it', () => {
    const root = read(
      '<r xmlns="urn:d" xmlns:p="urn:p" xml:lang="de"><p:a q="1"><b/></p:a><c xmlns="" xml:lang="fr"/></r>',
    )
    const [a, c] = root.children
    expect(a!.source()).toBe('<p:a xmlns="urn:d" xmlns:p="urn:p" xml:lang="de" q="1"><b/></p:a>')
    expect(plain(read(`<x>${a!.source()}</x>`).children[0]!)).toEqual(plain(a!))
    expect(c!.source()).toBe('<c xmlns:p="urn:p" xmlns="" xml:lang="fr"/>')
  })

  it.each([
    ['nothing', ''],
    ['text only', 'text'],
    ['text before the root', 'x<a/>'],
    ['text after the root', '<a/>x'],
    ['two roots', '<a/><b/>'],
    ['no end', '<a><b></b>'],
    ['ends that do not match', '<a><b></a></b>'],
    ['a prefix that is not declared', '<p:a/>'],
    ['an attribute whose prefix is not declared', '<a p:x="1"/>'],
    ['a prefix without name space', '<a xmlns:p=""/>'],
    ['a reserved prefix', '<a xmlns:xmlns="urn:x"/>'],
    ['another meaning for xml', '<a xmlns:xml="urn:x"/>'],
    ['an attribute twice', '<a x="1" x="2"/>'],
    ['an attribute twice by name space', '<a xmlns:p="u" xmlns:q="u" p:x="1" q:x="2"/>'],
    ['a declaration twice', '<a xmlns:p="u" xmlns:p="v"/>'],
    ['an attribute without quotes', '<a x=1/>'],
    ['a less-than sign in an attribute', '<a x="<"/>'],
    ['an entity', '<a>&nbsp;</a>'],
    ['an ampersand', '<a>a & b</a>'],
    ['a reference to no character', '<a>&#0;</a>'],
    ['a reference to half a character', '<a>&#xD800;</a>'],
    ['a reference above all characters', '<a>&#x110000;</a>'],
    ['a control character', '<a>\u0001</a>'],
    ['the end of a literal section in text', '<a>]]></a>'],
    ['two hyphens in a comment', '<a><!-- -- --></a>'],
    ['a second declaration', '<?xml version="1.0"?><?xml version="1.0"?><a/>'],
    ['a name that begins with a digit', '<1a/>'],
    ['too many elements within elements', '<a>'.repeat(70) + '</a>'.repeat(70)],
    ['too many prefixes', `<a ${Array.from({ length: 100 }, (_, i) => `xmlns:p${i}="u"`).join(' ')}/>`],
    ['bytes that are not UTF-8', Uint8Array.of(60, 97, 62, 0xff, 60, 47, 97, 62)],
  ])('refuses %s', (_, document) => {
    expect(statusOf(document)).toBe(400)
  })

  it('refuses document types, and with them entities', () => {
    const bomb = '<!DOCTYPE a [<!ENTITY x "xx"><!ENTITY y "&x;&x;">]><a>&y;</a>'
    expect(statusOf(bomb)).toBe(403)
    expect(statusOf(`<?xml version="1.0"?><!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>`)).toBe(403)
    expect(statusOf('<a><!DOCTYPE b></a>')).toBe(403)
  })

  it('refuses other encodings', () => {
    expect(statusOf('<?xml version="1.0" encoding="iso-8859-1"?><a/>')).toBe(415)
  })

  it('ends for any text, with an element or a refusal', () => {
    const piece = fc.constantFrom(
      '<a>',
      '</a>',
      '<b x="1"/>',
      '<!--',
      '-->',
      '<![CDATA[',
      ']]>',
      '&#65;',
      '&',
      '<?',
      '?>',
      'x',
      '"',
      ' ',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        expect([200, 400, 403, 415]).toContain(statusOf(pieces.join('')))
      }),
      { numRuns: 2000 },
    )
  })

  it('takes long documents in short time', () => {
    for (const document of [
      `<a>${'<b/>'.repeat(60_000)}</a>`,
      `<a>${'x'.repeat(250_000)}`,
      `<a><!--${'-x'.repeat(120_000)}`,
      `<a><![CDATA[${']'.repeat(250_000)}`,
      `<a ${'x '.repeat(120_000)}`,
      `<a>${'&'.repeat(250_000)}</a>`,
      '<'.repeat(250_000),
    ]) {
      const start = performance.now()
      statusOf(document)
      expect(performance.now() - start).toBeLessThan(3000)
    }
  })
})
