/** Providers and a client on a ledger with lost answers, stops and lost shards. Seeded: a failing seed fails again. */
import { describe, expect, test } from 'vitest'
import {
  blockCid,
  codec,
  createLocalNode,
  createMemoryBlockStore,
  createVault,
  defaultCrypto,
  isStorageError,
  merkleRoot,
  StorageError,
} from '../../src/index.ts'
import {
  BEACON_SECONDS,
  COIN,
  createDealKeeper,
  createProviderAgent,
  type DealTerms,
  type Hex,
  type KeeperEvent,
  type ProviderEvent,
  type Terms,
  type WantedDeal,
  wantedOfLayout,
} from '../../src/market/index.ts'
import { createLedger, seeded } from './ledger.ts'

const crypto = defaultCrypto()
const CLIENT: Hex = `0x${'c1'.repeat(20)}`
const PROVIDER: Hex = `0x${'b2'.repeat(20)}`
const TERMS: Terms = {
  token: COIN,
  capacity: 1n << 40n,
  minDurationS: 0,
  price: 10n ** 24n,
  collateral: 10n ** 12n,
  maxDurationS: 10_000_000,
  minPeriodS: 600,
  maxMissed: 3,
}
const clock = { sleep: () => Promise.reject(new Error('a simulation does not sleep')) }

async function makeShard(length: number, seed: number) {
  const random = seeded(seed)
  const bytes = Uint8Array.from({ length }, () => random() * 256)
  const shard = await blockCid(crypto, codec.raw, bytes)
  return {
    bytes,
    shard,
    want: { offer: 1n, shard, length, root: await merkleRoot(crypto, bytes) } satisfies WantedDeal,
  }
}

/** A ledger with one offer, a provider with an empty store, and a client that wants what is put into `wanted`. */
async function createWorld(seed: number, terms: Partial<DealTerms> = {}, offered: Partial<Terms> = {}) {
  const random = seeded(seed)
  const ledger = createLedger(random)
  const store = createMemoryBlockStore()
  await ledger.marketOf(PROVIDER).publish({ ...TERMS, ...offered }, '/ip4/127.0.0.1/tcp/4001')
  const told: ProviderEvent[] = []
  const heard: KeeperEvent[] = []
  const wanted: WantedDeal[] = []
  const pins = new Map<string, number>()
  const leases = {
    pin: async (cid: unknown, { expiresAtS }: { expiresAtS: number }) => void pins.set(String(cid), expiresAtS),
  }
  const agent = (firstDeal = 1n) =>
    createProviderAgent({
      market: ledger.marketOf(PROVIDER),
      offers: [1n],
      shards: store,
      leases,
      clock,
      firstDeal,
      collectEvery: 3,
      onEvent: (event) => told.push(event),
    })
  const keeper = (firstDeal = 1n) =>
    createDealKeeper({
      market: ledger.marketOf(CLIENT),
      wanted: () => wanted,
      terms: { periodS: 600, windows: 6, leaves: 2, ...terms },
      clock,
      firstDeal,
      onEvent: (event) => heard.push(event),
    })
  return { random, ledger, store, told, heard, wanted, pins, agent, keeper }
}

