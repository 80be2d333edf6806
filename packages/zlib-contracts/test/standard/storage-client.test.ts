/** The client of @zos/rain-storage/market against the contract itself: what it encodes is understood, what it reads is what stands there, and agents run on it. */
import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import * as timers from 'node:timers/promises'
import * as storage from '@zos/rain-storage'
import {
  blockCid,
  codec,
  createLocalNode,
  createMemoryBlockStore,
  createVault,
  defaultCrypto,
  isStorageError,
  merkleRoot,
} from '@zos/rain-storage'
import * as market from '@zos/rain-storage/market'
import {
  COIN,
  collateralOf,
  createDealKeeper,
  createProviderAgent,
  createStorageMarket,
  type Eip1193Port,
  type Hex,
  type KeeperEvent,
  type ProviderEvent,
  type Terms,
  type WantedDeal,
  wantedOfLayout,
} from '@zos/rain-storage/market'
import { encodeRlp, keccak256, toBeHex } from 'ethers'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { ANN, BEN, CAT, createLibrary } from './library.ts'
import { BEACON } from './storage-world.ts'

const crypto = defaultCrypto()
const clock = { sleep: () => Promise.resolve() }
beforeAll(async () => {
  await createLibrary()
}, 600_000)

const TERMS: Terms = {
  token: COIN,
  capacity: 1n << 32n,
  minDurationS: 1_200,
  price: 10n ** 24n + 7n,
  collateral: 10n ** 15n + 3n,
  maxDurationS: 1_000_000,
  minPeriodS: 600,
  maxMissed: 2,
}

/** A chain of one machine: every transaction is a block, ten seconds after the last one. */
async function createNode() {
  const library = await createLibrary()
  const contract = await library.make('StorageDeals')
  for (const who of [ANN, BEN, CAT]) await library.setBalance(who, 10n ** 20n)
  const blocks: Record<string, string>[] = []
  const receipts = new Map<string, unknown>()
  const seal = (timestamp: number) => {
    const word = (value: number) => toBeHex(value, 32)
    const number = blocks.length
    const block: Record<string, string> = {
      parentHash: blocks.at(-1)?.hash ?? word(0),
      sha3Uncles: word(2),
      miner: CAT,
      stateRoot: word(4),
      transactionsRoot: word(5),
      receiptsRoot: word(6),
      logsBloom: `0x${'00'.repeat(256)}`,
      difficulty: '0x0',
      number: `0x${number.toString(16)}`,
      gasLimit: '0x8f0d180',
      gasUsed: '0x5208',
      timestamp: `0x${timestamp.toString(16)}`,
      extraData: '0x',
      mixHash: keccak256(word(number)),
      nonce: '0x0000000000000000',
      baseFeePerGas: '0x7',
      withdrawalsRoot: word(7),
      blobGasUsed: '0x0',
      excessBlobGas: '0x0',
      parentBeaconBlockRoot: word(8),
      requestsHash: word(9),
    }
    const quantities = new Set([7, 8, 9, 10, 11, 15, 17, 18])
    const even = (hex: string) => (BigInt(hex) === 0n ? '0x' : toBeHex(BigInt(hex)))
    block.hash = keccak256(encodeRlp(Object.values(block).map((value, i) => (quantities.has(i) ? even(value) : value))))
    blocks.push(block)
    library.setBlockHash(number, block.hash)
    // Calls run in the block after the newest, at its time.
    library.setBlock(blocks.length)
    library.setTime(timestamp)
  }
  const now = () => Number(blocks.at(-1)!.timestamp)
  seal(1_000_000 * BEACON + 5)
  const revert = (data: string) => Object.assign(new Error('execution reverted'), { code: 3, data })
  const port: Eip1193Port = {
    async request({ method, params = [] }) {
      const [first] = params as [Record<string, string>]
      if (method === 'eth_getBlockByNumber') {
        const tag = String(params[0])
        return (tag === 'latest' ? blocks.at(-1) : blocks[Number(tag)]) ?? null
      }
      if (method === 'eth_getTransactionReceipt') return receipts.get(String(params[0])) ?? null
      const { from, to, data, value = '0x0' } = first
      if (method === 'eth_call') {
        const restore = await library.checkpoint()
        const done = await library.call(to, data!, BigInt(value), from)
        await restore()
        if (done.failed) throw revert(done.returned)
        return done.returned
      }
      if (method !== 'eth_sendTransaction') throw new Error(`no ${method} here`)
      const done = await library.call(to, data!, BigInt(value), from)
      const hash = keccak256(toBeHex(receipts.size + 1, 32))
      const logs = done.logs.map((log) => ({ address: to, topics: log.slice(0, -1) }))
      receipts.set(hash, { status: done.failed ? '0x0' : '0x1', logs })
      seal(now() + 10)
      return hash
    },
  }
  return {
    library,
    contract,
    port,
    now,
    blocks,
    /** An empty block after some time. */
    pass: (seconds: number) => seal(now() + seconds),
    marketOf: (account: string) =>
      createStorageMarket({ provider: port, account: account as Hex, address: contract.address as Hex, clock }),
  }
}

