// The cases of the IPFS pinning service API 1.0 (github.com/ipfs/pinning-services-api-spec): add, get, list with every filter, replace, remove, errors.
import { describe, expect, it } from 'vitest'
import { createMemoryBlockStore } from '../../src/blocks/memory.ts'
import { concat } from '../../src/content/bytes.ts'
import { readCar } from '../../src/content/car.ts'
import { fixedChunker } from '../../src/content/chunker.ts'
import { parseCid } from '../../src/content/cid.ts'
import { importFile } from '../../src/content/import-file.ts'
import { StorageError } from '../../src/errors.ts'
import { createStorePins, createVaultPins, type PinTarget } from '../../src/pinning/pin-target.ts'
import { createPinningService } from '../../src/pinning/pinning-service.ts'
import { parseCapability } from '../../src/rain/capability.ts'
import { createLocalNode } from '../../src/rain/node.ts'
import { createVault } from '../../src/rain/vault.ts'
import { createMemoryIndex } from '../../src/s3/object-index.ts'

const network = createMemoryBlockStore()
const file = async (text: string) =>
  String(
    (
      await importFile(network, [new TextEncoder().encode(text)], {
        profile: { chunker: fixedChunker(8), width: 4, rawLeaves: true, cidVersion: 1 },
      })
    ).cid,
  )
const gone = 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'

async function service(target?: PinTarget, index = createMemoryIndex()) {
  const store = createMemoryBlockStore()
  const pinned = new Set<string>()
  const leases = {
    pin: async (cid: unknown) => void pinned.add(String(cid)),
    unpin: async (cid: unknown) => void pinned.delete(String(cid)),
  }
  const connected: string[] = []
  const started = await createPinningService({
    target: target ?? createStorePins(network, store, leases),
    index,
    nowMs: Date.now,
    account: (token) => ({ secret: 'anna', other: 'bert' })[token],
    delegates: () => ['/ip4/203.0.113.1/tcp/4001/p2p/12D3KooWLQzUv2FHWGVPXTXSZpdHs7oHbXub2G5WC8Tx4NQhyd2d'],
    connect: async (origin) => void connected.push(origin),
  })
  const call = async (method: string, path: string, body?: unknown, token: string | undefined = 'secret') => {
    const response = await started.handler(
      new Request(`http://pins.test${path}`, {
        method,
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      }),
    )
    const text = await response.text()
    return { status: response.status, body: (text === '' ? undefined : JSON.parse(text)) as any }
  }
  return { ...started, call, store, pinned, connected, index }
}

