import { CID } from 'multiformats/cid'
import { expect, it } from 'vitest'
import { createKuboStore } from '../../src/blocks/kubo.ts'
import { createMemoryBlockStore } from '../../src/blocks/memory.ts'
import { createS3Store } from '../../src/blocks/s3.ts'
import { blake3Cid, blockCid, codec } from '../../src/content/cid.ts'
import { defaultCrypto } from '../../src/crypto/default.ts'
import { nodeS3Defaults } from '../../src/platform/s3-defaults.ts'
import { createUnixfsContent } from '../../src/s3/object-content.ts'
import { createMemoryIndex } from '../../src/s3/object-index.ts'
import { createS3Gateway } from '../../src/s3/s3-gateway.ts'
import { signRequest } from '../../src/s3/sigv4.ts'
import { blockStoreSuite } from './suite.ts'

const amzDate = () => new Date().toISOString().replace(/[-:]|\.\d{3}/g, '')

/** Our own S3 gateway, which the AWS SDK, rclone and restic have checked, as the service. */
async function s3Service() {
  const blocks = createMemoryBlockStore()
  const handler = createS3Gateway({
    ...nodeS3Defaults,
    content: createUnixfsContent(blocks),
    index: createMemoryIndex(),
    credentials: new Map([['key', 'secret']]),
  })
  const credentials = { accessKey: 'key', secretKey: 'secret', region: 'x' }
  const headers = await signRequest(
    defaultCrypto(),
    { method: 'PUT', path: '/blocks-bucket', query: new URLSearchParams(), headers: new Headers({ host: 's3.test' }) },
    credentials,
    new Uint8Array(0),
    amzDate(),
  )
  expect((await handler(new Request('http://s3.test/blocks-bucket', { method: 'PUT', headers }))).status).toBe(200)
  const make = (secretKey = 'secret', bucket = 'blocks-bucket') =>
    createS3Store({
      endpoint: 'http://s3.test',
      bucket,
      credentials: { ...credentials, secretKey },
      amzDate,
      fetch: (url, init) => handler(new Request(url, init as RequestInit)),
    })
  return { make }
}

/** The part of Kubo's RPC that is used, by its documentation. */
function kuboService() {
  const blocks = new Map<string, { cid: CID; bytes: Uint8Array }>()
  const key = (text: string) => String(CID.createV1(codec.raw, CID.parse(text).multihash))
  const fail = (text: string) =>
    new Response(JSON.stringify({ Message: text, Code: 0, Type: 'error' }), { status: 500 })
  return async (url: string, init: { method: string; body?: unknown }): Promise<Response> => {
    const { pathname, searchParams } = new URL(url)
    if (init.method !== 'POST') return new Response(null, { status: 405 })
    const arg = searchParams.get('arg')
    const found = arg === null ? undefined : blocks.get(key(arg))
    if (pathname === '/api/v0/block/put') {
      const bytes = new Uint8Array(await ((init.body as FormData).get('data') as Blob).arrayBuffer())
      const kind = { raw: 0x55, 'dag-pb': 0x70, 'dag-cbor': 0x71 }[searchParams.get('cid-codec')!]!
      const cid =
        searchParams.get('mhtype') === 'blake3'
          ? blake3Cid(defaultCrypto(), kind, bytes)
          : await blockCid(defaultCrypto(), kind, bytes)
      blocks.set(key(String(cid)), { cid, bytes })
      return Response.json({ Key: String(cid), Size: bytes.length })
    }
    if (pathname === '/api/v0/refs/local')
      return new Response(
        [...blocks.values()].map(({ cid }) => `${JSON.stringify({ Ref: String(cid), Err: '' })}\n`).join(''),
      )
    if (pathname === '/api/v0/block/rm') {
      blocks.delete(key(arg!))
      return Response.json({ Hash: arg })
    }
    if (found === undefined) return fail(`block was not found locally (offline): ipld: could not find ${arg}`)
    return pathname === '/api/v0/block/stat'
      ? Response.json({ Key: arg, Size: found.bytes.length })
      : new Response(found.bytes as Uint8Array<ArrayBuffer>)
  }
}

blockStoreSuite('the S3 block store', async () => {
  const { make } = await s3Service()
  return { store: make(), reopen: async () => make() }
})
blockStoreSuite('the Kubo block store', async () => ({
  store: createKuboStore({ endpoint: 'http://kubo.test', fetch: kuboService() as never }),
  namesBlocks: true,
}))

it('remote stores say what failed', async () => {
  const bytes = Uint8Array.of(1, 2)
  const cid = await blockCid(defaultCrypto(), codec.raw, bytes)
  const { make } = await s3Service()
  await expect(make('wrong').put(cid, bytes)).rejects.toMatchObject({ code: 'STORAGE_FORBIDDEN' })
  await expect(make('secret', 'no-bucket').put(cid, bytes)).rejects.toMatchObject({ code: 'STORAGE_NOT_FOUND' })
  const dead = { fetch: () => Promise.reject(new TypeError('fetch failed')) }
  await expect(createKuboStore({ endpoint: 'http://x', ...dead }).get(cid)).rejects.toMatchObject({
    code: 'STORAGE_UNAVAILABLE',
  })
  const lying = createKuboStore({ endpoint: 'http://x', fetch: async () => new Response('other bytes') })
  await expect(lying.get(cid)).rejects.toMatchObject({ code: 'STORAGE_CORRUPT' })
})