describe('a provider', () => {
  test.each(Array.from({ length: 40 }, (_, seed) => [seed]))(
    'misses no window while it is up, whatever calls fail and however often it is started anew (seed %i)',
    async (seed) => {
      const { random, ledger, store, wanted, agent, keeper, told } = await createWorld(seed)
      for (let i = 0; i < 3; i++) {
        const { bytes, shard, want } = await makeShard(Math.floor(random() * 9_000) + 1, seed * 10 + i)
        await store.put(shard, bytes)
        wanted.push(want)
      }
      let client = keeper()
      let provider = agent()
      const step = 30
      /** Times of passes. */
      const passes: number[] = []
      let downUntil = 0
      ledger.fail(0.15)
      for (let t = 0; t < 9_000; t += step) {
        ledger.pass(step)
        await client.pass()
        if (random() < 0.01) client = keeper(client.firstLive())
        if (random() < 0.012) downUntil = t + Math.floor(random() * 1_500)
        if (t < downUntil) {
          // The process is gone; the next one knows no more than where to begin.
          provider = agent(provider.firstLive())
          continue
        }
        await provider.pass()
        passes.push(ledger.now())
      }
      expect(told.some(({ type }) => type === 'failed')).toBe(true)
      let [proved, missed] = [0, 0]
      for (const one of ledger.deals) {
        const { startsAt, periodS, windows, state } = one.deal
        if (state !== 'running') continue
        for (let window = 0; window < windows && startsAt + (window + 1) * periodS <= ledger.now(); window++) {
          const [from, to] = [startsAt + window * periodS, startsAt + (window + 1) * periodS]
          if (one.proved.has(window)) proved++
          // Ten passes are enough for the six calls of a proof, with a chance of more than a million to one.
          else if (passes.filter((at) => at >= from && at < to).length > 10) missed++
          if (ledger.count(one).missed === TERMS.maxMissed) break
        }
      }
      expect(missed).toBe(0)
      expect(proved).toBeGreaterThan(8)
      // Never two deals for one shard at a time, though answers to opening were lost.
      const live = ledger.deals.filter((one) => one.deal.state !== 'refunded' && !ledger.count(one).over)
      expect(new Set(live.map(({ deal }) => `${deal.shard}`)).size).toBe(live.length)
    },
  )

  test('that lost a shard tells it once a window, loses that deal and no other, and the client hears it', async () => {
    const { ledger, store, told, heard, wanted, agent, keeper } = await createWorld(1)
    const shards = await Promise.all([1, 2].map((seed) => makeShard(3_000, seed)))
    for (const { shard, bytes, want } of shards) {
      await store.put(shard, bytes)
      wanted.push(want)
    }
    const [provider, client] = [agent(), keeper()]
    await client.pass()
    await provider.pass()
    await store.delete(shards[0]!.shard)
    wanted.length = 0
    for (let i = 0; i < 200; i++) {
      ledger.pass(30)
      await provider.pass()
      await client.pass()
    }
    const [lost, kept] = ledger.deals
    expect([lost!.proved.size, kept!.proved.size]).toEqual([0, 6])
    expect(told.filter(({ type }) => type === 'shard-lost').length).toBe(3)
    expect(heard.filter(({ type }) => type === 'missed').map((event) => (event as { missed: number }).missed)).toEqual([
      1, 2, 3,
    ])
    expect(heard.filter(({ type }) => type === 'over')).toEqual([
      { type: 'over', deal: 1n, offer: 1n, shard: shards[0]!.shard, failed: true },
      { type: 'over', deal: 2n, offer: 1n, shard: shards[1]!.shard, failed: false },
    ])
    const { payPerWindow, collateral } = kept!.deal
    expect(ledger.balance(PROVIDER)).toBe(6n * payPerWindow - collateral)
    expect(ledger.balance(CLIENT)).toBe(collateral - 6n * payPerWindow)
    expect(ledger.offers[0]!.used).toBe(0n)
  })

  test('accepts what fits and is here, waits for what is not here yet, and keeps it until the end', async () => {
    const { ledger, store, told, wanted, pins, agent, keeper } = await createWorld(2)
    const [right, late, wrongRoot, wrongLength] = await Promise.all([1, 2, 3, 4].map((seed) => makeShard(2_000, seed)))
    for (const { shard, bytes } of [right!, wrongRoot!, wrongLength!]) await store.put(shard, bytes)
    wanted.push(right!.want, late!.want)
    wanted.push({ ...wrongRoot!.want, root: right!.want.root }, { ...wrongLength!.want, length: 2_001 })
    const provider = agent()
    await keeper().pass()
    await provider.pass()
    expect(told).toEqual([
      { type: 'accepted', deal: 1n },
      { type: 'refused', deal: 3n, reason: 'root' },
      { type: 'refused', deal: 4n, reason: 'length' },
    ])
    expect(pins.get(`${right!.shard}`)).toBe(ledger.deals[0]!.deal.startsAt + 6 * 600)
    await store.put(late!.shard, late!.bytes)
    await provider.pass()
    expect(ledger.deals.map(({ deal }) => deal.state)).toEqual(['running', 'running', 'open', 'open'])
    expect(provider.firstLive()).toBe(1n)
  })

  test('leases the shard of a deal that it had accepted before it was stopped', async () => {
    const { ledger, store, wanted, pins, agent, keeper } = await createWorld(8)
    const { shard, bytes, want } = await makeShard(2_000, 1)
    await store.put(shard, bytes)
    wanted.push(want)
    await keeper().pass()
    // As if the process had ended between the transaction and the lease.
    await ledger.marketOf(PROVIDER).accept(ledger.deals[0]!.deal)
    await agent().pass()
    expect(pins.get(`${shard}`)).toBe(ledger.deals[0]!.deal.startsAt + 6 * 600)
  })

  test('refuses what pays too little and what it is told to refuse', async () => {
    const { ledger, store, told, wanted, keeper } = await createWorld(3)
    const { shard, bytes, want } = await makeShard(100, 1)
    await store.put(shard, bytes)
    wanted.push(want)
    await keeper().pass()
    const base = { market: ledger.marketOf(PROVIDER), offers: [1n], shards: store, clock }
    const onEvent = (event: ProviderEvent) => told.push(event)
    await createProviderAgent({ ...base, leastPay: ledger.deals[0]!.deal.payPerWindow + 1n, onEvent }).pass()
    await createProviderAgent({ ...base, accepts: () => false, onEvent }).pass()
    await createProviderAgent({ ...base, offers: [2n], onEvent }).pass()
    expect(told).toEqual([
      { type: 'refused', deal: 1n, reason: 'pay' },
      { type: 'refused', deal: 1n, reason: 'policy' },
    ])
    expect(ledger.deals[0]!.deal.state).toBe('open')
  })
})

