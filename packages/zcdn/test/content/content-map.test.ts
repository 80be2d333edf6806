import { describe, expect, it } from 'vitest'
import { describe as describeContent, readContentMap } from '../../src/content/content-map.ts'
import { BLAKE2B_256, BLAKE3, isBlock, portableHasher, SHA2_256, webHasher } from '../../src/content/hasher.ts'
import { decodeFileNode } from '../../src/content/unixfs.ts'
import { isCdnError } from '../../src/errors.ts'
import { nodeHasher } from '../../src/node/native-hasher.ts'
import { seeded } from '../seeded.ts'

describe('content maps', () => {
  it('survive the way through their nodes, over two levels', async () => {
    const content = new Uint8Array(3000).map((_, i) => i * 7)
    const { map, nodes } = await describeContent([content.subarray(0, 1234), content.subarray(1234)], { leafBytes: 2 })
    expect(nodes.length).toBe(3)
    const blocks = new Map(nodes.map(({ cid, bytes }) => [cid.toString(), bytes]))
    const read = await readContentMap(map.root, async (cid) => blocks.get(cid.toString())!)
    expect(read.size).toBe(3000)
    expect(read.leaves.map(String)).toEqual(map.leaves.map(String))
    expect(read.starts).toEqual(map.starts)
  })
  // From `ipfs add --cid-version=1 --raw-leaves`: the empty file and "hello world", known to every IPFS implementation.
  it('name one leaf as IPFS does', async () => {
    const cidOf = async (text: string) => (await describeContent([new TextEncoder().encode(text)])).map.root.toString()
    expect(await cidOf('')).toBe('bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku')
    expect(await cidOf('hello world')).toBe('bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e')
  })
  it('damaged nodes are refused with CDN_BAD_BLOCK, never otherwise', async () => {
    const { nodes } = await describeContent([new Uint8Array(100)], { leafBytes: 10 })
    const random = seeded(5)
    for (let i = 0; i < 2000; i++) {
      const bytes = nodes[0]!.bytes.slice(0, 1 + Math.floor(random() * nodes[0]!.bytes.length))
      bytes[Math.floor(random() * bytes.length)] = random() * 256
      try {
        decodeFileNode(bytes)
      } catch (error) {
        expect(isCdnError(error, 'CDN_BAD_BLOCK'), String(error)).toBe(true)
      }
    }
  })
  it('all hashers agree, and unknown ones are refused', async () => {
    const bytes = new Uint8Array([1, 2, 3])
    for (const code of [SHA2_256, BLAKE2B_256, BLAKE3]) {
      const portable = await portableHasher(code, bytes)
      expect(new Uint8Array(await nodeHasher(code, bytes))).toEqual(portable)
      expect(new Uint8Array(await webHasher(code, bytes))).toEqual(portable)
    }
    expect(() => portableHasher(0x99, bytes)).toThrow('0x99')
    const { map } = await describeContent([bytes], { hashCode: BLAKE3 })
    expect(await isBlock(map.root, bytes, portableHasher)).toBe(true)
    expect(await isBlock(map.root, new Uint8Array(3), portableHasher)).toBe(false)
  })
})
