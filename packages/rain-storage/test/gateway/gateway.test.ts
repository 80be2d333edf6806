// Cases of ipfs/gateway-conformance v0.13 (trustless CAR and raw), by its names; the fixtures come from the vectors folder.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ed25519 } from '@noble/curves/ed25519.js'
import type { CID } from 'multiformats/cid'
import { beforeAll, describe, expect, it } from 'vitest'
import { createGatewaySource, getBytesBy } from '../../src/blocks/gateway-source.ts'
import { createMemoryBlockStore } from '../../src/blocks/memory.ts'
import { concat } from '../../src/content/bytes.ts'
import { readCar } from '../../src/content/car.ts'
import { fixedChunker } from '../../src/content/chunker.ts'
import { writeDirectory } from '../../src/content/directory.ts'
import { importFile } from '../../src/content/import-file.ts'
import { resolvePath } from '../../src/content/resolve.ts'
import { decodeNode } from '../../src/content/unixfs.ts'
import { walk } from '../../src/content/walk.ts'
import { createGateway } from '../../src/gateway/gateway.ts'
import { parseEntityBytes, parseRange } from '../../src/gateway/ranges.ts'
import { formatName, nameOfKey } from '../../src/ipns/name.ts'
import { createRecord } from '../../src/ipns/record.ts'

const vectors = process.env.ZOS_VECTORS ?? new URL('../../../../../shared/vectors', import.meta.url).pathname
const fixtures = join(vectors, 'gateway-conformance/fixtures')

const store = createMemoryBlockStore()
const gateway = createGateway({ blocks: store, deserialise: true })
const ask = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  gateway(new Request(`http://gateway.test${path}`, { headers, method }))

async function load(name: string): Promise<CID> {
  const car = await readCar([readFileSync(join(fixtures, name))])
  for await (const { cid, bytes } of car.blocks) await store.put(cid, new Uint8Array(bytes))
  return car.roots[0]!
}
const at = async (root: CID, ...path: string[]) => (await resolvePath(store, root, path)).cid
const pathTo = async (root: CID, ...path: string[]) => (await resolvePath(store, root, path)).path.map(String)
const below = async (root: CID) => {
  const found: string[] = []
  for await (const { cid } of walk(store, root)) found.push(String(cid))
  return found.slice(1)
}
/** All shards of a sharded directory after its root. */
async function shards(root: CID): Promise<string[]> {
  const found: string[] = []
  for (const { Name, Hash } of decodeNode(await store.get(root)).links)
    if (Name!.length === 2) found.push(String(Hash), ...(await shards(Hash)))
  return found
}

/** Asks by the query parameter and by the header; gives the CIDs of the blocks in order. */
async function carOf(path: string, query: Record<string, string> = {}): Promise<string[]> {
  const search = new URLSearchParams(query)
  const answers = [
    await ask(`${path}?format=car&${search}`),
    await ask(`${path}?${search}`, { accept: 'application/vnd.ipld.car' }),
  ]
  const lists: string[][] = []
  for (const response of answers) {
    expect(response.status).toBe(200)
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    expect(response.headers.get('accept-ranges')).toBe('none')
    expect(response.headers.get('content-type')).toContain('application/vnd.ipld.car')
    expect(response.headers.get('content-disposition')).toMatch(/attachment; filename=".*\.car"/)
    expect(response.headers.get('etag')).not.toBe('')
    lists.push(await blocksOf(response))
  }
  expect(lists[1]).toEqual(lists[0])
  return lists[0]!
}
async function blocksOf(response: Response): Promise<string[]> {
  const found: string[] = []
  for await (const { cid } of (await readCar([new Uint8Array(await response.arrayBuffer())])).blocks)
    found.push(String(cid))
  return found
}