describe('the pinning service', () => {
  it('fetches and keeps what a CID reaches, and lets it go with its last pin', async () => {
    const { call, idle, store, pinned, connected } = await service()
    const cid = await file('a file of some blocks, which is longer than eight bytes')
    const origin = '/ip4/203.0.113.142/tcp/4001/p2p/QmSourcePeerId'
    const added = await call('POST', '/pins', { cid, name: 'first', origins: [origin], meta: { app: '1' } })
    expect(added.status).toBe(202)
    expect(added.body).toMatchObject({ status: 'queued', pin: { cid, name: 'first', meta: { app: '1' } } })
    expect(added.body.delegates).toHaveLength(1)
    expect(Number.isNaN(Date.parse(added.body.created))).toBe(false)
    await idle()
    const got = await call('GET', `/pins/${added.body.requestid}`)
    expect(got).toMatchObject({ status: 200, body: { status: 'pinned', pin: { cid }, created: added.body.created } })
    expect(connected).toEqual([origin])
    const blocks: string[] = []
    for await (const at of store.list()) blocks.push(String(at))
    expect(blocks.length).toBeGreaterThan(7)
    expect(pinned).toContain(cid)
    const again = await call('POST', '/pins', { cid })
    await idle()
    expect(await call('DELETE', `/pins/${added.body.requestid}`)).toEqual({ status: 202, body: undefined })
    expect(pinned).toContain(cid)
    expect((await call('GET', `/pins/${added.body.requestid}`)).status).toBe(404)
    await call('DELETE', `/pins/${again.body.requestid}`)
    expect(pinned).not.toContain(cid)
  })

  it('replaces a pin without a moment in which neither holds', async () => {
    const { call, idle, pinned } = await service()
    const [old, next] = [await file('the old version'), await file('the new version')]
    const added = await call('POST', '/pins', { cid: old })
    await idle()
    const replaced = await call('POST', `/pins/${added.body.requestid}`, { cid: next })
    expect(replaced.status).toBe(202)
    expect(replaced.body.requestid).not.toBe(added.body.requestid)
    await idle()
    expect([...pinned]).toEqual([next])
    expect((await call('GET', '/pins')).body.count).toBe(1)
  })

  it('lists by every filter, newest first, in pages', async () => {
    const { call, idle } = await service()
    const made: { created: string; requestid: string; pin: { cid: string } }[] = []
    for (let i = 0; i < 15; i++) {
      const cid = await file(`listed number ${i}`)
      const meta = { app: i < 5 ? 'one' : 'two', n: String(i) }
      made.push((await call('POST', '/pins', { cid, name: i % 2 ? `Odd ${i}` : `even ${i}`, meta })).body)
    }
    const failed = (await call('POST', '/pins', { cid: gone, name: 'gone' })).body
    await idle()
    const list = async (query: Record<string, string>) =>
      (await call('GET', `/pins?${new URLSearchParams(query)}`)).body as {
        count: number
        results: { created: string; requestid: string; status: string; info?: Record<string, string> }[]
      }
    const first = await list({})
    expect(first.count).toBe(15)
    expect(first.results.map(({ requestid }) => requestid)).toEqual(
      made
        .slice(5)
        .reverse()
        .map(({ requestid }) => requestid),
    )
    const rest = await list({ before: first.results.at(-1)!.created })
    expect(rest.results.map(({ requestid }) => requestid)).toEqual(
      made
        .slice(0, 5)
        .reverse()
        .map(({ requestid }) => requestid),
    )
    expect((await list({ after: made[12]!.created })).count).toBe(2)
    expect((await list({ limit: '3' })).results).toHaveLength(3)
    expect((await list({ cid: `${made[1]!.pin.cid},${made[3]!.pin.cid}` })).count).toBe(2)
    expect((await list({ name: 'Odd 3' })).count).toBe(1)
    expect((await list({ name: 'odd 3' })).count).toBe(0)
    expect((await list({ name: 'odd 3', match: 'iexact' })).count).toBe(1)
    expect((await list({ name: 'Odd', match: 'partial' })).count).toBe(7)
    expect((await list({ name: 'ODD', match: 'partial' })).count).toBe(0)
    expect((await list({ name: 'ODD', match: 'ipartial' })).count).toBe(7)
    expect((await list({ meta: '{"app":"one"}' })).count).toBe(5)
    expect((await list({ meta: '{"app":"one","n":"7"}' })).count).toBe(0)
    const broken = await list({ status: 'failed' })
    expect(broken.results).toMatchObject([{ requestid: failed.requestid, status: 'failed' }])
    expect(broken.results[0]!.info?.status_details).toContain(gone)
    expect((await list({ status: 'failed,pinned' })).count).toBe(16)
    // a CID in another version and base is the same CID
    expect((await call('GET', '/pins', undefined, 'other')).body.count).toBe(0)
  })

  it('refuses what it must', async () => {
    const { call } = await service()
    const cid = await file('refused')
    expect(await call('GET', '/pins', undefined, 'wrong')).toMatchObject({
      status: 401,
      body: { error: { reason: 'UNAUTHORIZED' } },
    })
    for (const body of [
      'no json',
      {},
      [],
      { cid: 'not-a-cid' },
      { cid, name: 'x'.repeat(256) },
      { cid, meta: { n: 1 } },
      { cid, origins: Array.from({ length: 21 }, () => '/ip4/1.2.3.4') },
      `${JSON.stringify({ cid })}${' '.repeat(300_000)}`,
    ]) {
      expect(await call('POST', '/pins', body)).toMatchObject({
        status: 400,
        body: { error: { reason: 'BAD_REQUEST' } },
      })
    }
    for (const query of ['limit=0', 'limit=1001', 'status=lost', 'match=like', 'before=yesterday', 'meta=x', 'cid=x'])
      expect((await call('GET', `/pins?${query}`)).status, query).toBe(400)
    for (const [method, path] of [
      ['GET', '/pins/unknown'],
      ['DELETE', '/pins/unknown'],
      ['POST', '/pins/unknown'],
      ['GET', '/elsewhere'],
    ] as const)
      expect((await call(method, path, method === 'POST' ? { cid } : undefined)).status).toBe(404)
    const own = (await call('POST', '/pins', { cid })).body.requestid
    expect((await call('GET', `/pins/${own}`, undefined, 'other')).status).toBe(404)
    expect((await call('DELETE', `/pins/${own}`, undefined, 'other')).status).toBe(404)
  })

  it('takes up after a stop what was not finished', async () => {
    const index = createMemoryIndex()
    const never: PinTarget = {
      pin: (_, { signal }) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
      unpin: async () => undefined,
    }
    const first = await service(never, index)
    const cid = await file('interrupted')
    const { body } = await first.call('POST', '/pins', { cid })
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect((await first.call('GET', `/pins/${body.requestid}`)).body.status).toBe('pinning')
    await first.close()
    const second = await service(undefined, index)
    await second.idle()
    expect((await second.call('GET', `/pins/${body.requestid}`)).body.status).toBe('pinned')
    expect(second.pinned).toContain(cid)
    // and one that never comes can be removed
    const stuck = await service(never)
    const { requestid } = (await stuck.call('POST', '/pins', { cid })).body
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect((await stuck.call('DELETE', `/pins/${requestid}`)).status).toBe(202)
    await stuck.idle()
  })

  it('keeps a DAG in a vault that loses n − k nodes', async () => {
    const nodes = Array.from({ length: 5 }, (_, i) =>
      createLocalNode({ id: `n${i}`, domain: `d${i}`, weight: 1, store: createMemoryBlockStore() }),
    )
    let alive = nodes
    const vault = createVault({ nodes: () => alive, dataShards: 3, totalShards: 5, segmentBytes: 1000 })
    const index = createMemoryIndex()
    const { call, idle } = await service(createVaultPins(network, vault, index), index)
    const cid = await file('kept in a vault, encrypted and spread')
    await call('POST', '/pins', { cid })
    await idle()
    alive = nodes.slice(2)
    const saved = await index.get(`car/${parseCid(cid).toV1()}`)
    const parts: Uint8Array[] = []
    for await (const part of vault.get(parseCapability(new TextDecoder().decode(saved)))) parts.push(part)
    const car = await readCar([concat(parts)])
    expect(car.roots.map(String)).toEqual([cid])
    let blocks = 0
    for await (const block of car.blocks) {
      expect(block.bytes).toEqual(await network.get(block.cid))
      blocks++
    }
    expect(blocks).toBeGreaterThan(5)
  })

  it('says that it failed, and no more, when its index does', async () => {
    const index = createMemoryIndex()
    const { call } = await service(undefined, {
      ...index,
      write: () => Promise.reject(new StorageError('STORAGE_UNAVAILABLE', 'secret path /srv/x')),
    })
    const answer = await call('POST', '/pins', { cid: await file('lost') })
    expect(answer).toMatchObject({ status: 500, body: { error: { reason: 'INTERNAL_SERVER_ERROR' } } })
    expect(JSON.stringify(answer.body)).not.toContain('/srv')
  })
})
