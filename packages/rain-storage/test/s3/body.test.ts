/** Bodies and documents that anybody may send: they cost what they are long. */
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { defaultCrypto } from '../../src/crypto/default.ts'
import { decodeBody } from '../../src/s3/body.ts'
import { elementsOf, textOf } from '../../src/s3/xml.ts'
import { alice, createGateway } from './gateway-client.ts'

describe('a document', () => {
  it('has the elements that it should have', () => {
    const document =
      '<a:Delete><Object><Key>x</Key></Object>\n<Objects/><s:Object id="1"><Key>y&amp;</Key></s:Object></a:Delete>'
    expect(elementsOf(document, 'Object')).toEqual(['<Key>x</Key>', '<Key>y&amp;</Key>'])
    expect(textOf(document, 'Key')).toBe('x')
    expect(elementsOf(document, 'Delete')).toHaveLength(1)
    expect(elementsOf('<Object/><Object>', 'Object')).toEqual([])
    expect(elementsOf('<Object></Object><Object>', 'Object')).toEqual([''])
  })

  it('whose elements do not end is refused at once, also of who may do nothing', async () => {
    const { ask } = createGateway()
    await ask(alice)('PUT', '/box')
    for (const text of ['<Object>', '<Object ', '<Object><Key>']) {
      const { code } = await ask(undefined)(
        'POST',
        '/box?delete',
        text.repeat(Math.floor((2 * 1024 * 1024) / text.length)),
      )
      expect(code).toBe('MalformedXML')
    }
  })
})

it('a chunk may come byte by byte', async () => {
  const size = 2 * 1024 * 1024
  const body = Buffer.concat([
    Buffer.from(`${size.toString(16)}\r\n`),
    Buffer.alloc(size, 7),
    Buffer.from('\r\n0\r\n\r\n'),
  ])
  async function* bytes() {
    for (let at = 0; at < body.length; at++) yield body.subarray(at, at + 1)
  }
  const sha256 = () => createHash('sha256')
  let length = 0
  for await (const part of decodeBody(
    bytes(),
    'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
    undefined,
    defaultCrypto(),
    sha256,
  ))
    length += part.length
  expect(length).toBe(size)
})
