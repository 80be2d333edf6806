/** The choice of offers and the assignment of shards, beside what they promise. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  assignShards,
  COIN,
  chooseOffers,
  type DealNeeds,
  fewestDomains,
  fitsOffer,
  type Offer,
  placeOfPeer,
} from '../../src/market/index.ts'

const NEEDS: DealNeeds = { bytes: 1000, periodS: 86_400, windows: 30 }
const peerId = (i: number) => `12D3KooW${'ABCDEFGHJKLMNPQRSTUVWXYZ'[i]!.repeat(44)}`
const offerOf = (fields: Partial<Offer> = {}): Offer => ({
  id: 1n,
  token: COIN,
  capacity: 10_000n,
  used: 0n,
  minDurationS: 86_400,
  maxDurationS: 365 * 86_400,
  minPeriodS: 3_600,
  maxMissed: 3,
  price: 100n,
  collateral: 0n,
  provider: `0x${'a1'.repeat(20)}`,
  closed: false,
  peer: `/ip4/10.0.0.1/tcp/4001/p2p/${peerId(0)}`,
  ...fields,
})

describe('an offer', () => {
  test('fits when all its terms do', () => {
    expect(fitsOffer(offerOf(), NEEDS)).toBe(true)
    const unfit: Partial<Offer>[] = [
      { closed: true },
      { token: `0x${'11'.repeat(20)}` },
      { used: 9_001n },
      { minDurationS: 31 * 86_400 },
      { maxDurationS: 29 * 86_400 },
      { minPeriodS: 86_401 },
      { peer: '/ip4/10.0.0.1/tcp/4001' },
    ]
    for (const fields of unfit)
      expect(
        fitsOffer(offerOf(fields), NEEDS),
        JSON.stringify(fields, (_, v) => `${v}`),
      ).toBe(false)
    expect(fitsOffer(offerOf({ used: 9_000n }), NEEDS)).toBe(true)
    expect(fitsOffer(offerOf(), { ...NEEDS, maxPrice: 100n })).toBe(true)
    expect(fitsOffer(offerOf(), { ...NEEDS, maxPrice: 99n })).toBe(false)
    expect(fitsOffer(offerOf({ token: `0x${'ab'.repeat(20)}` }), { ...NEEDS, token: `0x${'AB'.repeat(20)}` })).toBe(
      true,
    )
  })

  test('is in the network that its address shows, and understood only as an address', () => {
    const network = (host: string) => placeOfPeer(`/${host}/tcp/1/p2p/${peerId(0)}`)?.network
    expect(network('ip4/10.1.2.3')).toBe(network('ip4/10.1.2.200'))
    expect(network('ip4/10.1.2.3')).not.toBe(network('ip4/10.1.3.3'))
    expect(network('ip4/127.0.0.1')).toBe(peerId(0))
    expect(network('ip6/::1')).toBe(peerId(0))
    expect(network('ip6/2001:db8:1::5')).toBe(network('ip6/2001:0DB8:0001:9:1:2:3:4'))
    expect(network('ip6/2001:db8:1::5')).not.toBe(network('ip6/2001:db8:2::5'))
    expect(network('ip6/2001:db8::5')).toBe('2001:db8:0')
    expect(network('dns/a.Storage.example')).toBe(network('dns4/b.storage.example'))
    expect(network('dns/storage.example')).not.toBe(network('dns/storage.test'))
    for (const text of [
      '',
      '/ip4/1.2.3.4',
      `/unix/x/p2p/${peerId(0)}`,
      `/ip4/1.2.3.4/tcp/1/p2p/${peerId(0)}\u001b[2J`,
      `/dns/a b/tcp/1/p2p/${peerId(0)}`,
    ])
      expect(placeOfPeer(text)).toBe(undefined)
  })
})

const offers = fc
  .array(
    fc.record({
      price: fc.bigInt(0n, 5n),
      closed: fc.boolean(),
      provider: fc.integer({ min: 0, max: 5 }).map((i) => `0x${String(i).repeat(40)}` as const),
      peer: fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 7 })),
    }),
    { maxLength: 20 },
  )
  .map((list) =>
    list.map(({ peer: [net, id], ...fields }, i) =>
      offerOf({ ...fields, id: BigInt(i + 1), peer: `/ip4/10.0.${net}.1/tcp/1/p2p/${peerId(id)}` }),
    ),
  )
const share = (a: Offer, b: Offer) =>
  a.provider === b.provider ||
  placeOfPeer(a.peer)!.id === placeOfPeer(b.peer)!.id ||
  placeOfPeer(a.peer)!.network === placeOfPeer(b.peer)!.network
/** Dearer, or as dear and younger. */
const before = (a: Offer, b: Offer) => (a.price === b.price ? a.id < b.id : a.price < b.price)