async function makeShard(length: number, seed = 1) {
  const bytes = Uint8Array.from({ length }, (_, i) => Math.imul(i + seed, 2_654_435_761) >>> 24)
  return { bytes, shard: await blockCid(crypto, codec.raw, bytes), root: await merkleRoot(crypto, bytes) }
}

describe('the client', () => {
  test('publishes, reads and changes offers', async () => {
    const node = await createNode()
    const market = node.marketOf(BEN)
    expect(await market.offer(1n)).toBeUndefined()
    expect(await market.publish(TERMS, '/dns/a')).toBe(1n)
    expect(
      await market.publish({ ...TERMS, maxMissed: 255 }, '/dns/a/long/address/with/more/than/a/word/of/bytes'),
    ).toBe(2n)
    await market.movePeer(1n, '/ip4/10.0.0.1/tcp/4001')
    await market.closeOffer(1n)
    const base = { provider: BEN, used: 0n }
    expect(await market.offer(1n)).toEqual({ ...TERMS, ...base, id: 1n, closed: true, peer: '/ip4/10.0.0.1/tcp/4001' })
    expect(await market.offer(2n)).toMatchObject({
      maxMissed: 255,
      closed: false,
      peer: expect.stringContaining('/bytes'),
    })
    expect(await market.offerCount()).toBe(2n)
  })

  test('opens, accepts, proves, renews, gives notice, collects and reclaims', async () => {
    const node = await createNode()
    const [client, provider] = [node.marketOf(ANN), node.marketOf(BEN)]
    await provider.publish(TERMS, '/dns/a')
    const { bytes, shard, root } = await makeShard(5_000)
    const ask = {
      offer: 1n,
      shard,
      root,
      length: 5_000,
      periodS: 600,
      windows: 3,
      acceptBy: node.now() + 500,
      leaves: 3,
    }
    const id = await client.open(ask)
    const { bytes: other, ...unwanted } = await makeShard(77)
    expect(await client.open({ ...ask, ...unwanted, length: other.length })).toBe(2n)
    await client.refund(2n)
    expect(await client.deal(2n)).toMatchObject({ state: 'refunded' })
    expect(await client.deal(3n)).toBeUndefined()
    const open = (await client.deal(id))!
    expect(open).toMatchObject({ ...ask, client: ANN, state: 'open', startsAt: 0, noticed: false, settled: false })
    expect(open.collateral).toBe(collateralOf(TERMS, 5_000))
    await provider.accept(open)
    const { startsAt } = (await client.deal(id))!
    expect(await client.challenge(id)).toBeUndefined()
    node.pass(startsAt - node.now() - 1)
    node.pass(4)
    const asked = (await provider.challenge(id))!
    expect(asked).toEqual({ window: 0, time: startsAt, lastSecond: startsAt + 599, proved: false })
    await provider.recordBeacon(startsAt)
    const { nonce } = (await provider.challenge(id))!
    const node1 = createLocalNode({ id: 'a', domain: 'a', weight: 1, store: createMemoryBlockStore() })
    await node1.put(shard, bytes, 0)
    await provider.prove(id, await node1.audit(shard, { nonce: nonce!, leaves: 3 }))
    expect((await provider.challenge(id))!.proved).toBe(true)
    await client.renew((await client.deal(id))!, 5)
    await client.notice(id)
    expect(await client.deal(id)).toMatchObject({ windows: 3, noticed: true })
    const before = await node.library.balanceOf(BEN)
    await provider.collect(id)
    expect(await node.library.balanceOf(BEN)).toBe(before + open.payPerWindow)
    expect(await client.standing(id)).toEqual({
      counted: 1,
      missed: 0,
      over: false,
      toProvider: 0n,
      toClient: 5n * open.payPerWindow,
    })
    node.pass(1_800)
    await client.reclaim(id)
    expect(await client.standing(id)).toMatchObject({ over: true, missed: 2, toClient: 0n })
    expect((await client.deal(id))!.settled).toBe(true)
    expect(await node.library.balanceOf(node.contract.address)).toBe(0n)
  })

  test('says what the contract refuses, before a transaction is sent, and what a node does not answer', async () => {
    const node = await createNode()
    const market = node.marketOf(ANN)
    const blocks = node.blocks.length
    const refused = await market.closeOffer(1n).catch((error: unknown) => error)
    expect(isStorageError(refused, 'STORAGE_REVERTED')).toBe(true)
    expect((refused as { context: unknown }).context).toMatchObject({ error: 'NotStorageParty' })
    await expect(market.publish({ ...TERMS, capacity: 0n }, 'x')).rejects.toMatchObject({
      context: { error: 'BadStorageOffer' },
    })
    expect(node.blocks.length).toBe(blocks)
    await expect(market.recordBeacon(node.now() + 5)).rejects.toMatchObject({ code: 'STORAGE_NOT_FOUND' })
    const dead = { request: () => Promise.reject(new Error('connection refused')) }
    const far = createStorageMarket({ provider: dead, account: ANN as Hex, address: ANN as Hex, clock })
    await expect(far.now()).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
    expect(() => createStorageMarket({ provider: dead, account: '0x12', address: ANN as Hex, clock })).toThrow(
      'not an address',
    )
  })

  test('approves a token for what it pays, and no more; what is left of an approval goes to zero first', async () => {
    const node = await createNode()
    const token = await node.library.make('PlainToken')
    for (const who of [ANN, BEN]) await token.call('mint', [who, 10n ** 18n])
    const approvals: bigint[] = []
    const port: Eip1193Port = {
      request(call) {
        const [{ to, data }] = call.params as [{ to: string; data: string }]
        if (call.method === 'eth_sendTransaction' && to === token.address)
          approvals.push(BigInt(`0x${data.slice(-64)}`))
        return node.port.request(call)
      },
    }
    const marketOf = (account: string) =>
      createStorageMarket({ provider: port, account: account as Hex, address: node.contract.address as Hex, clock })
    const [client, provider] = [marketOf(ANN), marketOf(BEN)]
    await token.call('approve', [node.contract.address, 1n], ANN)
    await provider.publish({ ...TERMS, token: token.address as Hex }, '/dns/a')
    const { shard, root } = await makeShard(2_000)
    const ask = {
      offer: 1n,
      shard,
      root,
      length: 2_000,
      periodS: 600,
      windows: 3,
      acceptBy: node.now() + 500,
      leaves: 1,
    }
    const deal = (await client.deal(await client.open(ask)))!
    await provider.accept(deal)
    expect((await token.call('balanceOf', [node.contract.address])).value).toBe(
      3n * deal.payPerWindow + deal.collateral,
    )
    expect(approvals).toEqual([0n, 3n * deal.payPerWindow, deal.collateral])
    for (const who of [ANN, BEN]) expect((await token.call('allowance', [who, node.contract.address])).value).toBe(0n)
  })
})