describe.skipIf(!existsSync(fixtures))('gateway-conformance (skipped without the vectors folder)', () => {
  let two: CID
  let mixed: CID
  let hamt: CID
  let cbor: CID
  let missing: CID
  let duplicates: CID
  let rawBlock: CID
  beforeAll(async () => {
    two = await load('trustless_gateway_car/subdir-with-two-single-block-files.car')
    mixed = await load('trustless_gateway_car/subdir-with-mixed-block-files.car')
    hamt = await load('trustless_gateway_car/single-layer-hamt-with-multi-block-files.car')
    cbor = await load('trustless_gateway_car/dir-with-dag-cbor-with-links.car')
    missing = await load('trustless_gateway_car/file-3k-and-3-blocks-missing-block.car')
    duplicates = await load('trustless_gateway_car/dir-with-duplicate-files.car')
    rawBlock = await load('gateway-raw-block.car')
  })

  it('GET default CAR response with pathing', async () => {
    expect(await carOf(`/ipfs/${two}/subdir/ascii.txt`)).toEqual(await pathTo(two, 'subdir', 'ascii.txt'))
    expect(await carOf(`/ipfs/${hamt}/685.txt`)).toEqual([
      ...(await pathTo(hamt, '685.txt')),
      ...(await below(await at(hamt, '685.txt'))),
    ])
    const document = await at(cbor, 'document')
    expect(await carOf(`/ipfs/${document}/files/single`)).toEqual([
      String(document),
      String(await at(document, 'files', 'single')),
    ])
    expect((await ask(`/ipfs/${two}/subdir/i-do-not-exist?format=car`)).status).toBe(404)
  })

  it('dag-scope=block', async () => {
    const scope = { 'dag-scope': 'block' }
    expect(await carOf(`/ipfs/${two}/subdir`, scope)).toEqual(await pathTo(two, 'subdir'))
    expect(await carOf(`/ipfs/${two}/subdir/ascii.txt`, scope)).toEqual(await pathTo(two, 'subdir', 'ascii.txt'))
    expect(await carOf(`/ipfs/${hamt}/1.txt`, scope)).toEqual(await pathTo(hamt, '1.txt'))
  })

  it('dag-scope=entity', async () => {
    const scope = { 'dag-scope': 'entity' }
    expect(await carOf(`/ipfs/${two}`, scope)).toEqual([String(two)])
    expect(await carOf(`/ipfs/${hamt}`, scope)).toEqual([String(hamt), ...(await shards(hamt))])
    expect(await carOf(`/ipfs/${mixed}/subdir/ascii.txt`, scope)).toEqual(await pathTo(mixed, 'subdir', 'ascii.txt'))
    const file = await at(mixed, 'subdir', 'multiblock.txt')
    expect(await carOf(`/ipfs/${mixed}/subdir/multiblock.txt`, scope)).toEqual([
      ...(await pathTo(mixed, 'subdir', 'multiblock.txt')),
      ...(await below(file)),
    ])
    expect(await carOf(`/ipfs/${cbor}/document`, scope)).toEqual(await pathTo(cbor, 'document'))
  })

  it('dag-scope=all', async () => {
    const scope = { 'dag-scope': 'all' }
    expect(await carOf(`/ipfs/${mixed}/subdir`, scope)).toEqual([
      ...(await pathTo(mixed, 'subdir')),
      ...(await below(await at(mixed, 'subdir'))),
    ])
    expect(await carOf(`/ipfs/${mixed}/subdir/multiblock.txt`, scope)).toEqual([
      ...(await pathTo(mixed, 'subdir', 'multiblock.txt')),
      ...(await below(await at(mixed, 'subdir', 'multiblock.txt'))),
    ])
  })

  it('entity-bytes', async () => {
    const range = (bytes: string) => ({ 'dag-scope': 'entity', 'entity-bytes': bytes })
    const links = decodeNode(await store.get(missing)).links.map(({ Hash }) => String(Hash))
    expect(await carOf(`/ipfs/${missing}`, range('0:1000'))).toEqual([String(missing), links[0]])
    expect(await carOf(`/ipfs/${missing}`, range('2200:*'))).toEqual([String(missing), links[2]])
    const file = await at(mixed, 'subdir', 'multiblock.txt')
    const leaves = await below(file)
    expect(await carOf(`/ipfs/${hamt}`, range('0:*'))).toEqual([String(hamt), ...(await shards(hamt))])
    for (const [bytes, expected] of [
      ['0:*', leaves],
      ['512:*', leaves.slice(2)],
      ['512:1023', leaves.slice(2, 4)],
      ['512:-256', leaves.slice(2, 4)],
      ['-5:*', leaves.slice(3)],
      ['-9999:*', leaves],
      ['-9999:-3', leaves.slice(0, 4)],
      ['0:0', leaves.slice(0, 1)],
    ] as const) {
      expect(await carOf(`/ipfs/${file}`, range(bytes)), bytes).toEqual([String(file), ...expected])
    }
    expect((await ask(`/ipfs/${file}?format=car&entity-bytes=x`)).status).toBe(400)
  })

  it('order and dups, by header and by parameter', async () => {
    const unique = [String(duplicates), ...(await below(duplicates))]
    const ascii = String(await at(duplicates, 'ascii.txt'))
    const repeated = unique.flatMap((cid) => (cid === ascii ? [cid, cid] : [cid]))
    const accept = (value: string) => ({ accept: `application/vnd.ipld.car; version=1; ${value}` })
    const y = await ask(`/ipfs/${duplicates}`, accept('order=dfs; dups=y'))
    expect(y.headers.get('content-type')).toContain('order=dfs; dups=y')
    expect(await blocksOf(y)).toEqual(repeated)
    const n = await ask(`/ipfs/${duplicates}`, accept('order=dfs; dups=n'))
    expect(n.headers.get('content-type')).toContain('dups=n')
    expect(await blocksOf(n)).toEqual(unique)
    expect((await ask(`/ipfs/${duplicates}`, accept('order=unk'))).headers.get('content-type')).toContain('order=')
    expect(
      (await ask(`/ipfs/${duplicates}?format=car`, accept('order=dfs; dups=y'))).headers.get('content-type'),
    ).toContain('dups=y')
    expect(
      (await ask(`/ipfs/${duplicates}?format=car&car-order=dfs`, accept('order=unk'))).headers.get('content-type'),
    ).toContain('order=dfs')
    expect(
      (await ask(`/ipfs/${duplicates}?format=car&car-dups=y`, accept('dups=n'))).headers.get('content-type'),
    ).toContain('dups=y')
    const identity = await ask('/ipfs/bafkqaf3imvwgy3zaneqgc3janfxgy2lomvscay3jmqfa', accept('dups=y'))
    expect(await blocksOf(identity)).toEqual([])
    expect(
      (await ask(`/ipfs/${rawBlock}?format=car`, { accept: 'application/vnd.ipld.raw' })).headers.get('content-type'),
    ).toContain('vnd.ipld.car')
    expect(
      (await ask(`/ipfs/${rawBlock}?format=raw`, { accept: 'application/vnd.ipld.car' })).headers.get('content-type'),
    ).toContain('vnd.ipld.raw')
  })

  it('raw blocks with headers, names, caching and ranges', async () => {
    const dir = await at(rawBlock, 'dir')
    const file = await at(rawBlock, 'dir', 'ascii.txt')
    const bytes = await store.get(file)
    expect(new Uint8Array(await (await ask(`/ipfs/${dir}?format=raw`)).arrayBuffer())).toEqual(await store.get(dir))
    const response = await ask(`/ipfs/${file}`, { accept: 'application/vnd.ipld.raw' })
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'application/vnd.ipld.raw',
      'content-length': String(bytes.length),
      'x-content-type-options': 'nosniff',
      'x-ipfs-path': `/ipfs/${file}`,
      'x-ipfs-roots': String(file),
      'cache-control': 'public, max-age=29030400, immutable',
    })
    const named = await ask(`/ipfs/${file}?filename=foobar.bin`, { accept: 'application/vnd.ipld.raw' })
    expect(named.headers.get('content-disposition')).toBe('attachment; filename="foobar.bin"')
    for (const [range, start, end] of [
      ['bytes=1-3', 1, 4],
      ['bytes=5-', 5, bytes.length],
      ['bytes=-4', bytes.length - 4, bytes.length],
    ] as const) {
      const part = await ask(`/ipfs/${file}?format=raw`, { range })
      expect(part.status).toBe(206)
      expect(part.headers.get('content-range')).toBe(`bytes ${start}-${end - 1}/${bytes.length}`)
      expect(new Uint8Array(await part.arrayBuffer())).toEqual(bytes.slice(start, end))
    }
    expect((await ask(`/ipfs/${file}?format=raw`, { range: 'bytes=99999-' })).status).toBe(416)
    const etag = response.headers.get('etag')!
    expect((await ask(`/ipfs/${file}?format=raw`, { 'if-none-match': etag })).status).toBe(304)
    expect((await ask(`/ipfs/${file}?format=raw`, {}, 'HEAD')).body).toBeNull()
  })
})