describe('chosen offers', () => {
  test('fit, share nothing, and none that was left is better than one of them', () => {
    fc.assert(
      fc.property(offers, fc.integer({ min: 0, max: 6 }), (list, count) => {
        const chosen = chooseOffers({ offers: list, needs: NEEDS, count })
        expect(chosen.length).toBeLessThanOrEqual(count)
        for (const [i, one] of chosen.entries()) {
          expect(fitsOffer(one, NEEDS)).toBe(true)
          for (const other of chosen.slice(i + 1)) {
            expect(share(one, other)).toBe(false)
            expect(before(one, other)).toBe(true)
          }
        }
        for (const left of list.filter((one) => fitsOffer(one, NEEDS) && !chosen.includes(one))) {
          // It stands behind all of them when there are enough, or a better one is in its domain.
          const crowded = chosen.length === count && chosen.every((one) => before(one, left))
          expect(crowded || chosen.some((one) => share(one, left) && before(one, left))).toBe(true)
        }
      }),
      { numRuns: 500 },
    )
  })

  test('are apart by what the client knows of a peer, before what its address shows', () => {
    const list = [1, 2, 3].map((i) =>
      offerOf({
        id: BigInt(i),
        provider: `0x${String(i).repeat(40)}`,
        peer: `/ip4/10.0.0.${i}/tcp/1/p2p/${peerId(i)}`,
      }),
    )
    const ids = (domainOf?: (peer: string) => string | undefined) =>
      chooseOffers({ offers: list, needs: NEEDS, count: 3, ...(domainOf && { domainOf }) }).map(({ id }) => id)
    expect(ids()).toEqual([1n])
    expect(ids((peer) => (peer === peerId(3) ? 'another site' : undefined))).toEqual([1n, 3n])
  })
})

describe('shards', () => {
  test('are spread evenly over offers, and stay where they are as far as that goes', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 1, max: 6 }),
        fc.array(fc.option(fc.integer({ min: 1, max: 9 })), { minLength: 160, maxLength: 160 }),
        fc.nat(3),
        (totalShards, segmentCount, offerCount, places, more) => {
          const ids = Array.from({ length: offerCount }, (_, i) => BigInt(i + 1))
          const segments = Array.from({ length: segmentCount }, (_, s) =>
            Array.from({ length: totalShards }, (_, i) => s * totalShards + i),
          )
          const held = (shard: number) => {
            const place = places[shard]
            return place === null || place === undefined ? undefined : BigInt(place)
          }
          const share = Math.ceil(totalShards / offerCount)
          const most = share + more
          const assigned = assignShards(segments, ids, more === 0 ? { held } : { held, most })
          for (const [s, row] of assigned.entries()) {
            expect(row.length).toBe(totalShards)
            for (const id of ids) {
              const load = row.filter((one) => one === id).length
              const wereThere = segments[s]!.filter((shard) => held(shard) === id)
              const stayed = row.filter((one, i) => one === id && held(segments[s]![i]!) === id).length
              expect(stayed).toBe(Math.min(wereThere.length, most))
              expect(load).toBeLessThanOrEqual(Math.max(stayed, share))
            }
            expect(row.every((one) => ids.includes(one))).toBe(true)
          }
          // The same plan again moves nothing.
          const now = new Map(segments.flatMap((row, s) => row.map((shard, i) => [shard, assigned[s]![i]!] as const)))
          expect(assignShards(segments, ids, { held: (shard) => now.get(shard), most })).toEqual(assigned)
        },
      ),
      { numRuns: 300 },
    )
  })

  test('lie in so many domains that no more than n − k are in one', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 255 }), fc.integer({ min: 1, max: 255 }), (a, b) => {
        const [k, n] = [Math.min(a, b), Math.max(a, b)]
        const fewest = fewestDomains(k, n)
        const most = Math.max(1, n - k)
        expect(Math.ceil(n / fewest)).toBeLessThanOrEqual(most)
        if (fewest > 1) expect(Math.ceil(n / (fewest - 1))).toBeGreaterThan(most)
      }),
    )
  })
})
