// Runs in a page: the downloader over memory and over a real WebRTC data channel, and the cache in the browser's own store.
import { openCacheStorageStore, rtcChannel } from '../../src/browser/index.ts'
import {
  channelSource,
  describe,
  downloadStream,
  openStoredCache,
  type Source,
  serveChannel,
  webHasher,
} from '../../src/index.ts'

function check(condition: boolean, what: string): void {
  if (!condition) throw new Error(`not so: ${what}`)
}
const same = (a: Uint8Array, b: Uint8Array) => a.length === b.length && a.every((byte, i) => byte === b[i])

async function connectedPair(): Promise<[RTCDataChannel, RTCDataChannel]> {
  const a = new RTCPeerConnection()
  const b = new RTCPeerConnection()
  a.addEventListener('icecandidate', ({ candidate }) => candidate && void b.addIceCandidate(candidate))
  b.addEventListener('icecandidate', ({ candidate }) => candidate && void a.addIceCandidate(candidate))
  const mine = a.createDataChannel('zcdn')
  const theirs = new Promise<RTCDataChannel>((resolve) =>
    b.addEventListener('datachannel', ({ channel }) => resolve(channel)),
  )
  await a.setLocalDescription(await a.createOffer())
  await b.setRemoteDescription(a.localDescription!)
  await b.setLocalDescription(await b.createAnswer())
  await a.setRemoteDescription(b.localDescription!)
  await new Promise<void>((resolve) =>
    mine.readyState === 'open' ? resolve() : mine.addEventListener('open', () => resolve()),
  )
  return [mine, await theirs]
}

export async function run(): Promise<void> {
  const content = new Uint8Array(3_000_000)
  for (let at = 0; at < content.length; at += 65_536)
    crypto.getRandomValues(content.subarray(at, Math.min(content.length, at + 65_536)))
  const { map, nodes } = await describe([content], { hasher: webHasher })

  const [mine, theirs] = await connectedPair()
  serveChannel(rtcChannel(theirs), {
    read: async (_, start, end) => content.subarray(start, end),
    block: async (cid) => nodes.find((node) => node.cid.equals(cid))?.bytes,
  })
  const liar: Source = {
    id: 'liar',
    async *read({ start, end }) {
      yield new Uint8Array(end - start)
    },
  }
  const { stream, finished } = downloadStream({
    content: map.root,
    sources: [channelSource('peer', rtcChannel(mine)), liar],
    hasher: webHasher,
    windowBytes: 500_000,
  })
  const got = new Uint8Array(await new Response(stream).arrayBuffer())
  check(same(got, content), 'the bytes over WebRTC are the object')
  const report = await finished
  check(report.sources.find(({ id }) => id === 'liar')?.dropped === 'lied', 'the liar is dropped')

  if (typeof caches === 'undefined') return
  const place = `test-${Math.random()}`
  try {
    const cache = await openStoredCache({ store: await openCacheStorageStore(place), capacityBytes: 100_000 })
    for (let i = 0; i < 10; i++) await cache.set(`k${i}`, content.subarray(i * 20_000, (i + 1) * 20_000))
    await cache.save()
    const again = await openStoredCache({ store: await openCacheStorageStore(place), capacityBytes: 100_000 })
    check(again.stats().bytes === 100_000, 'the cache in Cache Storage is full and within its bound')
    for (const key of again.keys()) {
      const i = Number(key.slice(1))
      check(same((await again.get(key))!, content.subarray(i * 20_000, (i + 1) * 20_000)), `${key} is what was put`)
    }
  } finally {
    await caches.delete(place)
  }
}