describe('files and private paths', () => {
  it('gives files with ranges and types, and directories as pages', async () => {
    const data = Buffer.alloc(1000, 'abcdefghij')
    const file = await importFile(store, [data], {
      profile: { chunker: fixedChunker(64), width: 4, rawLeaves: true, cidVersion: 1 },
    })
    const { cid } = await writeDirectory(store, [
      { name: '<b>ö.txt', ...file },
      { name: 'page.html', ...file },
    ])
    const response = await ask(`/ipfs/${cid}/${encodeURIComponent('<b>ö.txt')}`)
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    expect(Buffer.from(await response.arrayBuffer())).toEqual(data)
    const part = await ask(`/ipfs/${cid}/page.html`, { range: 'bytes=100-299' })
    expect(part.status).toBe(206)
    expect(Buffer.from(await part.arrayBuffer())).toEqual(data.subarray(100, 300))
    expect((await ask(`/ipfs/${cid}`)).status).toBe(301)
    const page = await (await ask(`/ipfs/${cid}/`)).text()
    expect(page).toContain('&#60;b&#62;ö.txt')
    expect(page).not.toContain('<b>ö')
    expect((await ask(`/ipfs/${cid}/nothing`)).status).toBe(404)
    expect((await ask('/ipfs/not-a-cid')).status).toBe(400)
    expect((await ask('/elsewhere')).status).toBe(404)
    expect((await ask(`/ipfs/${cid}/%ff`)).status).toBe(400)
    expect((await ask(`/ipfs/${cid}`, {}, 'POST')).status).toBe(405)
    const trustless = createGateway({ blocks: store })
    expect((await trustless(new Request(`http://g/ipfs/${cid}`))).status).toBe(406)
  })

  it('believes no forwarded host unless it is told to', async () => {
    const { cid } = await importFile(store, [new TextEncoder().encode('here')])
    const request = () =>
      new Request(`http://other.test/ipfs/${cid}`, {
        headers: { 'x-forwarded-host': 'gw.test', 'x-forwarded-proto': 'https' },
      })
    const options = { blocks: store, deserialise: true, hosts: ['gw.test'] }
    expect((await createGateway(options)(request())).status).toBe(200)
    expect((await createGateway({ ...options, trustForwarded: true })(request())).headers.get('location')).toBe(
      `https://${cid}.ipfs.gw.test/`,
    )
  })

  it('asks for authority before it reads a block', async () => {
    const { cid } = await importFile(store, [concat([new TextEncoder().encode('private')])])
    let reads = 0
    const guarded = createGateway({
      blocks: {
        get: (...args) => {
          reads++
          return store.get(...args)
        },
      },
      authorize: (request) => request.headers.get('authorization') === 'Bearer secret',
    })
    expect((await guarded(new Request(`http://g/ipfs/${cid}?format=raw`))).status).toBe(401)
    expect(reads).toBe(0)
    const secretKey = new Uint8Array(32).fill(5)
    const record = createRecord({ secretKey, value: `/ipfs/${cid}`, sequence: 1n, validUntilMs: 2e12, ttlS: 60 })
    const name = formatName(nameOfKey(ed25519.getPublicKey(secretKey)))
    const named = (allowed: boolean) =>
      createGateway({
        blocks: store,
        authorize: (_, root) => allowed && root.equals(cid),
        names: { nowMs: () => 1.9e12, record: async () => record },
      })
    const ask = (format: string) => new Request(`http://g/ipns/${name}?format=${format}`)
    for (const format of ['raw', 'ipns-record']) {
      expect((await named(false)(ask(format))).status).toBe(401)
      expect((await named(true)(ask(format))).status).toBe(200)
    }
    expect(
      (await guarded(new Request(`http://g/ipfs/${cid}?format=raw`, { headers: { authorization: 'Bearer secret' } })))
        .status,
    ).toBe(200)
  })
})

