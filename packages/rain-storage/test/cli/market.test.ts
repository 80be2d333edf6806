/** Plans, files and leases of the market's commands. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { eventLine } from '../../src/cli/market/event-line.ts'
import {
  changeKept,
  type KeptFile,
  readFirstDeal,
  readKept,
  readMarketSettings,
  writeFirstDeal,
  writeMarketSettings,
} from '../../src/cli/market/files.ts'
import { createProviderMetrics } from '../../src/cli/market/metrics.ts'
import { planDeals } from '../../src/cli/market/plan-deals.ts'
import { dealLeases, leasedNode } from '../../src/cli/market/provider-node.ts'
import { blockCid, codec, createLocalNode, defaultCrypto, StorageError } from '../../src/index.ts'
import { COIN, type Offer, payPerWindow } from '../../src/market/index.ts'
import { openPackStore } from '../../src/platform/index.ts'

const crypto = defaultCrypto()
let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zos-market-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const DAY = 86_400
const cidOf = (text: string) => blockCid(crypto, codec.raw, new TextEncoder().encode(text))
const offerOf = (i: number, fields: Partial<Offer> = {}): Offer => ({
  id: BigInt(i),
  token: COIN,
  capacity: 1n << 40n,
  used: 0n,
  minDurationS: DAY,
  maxDurationS: 100 * DAY,
  minPeriodS: DAY,
  maxMissed: 3,
  price: BigInt(i) * 10n ** 18n,
  collateral: 0n,
  provider: `0x${i.toString(16).padStart(40, '0')}`,
  closed: false,
  peer: `/ip4/10.0.${i}.1/tcp/1/p2p/12D3KooW${'x'.repeat(40)}${'ABCDEFGHJKLMNPQRSTUVWXYZabcdef'[i]}`,
  ...fields,
})

describe('a plan', () => {
  const terms = { periodS: DAY, windows: 30 }
  const layoutOf = async (dataShards: number, totalShards: number, segments: number) => ({
    construction: 'transform' as const,
    dataShards,
    totalShards,
    segments: await Promise.all(
      Array.from({ length: segments }, async (_, s) => ({
        length: 1_000_000,
        shards: await Promise.all(Array.from({ length: totalShards }, (_, i) => cidOf(`${s} ${i}`))),
      })),
    ),
  })

  test('has a deal for every shard, never more of a segment with one provider than may be lost, and says its sum', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 0, max: 6 }),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 0, max: 14 }),
        async (k, spare, segments, count) => {
          const layout = await layoutOf(k, k + spare, segments)
          const offers = Array.from({ length: count }, (_, i) => offerOf(i + 1))
          const most = Math.max(1, spare)
          const plan = () => planDeals({ layout, offers, terms })
          if (count * most < k + spare) {
            expect(plan).toThrow(expect.objectContaining({ code: 'STORAGE_PLACEMENT' }))
            return
          }
          const { shards, sum, opening, offers: chosen } = plan()
          expect(shards.map(({ shard }) => `${shard}`)).toEqual(
            layout.segments.flatMap((one) => one.shards.map(String)),
          )
          expect(opening).toBe(shards.length)
          expect(chosen.map(({ id }) => id)).toEqual(offers.slice(0, k + spare).map(({ id }) => id))
          for (let s = 0; s < segments; s++) {
            const of = shards.slice(s * (k + spare), (s + 1) * (k + spare)).map(({ offer }) => offer.id)
            for (const id of of) expect(of.filter((one) => one === id).length).toBeLessThanOrEqual(most)
          }
          const length = Math.ceil(1_000_000 / k)
          const least = shards.reduce((all, { offer }) => all + payPerWindow(offer, length, DAY) * 30n, 0n)
          // Shards are padded to whole blocks of the code.
          expect(sum >= least && sum < least + least / 50n).toBe(true)
        },
      ),
      { numRuns: 60 },
    )
  })

  test('asks of each offer room for all its shards, and pays nothing for what is under its offer already', async () => {
    const layout = await layoutOf(2, 4, 3)
    // Each of four holds a shard of half a megabyte a segment, each of two holds two.
    const offers = [1, 2, 3, 4].map((i) => offerOf(i, { capacity: i <= 2 ? 3_100_000n : 1_000_000n }))
    const { shards, sum, offers: chosen } = planDeals({ layout, offers, terms })
    expect(chosen.map(({ id }) => id)).toEqual([1n, 2n])
    const small = [offers[0]!, offerOf(2, { capacity: 2_000_000n })]
    expect(() => planDeals({ layout, offers: small, terms })).toThrow(
      expect.objectContaining({ code: 'STORAGE_PLACEMENT' }),
    )
    const under = new Map(shards.map(({ shard, offer }) => [`${shard}`, offer.id]))
    const again = planDeals({ layout, offers, terms, held: (shard) => under.get(shard) })
    expect([again.sum, again.opening]).toEqual([0n, 0])
    const moved = planDeals({
      layout,
      offers: [...offers.slice(1), offerOf(9)],
      terms,
      held: (shard) => under.get(shard),
    })
    expect(moved.opening).toBe(6)
    expect(sum).toBeGreaterThan(0n)
    // Cheaper offers, and that theirs are full by now, move no shard that has a deal; what has none goes to the others.
    const full = offers.slice(0, 2).map((offer) => ({ ...offer, used: offer.capacity }))
    const cheaper = [offerOf(5, { price: 9n * 10n ** 17n }), offerOf(6, { price: 9n * 10n ** 17n })]
    const replan = () => planDeals({ layout, offers: [...cheaper, ...full], terms, held: (shard) => under.get(shard) })
    expect(replan()).toMatchObject({ sum: 0n, opening: 0, offers: full })
    const lost = `${shards[0]!.shard}`
    under.delete(lost)
    const mended = replan()
    expect(mended.opening).toBe(1)
    expect(mended.shards.find(({ shard }) => `${shard}` === lost)!.offer.id).toBe(5n)
    expect(mended.sum).toBe(payPerWindow(cheaper[0]!, 500_000, DAY) * 30n)
    under.set(lost, shards[0]!.offer.id)
    const only = planDeals({ layout, offers: [offerOf(1), offerOf(2), offerOf(3)], only: [2n, 3n], terms })
    expect(only.offers.map(({ id }) => id)).toEqual([2n, 3n])
    expect(() => planDeals({ layout, offers: [1, 2].map((i) => offerOf(i)), terms, maxPrice: 10n ** 18n })).toThrow(
      /2 of 4 shards need offers in 2 failure domains; of 2 offers 1 fit, in 1 domains/,
    )
  })
})

describe('the files of a home', () => {
  test('give what was written into them, and nothing before', async () => {
    expect([await readMarketSettings(folder), await readKept(folder)]).toEqual([undefined, []])
    const settings = { rpc: 'http://x', contract: COIN, chainId: '5', account: 'key' }
    await writeMarketSettings(folder, settings)
    expect(await readMarketSettings(folder)).toEqual(settings)
    const [root, shard] = [await cidOf('root'), await cidOf('shard')]
    const terms = { periodS: 600, windows: 2, leaves: 4 }
    const file: KeptFile = {
      root,
      name: 'letter',
      terms,
      deals: [
        { offer: 3n, shard, length: 12, root: new Uint8Array(32).fill(1), terms },
        { offer: 4n, shard: root, length: 13, root: new Uint8Array(32).fill(2), terms, ended: 'failed' },
      ],
      peers: new Map([[3n, '/ip4/1.2.3.4/tcp/1']]),
      layout: Uint8Array.of(1, 2, 255),
    }
    await changeKept(folder, () => [file])
    expect(await readKept(folder)).toEqual([file])
    // Those who change the list at once do so one after the other.
    const names = Array.from({ length: 8 }, (_, i) => `file ${i}`)
    await Promise.all(names.map((name) => changeKept(folder, (files) => [...files, { ...file, name }])))
    expect((await readKept(folder)).map(({ name }) => name).sort()).toEqual([...names, 'letter'].sort())
  })

  test('keep how far deals are read for each role, chain, market and account alone', async () => {
    const reader = { role: 'provider', chainId: 5n, contract: COIN, account: `0x${'Ab'.repeat(20)}` } as const
    expect(await readFirstDeal(folder, reader)).toBe(undefined)
    await writeFirstDeal(folder, reader, 12n)
    await writeFirstDeal(folder, { ...reader, role: 'client' }, 3n)
    expect(await readFirstDeal(folder, { ...reader, account: `0x${'aB'.repeat(20)}` })).toBe(12n)
    expect(await readFirstDeal(folder, { ...reader, role: 'client' })).toBe(3n)
    for (const other of [{ chainId: 6n }, { contract: `0x${'11'.repeat(20)}` }, { account: COIN }] as const)
      expect(await readFirstDeal(folder, { ...reader, ...other })).toBe(undefined)
  })
})

describe('the node of a provider', () => {
  test('keeps what has no deal for the time it grants, and what has one until a day after its end', async () => {
    let now = 1_000_000
    const store = await openPackStore(folder, { nowS: () => now })
    const local = createLocalNode({ id: 'self', domain: 'self', weight: 1, store, leases: store })
    const node = leasedNode(local, store, { unpaidS: 100, nowS: () => now })
    const shards = await Promise.all(
      ['for ever', 'shortly', 'for long', 'with a deal'].map(async (text) => ({
        cid: await cidOf(text),
        bytes: new TextEncoder().encode(text),
      })),
    )
    const [forever, shortly, long, dealt] = shards as [
      (typeof shards)[0],
      (typeof shards)[0],
      (typeof shards)[0],
      (typeof shards)[0],
    ]
    await node.put(forever.cid, forever.bytes, 0)
    await node.put(shortly.cid, shortly.bytes, now + 50)
    await node.put(long.cid, long.bytes, now + 5000)
    await node.put(dealt.cid, dealt.bytes, 0)
    await dealLeases(store).pin(dealt.cid, { expiresAtS: now + 1000 })
    // Who puts the shard again does not end the lease of its deal.
    await node.put(dealt.cid, dealt.bytes, now + 1)
    const left = async () => {
      await store.collect(() => [])
      const has = await Promise.all(shards.map(({ cid }) => store.has(cid)))
      return shards.filter((_, i) => has[i]).map(({ bytes }) => new TextDecoder().decode(bytes))
    }
    expect(await left()).toHaveLength(4)
    now += 51
    expect(await left()).toEqual(['for ever', 'for long', 'with a deal'])
    now += 50
    expect(await left()).toEqual(['with a deal'])
    now += 899 + DAY - 1
    expect(await left()).toEqual(['with a deal'])
    now += 2
    expect(await left()).toEqual([])
    await store.close()
  })
})

test('events are lines of JSON, and counted', async () => {
  const shard = await cidOf('shard')
  expect(eventLine({ type: 'over', deal: 12n, offer: 3n, shard, failed: true })).toBe(
    `{"type":"over","deal":"12","offer":"3","shard":"${shard}","failed":true}`,
  )
  const error = new StorageError('STORAGE_REVERTED', 'The contract refuses: No')
  expect(JSON.parse(eventLine({ type: 'failed', error }))).toEqual({
    type: 'failed',
    error: 'The contract refuses: No',
  })
  const metrics = createProviderMetrics(() => ({ blocks: 3, bytes: 4000 }))
  metrics.count({ type: 'proved', deal: 1n, window: 0 })
  metrics.count({ type: 'proved', deal: 1n, window: 1 })
  metrics.passed(1_500)
  const lines = metrics.text().split('\n')
  for (const line of [
    'zos_store_market_events_total{type="proved"} 2',
    'zos_store_market_events_total{type="shard-lost"} 0',
    'zos_store_market_last_pass_timestamp_seconds 1.5',
    'zos_store_blocks 3',
    'zos_store_bytes 4000',
  ])
    expect(lines).toContain(line)
  expect(lines.at(-1)).toBe('')
})