describe('a client', () => {
  test('renews while it wants a shard, lets end what it does not want, and its provider serves on', async () => {
    const { ledger, store, wanted, heard, pins, agent, keeper } = await createWorld(4, { renewBelow: 3 })
    const { shard, bytes, want } = await makeShard(5_000, 1)
    await store.put(shard, bytes)
    wanted.push(want)
    const [provider, client] = [agent(), keeper()]
    for (let t = 0; t < 20 * BEACON_SECONDS; t += 60) {
      ledger.pass(60)
      if (t === 14 * BEACON_SECONDS) wanted.length = 0
      await client.pass()
      await provider.pass()
    }
    const renewed = heard.filter(({ type }) => type === 'renewed').length
    expect(renewed).toBeGreaterThan(1)
    expect(ledger.deals.length).toBe(1)
    const { deal, proved } = ledger.deals[0]!
    expect(deal.windows).toBe(6 + 6 * renewed)
    expect(pins.get(`${shard}`)).toBe(deal.startsAt + deal.windows * 600)
    expect(ledger.count(ledger.deals[0]!).missed).toBe(0)
    expect(proved.size).toBeGreaterThan(15)
  })

  test('renews by no more than the offer takes, and each shard by terms of its own', async () => {
    // Six windows and six more would end after the offer's longest duration.
    const { ledger, store, wanted, heard, agent, keeper } = await createWorld(7, {}, { maxDurationS: 7 * 600 })
    const [one, other] = await Promise.all([1, 2].map((seed) => makeShard(1_000, seed)))
    for (const { shard, bytes } of [one!, other!]) await store.put(shard, bytes)
    wanted.push({ ...one!.want, terms: { renewBelow: 3 } }, { ...other!.want, terms: { windows: 4, leaves: 1 } })
    const [provider, client] = [agent(), keeper()]
    for (let t = 0; t < 12 * BEACON_SECONDS; t += 60) {
      ledger.pass(60)
      await client.pass()
      await provider.pass()
      if (t === 8 * BEACON_SECONDS) wanted.length = 0
    }
    expect(heard.filter(({ type }) => type === 'failed')).toEqual([])
    const [first, second] = ledger.deals
    expect([first!.deal.leaves, second!.deal.leaves]).toEqual([2, 1])
    expect(second!.deal.windows).toBe(4)
    expect(first!.deal.windows).toBeGreaterThan(7)
  })

  test('takes back what nobody accepts and asks again', async () => {
    const { ledger, wanted, heard, keeper } = await createWorld(5, { acceptWithinS: 100 })
    wanted.push((await makeShard(1_000, 1)).want)
    const client = keeper()
    await client.pass()
    ledger.pass(101)
    await client.pass()
    expect(heard.map(({ type }) => type)).toEqual(['opened', 'lapsed', 'opened'])
    expect(ledger.deals.map(({ deal }) => deal.state)).toEqual(['refunded', 'open'])
    expect(client.live().map(({ id }) => id)).toEqual([2n])
    expect(client.firstLive()).toBe(2n)
  })

  test('opens no second deal where it is told not to, neither after the end nor after nobody accepted', async () => {
    const { ledger, store, wanted, heard, agent } = await createWorld(9)
    const [one, other] = await Promise.all([1, 2].map((seed) => makeShard(1_000, seed)))
    await store.put(one!.shard, one!.bytes)
    wanted.push(one!.want, other!.want)
    const client = createDealKeeper({
      market: ledger.marketOf(CLIENT),
      wanted: () => wanted.filter(({ shard }) => !ended.has(`${shard}`)),
      terms: { periodS: 600, windows: 2, acceptWithinS: 100 },
      clock,
      reopen: false,
      onEvent: (event) => heard.push(event),
    })
    const ended = new Set<string>()
    const provider = agent()
    for (let t = 0; t < 5 * BEACON_SECONDS; t += 60) {
      await client.pass()
      await provider.pass()
      for (const event of heard) if (event.type === 'over' || event.type === 'lapsed') ended.add(`${event.shard}`)
      ledger.pass(60)
    }
    expect(heard.map(({ type }) => type)).toEqual(['opened', 'opened', 'lapsed', 'over'])
    expect(ledger.deals.length).toBe(2)
  })

  test('opens nothing while it cannot see what there is, or what is wanted', async () => {
    const { ledger, wanted, heard, keeper } = await createWorld(6)
    wanted.push((await makeShard(1_000, 1)).want)
    const market = ledger.marketOf(CLIENT)
    const lost = () => Promise.reject(new StorageError('STORAGE_UNAVAILABLE', 'no answer'))
    const base = { terms: { periodS: 600, windows: 6 }, clock, onEvent: (event: KeeperEvent) => heard.push(event) }
    const blind = new Proxy(market, {
      get: (target, name, receiver) => (name === 'dealCount' ? lost : Reflect.get(target, name, receiver)),
    })
    await createDealKeeper({ ...base, market: blind, wanted: () => wanted }).pass()
    const torn = async function* () {
      yield wanted[0]!
      await lost()
    }
    await createDealKeeper({ ...base, market, wanted: torn }).pass()
    expect(ledger.deals.length).toBe(0)
    for (const event of heard)
      expect(isStorageError((event as { error: unknown }).error, 'STORAGE_UNAVAILABLE')).toBe(true)
    expect(heard.length).toBe(2)
    await keeper().pass()
    expect(ledger.deals.length).toBe(1)
  })
})