it('reads ranges as HTTP has them', () => {
  expect(parseRange(null, 10)).toBe('none')
  expect(parseRange('bytes=0-0', 10)).toEqual({ start: 0, end: 1 })
  expect(parseRange('bytes=-3', 10)).toEqual({ start: 7, end: 10 })
  expect(parseRange('bytes=-0', 10)).toBe('unsatisfiable')
  expect(parseRange('bytes=5-2', 10)).toBe('none')
  expect(parseRange('bytes=0-1,3-4', 10)).toEqual({ start: 0, end: 2 })
  expect(parseRange('bytes=10-', 10)).toBe('unsatisfiable')
  expect(parseEntityBytes('a')).toBeUndefined()
})

it('a source over a gateway verifies what it is given', async () => {
  const { cid } = await importFile(store, [new TextEncoder().encode('over http')])
  const over = (answer: (request: Request) => Promise<Response>) =>
    createGatewaySource({
      url: 'http://g',
      getBytes: getBytesBy((url, init) => answer(new Request(url, init as RequestInit))),
    })
  expect(new TextDecoder().decode(await over(gateway).get(cid))).toBe('over http')
  await expect(over(async () => new Response('lies')).get(cid)).rejects.toMatchObject({ code: 'STORAGE_CORRUPT' })
  await expect(over(async () => new Response('', { status: 404 })).get(cid)).rejects.toMatchObject({
    code: 'STORAGE_NOT_FOUND',
  })
  await expect(over(async () => new Response('', { status: 401 })).get(cid)).rejects.toMatchObject({
    code: 'STORAGE_FORBIDDEN',
  })
  await expect(over(async () => new Response('', { status: 500 })).get(cid)).rejects.toMatchObject({
    code: 'STORAGE_UNAVAILABLE',
  })
  await expect(
    over(async () => new Response('', { headers: { 'content-length': '999999999' } })).get(cid),
  ).rejects.toMatchObject({ code: 'STORAGE_LIMIT' })
  await expect(over(() => Promise.reject(new TypeError('down'))).get(cid)).rejects.toMatchObject({
    code: 'STORAGE_UNAVAILABLE',
  })
})

