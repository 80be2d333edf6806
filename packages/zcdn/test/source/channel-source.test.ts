import { describe, expect, it } from 'vitest'
import { describe as describeContent, readContentMap } from '../../src/content/content-map.ts'
import { downloadTo } from '../../src/download/download.ts'
import { isCdnError } from '../../src/errors.ts'
import { blockSource } from '../../src/source/block-source.ts'
import { type Channel, channelSource, serveChannel } from '../../src/source/channel-source.ts'
import { httpSource } from '../../src/source/http-source.ts'
import { randomContent } from '../sim/content.ts'

function channelPair(): [Channel, Channel, () => void] {
  const receive: ((message: Uint8Array) => void)[] = []
  const closed: (() => void)[] = []
  const end = (mine: number, other: number): Channel => ({
    send: async (message) => {
      await Promise.resolve()
      receive[other]?.(message)
    },
    onMessage: (handler) => (receive[mine] = handler),
    onClose: (handler) => closed.push(handler),
  })
  return [
    end(0, 1),
    end(1, 0),
    () => {
      for (const handler of closed) handler()
    },
  ]
}

describe('sources', () => {
  it('a channel gives ranges and blocks; the map is read through it', async () => {
    const { content } = await randomContent(700_000, 10_000)
    const { map, nodes } = await describeContent([content], { leafBytes: 10_000 })
    const [mine, theirs] = channelPair()
    serveChannel(theirs, {
      read: async (root, start, end) => (root.equals(map.root) ? content.subarray(start, end) : undefined),
      block: async (cid) => nodes.find((node) => node.cid.equals(cid))?.bytes,
    })
    const got = new Uint8Array(content.length)
    await downloadTo({
      content: map.root,
      sources: [channelSource('peer', mine)],
      sink: { write: (at, bytes) => got.set(bytes, at) },
    })
    expect(Buffer.compare(got, content)).toBe(0)
  })
  it('a channel that closes, and a peer without the object, are failures of the source', async () => {
    const { map } = await randomContent(100_000)
    const [mine, theirs, close] = channelPair()
    serveChannel(theirs, { read: async () => undefined, block: async () => undefined })
    const source = channelSource('peer', mine)
    await expect(source.block!(map.root, {})).rejects.toThrow('no such block')
    const silent = channelSource('silent', channelPair()[0])
    const [a, , closeA] = channelPair()
    const waiting = channelSource('a', a).block!(map.root, {}).catch((error) => error)
    await Promise.resolve()
    closeA()
    expect(isCdnError(await waiting, 'CDN_SOURCE_FAILED')).toBe(true)
    const [b, , closeB] = channelPair()
    const late = channelSource('b', b)
    closeB()
    await expect(late.block!(map.root, {})).rejects.toMatchObject({ code: 'CDN_SOURCE_FAILED' })
    const stop = new AbortController()
    const aborted = silent.block!(map.root, { signal: stop.signal }).catch((error) => error.message)
    stop.abort(new Error('enough'))
    expect(await aborted).toBe('enough')
    close()
  })
  it('blocks by CID are a source, and a wrong node is refused with CDN_BAD_BLOCK', async () => {
    const { content, map } = await randomContent(300_000, 50_000)
    const blocks = new Map(
      map.leaves.map((cid, i) => [cid.toString(), content.subarray(map.starts[i]!, map.starts[i + 1]!)]),
    )
    const source = blockSource({ id: 'store', get: async (cid) => blocks.get(cid.toString())! })
    const got = new Uint8Array(content.length)
    await downloadTo({ content: map, sources: [source], sink: { write: (at, bytes) => got.set(bytes, at) } })
    expect(Buffer.compare(got, content)).toBe(0)
    const error = await readContentMap(map.root, async () => new Uint8Array([1, 2])).catch((e) => e)
    expect(isCdnError(error, 'CDN_BAD_BLOCK')).toBe(true)
  })
  it('HTTP answers that are not what was asked for are refused', async () => {
    const { map } = await randomContent(1000)
    const read = async (answer: Response) => {
      const source = httpSource({ url: 'http://x', fetch: async () => answer })
      const request = { root: map.root, start: 10, end: 20, leaves: [] }
      for await (const _ of source.read(request, { signal: new AbortController().signal })) break
    }
    for (const answer of [
      new Response('x', { status: 200 }),
      new Response('x', { status: 404 }),
      new Response('x', { status: 206, headers: { 'content-range': 'bytes 0-9/1000' } }),
    ]) {
      const error = await read(answer).catch((e) => e)
      expect(isCdnError(error, 'CDN_SOURCE_FAILED')).toBe(true)
    }
    expect(() => httpSource({})).toThrow('gateway')
  })
})