test("agents keep a vault's file with three providers; one that lost its shards pays for it", async () => {
  const node = await createNode()
  const ids = [ANN, BEN, CAT]
  const stores = ids.map(() => createMemoryBlockStore())
  const nodes = ids.map((id, i) => createLocalNode({ id, domain: id, weight: 1, store: stores[i]! }))
  const vault = createVault({ nodes: () => nodes, dataShards: 2, totalShards: 3 })
  const { root } = await vault.put([new Uint8Array(20_000).fill(9)])
  const layout = await vault.layout(root)
  const offers = new Map<string, bigint>()
  for (const id of ids) offers.set(id, await node.marketOf(id).publish(TERMS, '/dns/x'))
  const wanted: WantedDeal[] = []
  for await (const deal of wantedOfLayout({ layout, nodes, offerOf: (id) => offers.get(id) })) wanted.push(deal)
  expect(new Set(wanted.map(({ offer }) => offer)).size).toBe(3)
  const told: ProviderEvent[] = []
  const heard: KeeperEvent[] = []
  const agents = ids.map((id, i) =>
    createProviderAgent({
      market: node.marketOf(id),
      offers: [offers.get(id)!],
      shards: stores[i]!,
      clock,
      onEvent: (event) => told.push(event),
    }),
  )
  const DAN = `0x${'d4'.repeat(20)}`
  await node.library.setBalance(DAN, 10n ** 20n)
  const keeper = createDealKeeper({
    market: node.marketOf(DAN),
    wanted: () => wanted,
    terms: { periodS: 600, windows: 3 },
    clock,
    onEvent: (event) => heard.push(event),
  })
  await keeper.pass()
  for (const agent of agents) await agent.pass()
  expect(told.map(({ type }) => type)).toEqual(['accepted', 'accepted', 'accepted'])
  const lost = ids.indexOf(BEN)
  for (const { offer, shard } of wanted) if (offer === offers.get(BEN)) await stores[lost]!.delete(shard)
  for (let i = 0; i < 30; i++) {
    node.pass(60)
    for (const agent of agents) await agent.pass()
    // The client stops wanting before deals end, so that none is opened anew.
    wanted.length = 0
    await keeper.pass()
  }
  node.pass(700)
  await keeper.pass()
  for (const agent of agents) await agent.pass()
  expect(told.filter(({ type }) => type === 'failed')).toEqual([])
  expect(told.filter(({ type }) => type === 'proved').length).toBe(6)
  const over = heard.filter((event) => event.type === 'over')
  expect(over.filter(({ failed }) => failed).length).toBe(1)
  expect(over.length).toBe(3)
  expect(await node.library.balanceOf(node.contract.address)).toBe(0n)
})

test('the first example of market.md prints what it says', async () => {
  const page = readFileSync(new URL('../../../rain-storage/docs/market.md', import.meta.url), 'utf8')
  const typed = /```ts\n([\s\S]*?)```/.exec(page)![1]!
  const code = stripTypeScriptTypes(typed)
    .replace(/^import \{(.*)\} from 'node:timers\/promises'$/m, 'const {$1} = timers')
    .replace(/^import \{(.*)\} from '@zos\/rain-storage'$/m, 'const {$1} = storage')
    .replace(/^import \{(.*)\} from '@zos\/rain-storage\/market'$/m, 'const {$1} = market')
  const node = await createNode()
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined)
  const names = ['timers', 'storage', 'market', 'chain', 'address', 'accounts']
  const AsyncFunction = (async () => undefined).constructor as new (
    ...args: string[]
  ) => (...given: unknown[]) => Promise<void>
  await new AsyncFunction(...names, code)(timers, storage, market, node.port, node.contract.address, [BEN, ANN])
  expect(log.mock.calls).toEqual([['opened'], ['accepted']])
  log.mockRestore()
})