describe('where a redirect leads', () => {
  it('is a URL whatever is asked for: it is encoded, and no header ends early', async () => {
    for (const [uri, location] of [
      ['ipfs://bafy/链', '/ipfs/bafy/%E9%93%BE'],
      ['ipfs://bafy/a\r\nset-cookie: x', '/ipfs/bafy/a%0D%0Aset-cookie:%20x'],
      ['ipfs://bafy/%E9%93%BE?a=b', '/ipfs/bafy/%E9%93%BE?a=b'],
    ] as const) {
      const response = await ask(`/ipfs/?uri=${encodeURIComponent(uri)}`)
      expect([response.status, response.headers.get('location')]).toEqual([301, location])
    }
  })

  it('stays on the site where its rule says so, and keeps names in any script', async () => {
    const file = async (text: string) => (await importFile(store, [new TextEncoder().encode(text)])).cid
    const rules = await file('/old/* /:splat 301\n/ält/* /neu/ü/:splat 302\n/show/:name /:name 200\n')
    const { cid } = await writeDirectory(store, [
      { name: '_redirects', cid: rules, dagSize: 0 },
      { name: '100% 链', cid: await file('hello'), dagSize: 0 },
    ])
    const site = createGateway({ blocks: store, deserialise: true, hosts: ['gateway.test'] })
    const to = async (path: string) => {
      const response = await site(new Request(`http://${cid.toV1()}.ipfs.gateway.test${path}`))
      return response.headers.get('location')
    }
    expect(await to('/old/%5Cevil.example/')).toBe('/%5Cevil.example')
    expect(await to('/old/%2F%2Fevil.example/')).toBe('/%2F%2Fevil.example')
    expect(await to('/old/%0D%0Ax')).toBe('/%0D%0Ax')
    expect(await to('/ält/链')).toBe('/neu/%C3%BC/%E9%93%BE')
    const shown = await site(new Request(`http://${cid.toV1()}.ipfs.gateway.test/show/100%25 链`))
    expect([shown.status, await shown.text()]).toEqual([200, 'hello'])
  })
})