describe('the deals of a layout', () => {
  test('are with the nodes that shards were placed on; with others where those lost them or have no offer', async () => {
    const asked: string[] = []
    const stores = Array.from({ length: 6 }, () => createMemoryBlockStore())
    const nodes = stores.map((store, i) => {
      const node = createLocalNode({ id: `node-${i}`, domain: `site-${i}`, weight: 1, store })
      const has: typeof node.has = (...args) => {
        asked.push(node.id)
        return node.has(...args)
      }
      return { ...node, has }
    })
    const vault = createVault({ nodes: () => nodes, dataShards: 2, totalShards: 4, segmentBytes: 4_096 })
    const layout = await vault.layout((await vault.put([new Uint8Array(60_000)])).root)
    const offerOf = (id: string) => (id === 'node-5' ? undefined : BigInt(id.at(-1)!) + 1n)
    const list = async () => {
      asked.length = 0
      const deals: WantedDeal[] = []
      for await (const deal of wantedOfLayout({ layout, nodes, offerOf })) deals.push(deal)
      return deals
    }
    const all = layout.segments.flatMap(({ shards }) => shards)
    const first = await list()
    const without = (await Promise.all(all.map((shard) => stores[5]!.has(shard)))).filter(Boolean).length
    expect(without).toBeGreaterThan(0)
    expect(first.length).toBe(all.length - without)
    for (const { offer, shard, length, root } of first) {
      const bytes = await stores[Number(offer) - 1]!.get(shard)
      expect([length, root]).toEqual([bytes.length, await merkleRoot(crypto, bytes)])
    }
    // One question a shard; all five nodes with offers for those that none of them has.
    expect(asked.length).toBe(first.length + 5 * without)
    // A shard moves to another node: its deal is with that one.
    const { shard, offer } = first[0]!
    const [from, to] = [stores[Number(offer) - 1]!, stores[Number(offer) % 5]!]
    await to.put(shard, await from.get(shard))
    await from.delete(shard)
    expect((await list())[0]).toMatchObject({ offer: (offer % 5n) + 1n })
    // A node that gives another block is no place for a deal.
    nodes[Number(offer) % 5]!.get = async () => new Uint8Array(3)
    await expect(list()).rejects.toMatchObject({ code: 'STORAGE_CORRUPT' })
  })
})
