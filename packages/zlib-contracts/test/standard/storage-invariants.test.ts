/**
 * The storage market under random play of providers, clients and strangers, in coins and in a token at once, against a model that walks every window of every
 * deal. After each call: what the contract holds is what was paid in less what was paid out, deal by deal, and each side is due what the model says.
 */
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { ANN, BEN, CAT, createLibrary, DAN, type Made } from './library.ts'
import {
  BEACON,
  COIN,
  createStorageWorld,
  makeShard,
  offer,
  open,
  type StorageWorld,
  sums,
  TERMS,
} from './storage-world.ts'

const LENGTHS = [1, 900, 1_025, 5_000]
const MAX_MISSED = 3
const RICH = 10n ** 20n
const long = process.env.ZOS_LONG === '1'
beforeAll(async () => {
  await createLibrary()
}, 600_000)

interface ModelDeal {
  readonly id: bigint
  readonly client: string
  readonly offer: number
  readonly pay: bigint
  readonly collateral: bigint
  readonly period: number
  readonly acceptBy: number
  readonly shard: Awaited<ReturnType<typeof makeShard>>
  state: 'open' | 'running' | 'refunded'
  startsAt: number
  windows: number
  bought: number
  noticed: boolean
  readonly proved: Set<number>
  in: bigint
  out: { provider: bigint; client: bigint }
}

/** A deal's life until `now`, window by window. */
function walk(deal: ModelDeal, now: number) {
  let [served, missed, failed] = [0, 0, false]
  const shares: bigint[] = []
  for (let window = 0; window < deal.windows && !failed; window++) {
    if (deal.proved.has(window)) served++
    else if (deal.startsAt + (window + 1) * deal.period <= now) {
      missed++
      // The next of the equal shares, each rounded down with those before it.
      const until = (deal.collateral * BigInt(missed)) / BigInt(MAX_MISSED)
      shares.push(until - shares.reduce((a, b) => a + b, 0n))
      failed = missed === MAX_MISSED
    }
  }
  const slashed = shares.reduce((a, b) => a + b, 0n)
  const over = failed || now >= deal.startsAt + deal.windows * deal.period
  const cut = deal.bought - deal.windows
  const provider = deal.pay * BigInt(served) + (over ? deal.collateral - slashed : 0n)
  const client = slashed + deal.pay * BigInt(over ? deal.bought - served : missed + cut)
  const window = Math.floor((now - deal.startsAt) / deal.period)
  return { served, missed, over, provider, client, window }
}

const kinds = ['open', 'accept', 'refund', 'prove', 'rotten', 'renew', 'notice', 'collect', 'reclaim'] as const
type Kind = (typeof kinds)[number]
const step = fc.record({
  kind: fc.constantFrom<Kind>(...kinds, 'accept', 'accept', 'prove', 'prove', 'prove', 'prove'),
  // Who may do it, most of the time; else anybody.
  right: fc.constantFrom(true, true, true, false),
  deal: fc.nat(3),
  who: fc.nat(3),
  size: fc.nat(LENGTHS.length - 1),
  windows: fc.integer({ min: 2, max: 12 }),
  wait: fc.constantFrom(0, 0, 1, 300, 300, 599, 600, 1_300),
})

test('holds what it owes, and owes what the windows say, whatever is called by whomever at any time', async () => {
  const done = new Map<string, number>()
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 45 }), fc.nat(599), async (steps, offset) => {
      const world = await createStorageWorld(1_000_000 * BEACON + offset)
      const token = await world.library.make('PlainToken')
      for (const who of [ANN, BEN, CAT, DAN]) {
        await world.library.setBalance(who, RICH)
        await token.call('mint', [who, RICH])
        await token.call('approve', [world.market.address, RICH], who)
      }
      const providers = [BEN, CAT]
      await offer(world, BEN, { token: COIN })
      await offer(world, CAT, { token: token.address, price: TERMS.price * 3n, collateral: TERMS.collateral * 7n + 1n })
      const deals: ModelDeal[] = []
      const check = () => compare(world, token, deals)
      const attempt = async (deal: ModelDeal, kind: Kind, who: string, windows: number) => {
        const worked = await play(world, deal, { kind, who, windows, provider: providers[deal.offer]! })
        if (worked) done.set(kind, (done.get(kind) ?? 0) + 1)
      }

      for (const one of steps) {
        world.setNow(world.now() + one.wait)
        if (deals.length === 0 || (one.kind === 'open' && deals.length < 4)) {
          const deal = await openDeal(world, one, deals.length)
          deals.push(deal)
          if (one.right) await attempt(deal, 'accept', providers[deal.offer]!, one.windows)
        } else if (one.kind !== 'open') {
          const deal = deals[one.deal % deals.length]!
          const provider = providers[deal.offer]!
          const proper = one.kind === 'accept' || (one.kind === 'notice' && one.who > 1) ? provider : deal.client
          const who = one.right ? proper : [ANN, BEN, CAT, DAN][one.who]!
          await attempt(deal, one.kind, who, one.windows)
        }
        await check()
      }
      // In the end everybody is paid, and nothing is left.
      world.setNow(world.now() + 1_000_000)
      await check()
      for (const deal of deals)
        for (const kind of ['refund', 'collect', 'reclaim'] as const) await attempt(deal, kind, DAN, 2)
      await check()
      expect(await world.library.balanceOf(world.market.address)).toBe(0n)
      expect((await token.call('balanceOf', [world.market.address])).value).toBe(0n)
      for (const id of [1n, 2n])
        expect(((await world.market.call('storageOffer', [id])).value as unknown as { used: bigint }).used).toBe(0n)
    }),
    { numRuns: long ? 300 : 15 },
  )
  for (const kind of kinds)
    if (kind !== 'open') expect((done.get(kind) ?? 0) > 0, `${kind} worked`).toBe(kind !== 'rotten')
}, 600_000)

async function openDeal(world: StorageWorld, one: { size: number; windows: number; who: number }, count: number) {
  const which = count % 2
  const shard = await makeShard(LENGTHS[one.size]!, count + 1)
  const length = BigInt(shard.bytes.length)
  const terms = which === 0 ? TERMS : { ...TERMS, price: TERMS.price * 3n, collateral: TERMS.collateral * 7n + 1n }
  const { pay, collateral } = sums(length, 600n, terms)
  const client = [ANN, DAN][one.who % 2]!
  const value = pay * BigInt(one.windows)
  const ask = { offer: BigInt(which + 1), windows: BigInt(one.windows), leaves: 1n }
  const id = await open(world, client, shard, ask, which === 0 ? value : 0n)
  const times = { period: 600, acceptBy: world.now() + 1_000, startsAt: 0 }
  const money = { pay, collateral, in: value, out: { provider: 0n, client: 0n } }
  const rest = {
    state: 'open' as const,
    windows: one.windows,
    bought: one.windows,
    noticed: false,
    proved: new Set<number>(),
  }
  return { id, client, offer: which, shard, ...times, ...money, ...rest } satisfies ModelDeal
}

/** Makes a call, and the same in the model; both must say the same about whether it can be. */
async function play(
  world: StorageWorld,
  deal: ModelDeal,
  { kind, windows, who, provider }: { kind: Kind; windows: number; who: string; provider: string },
): Promise<boolean> {
  const now = world.now()
  const { over, window, provider: forProvider, client: forClient } = walk(deal, now)
  const runs = deal.state === 'running'
  const live = runs && !over
  const inCoins = (amount: bigint) => (deal.offer === 0 ? amount : 0n)
  const call: StorageWorld['market']['call'] = (...args) => world.market.call(...args)
  let [can, act]: [boolean, () => Promise<unknown>] = [false, () => Promise.resolve()]
  let apply = () => {}
  if (kind === 'accept') {
    can = deal.state === 'open' && now <= deal.acceptBy && who === provider
    act = () => call('acceptStorageDeal', [deal.id], who, inCoins(deal.collateral))
    apply = () => {
      deal.state = 'running'
      deal.startsAt = now - (now % BEACON) + BEACON
      deal.in += deal.collateral
    }
  } else if (kind === 'refund') {
    can = deal.state === 'open' && (who === deal.client || now > deal.acceptBy)
    act = () => call('refundStorageDeal', [deal.id], who)
    apply = () => {
      deal.state = 'refunded'
      deal.out.client += deal.pay * BigInt(deal.bought)
    }
  } else if (kind === 'prove' || kind === 'rotten') {
    can = live && window >= 0 && !deal.proved.has(window) && kind === 'prove'
    const bytes = kind === 'prove' ? deal.shard.bytes : deal.shard.bytes.map((byte) => byte ^ 1)
    act = () => world.prove(deal.id, bytes, 1, who)
    apply = () => deal.proved.add(window)
  } else if (kind === 'renew') {
    can = live && !deal.noticed && who === deal.client
    const price = deal.pay * BigInt(windows)
    act = () => call('renewStorage', [deal.id, windows], who, inCoins(price))
    apply = () => {
      deal.windows += windows
      deal.bought += windows
      deal.in += price
    }
  } else if (kind === 'notice') {
    can = live && !deal.noticed && (who === deal.client || who === provider)
    act = () => call('noticeStorage', [deal.id], who)
    apply = () => {
      const shortest = who === deal.client ? Math.ceil(Number(TERMS.minDuration) / deal.period) : 0
      deal.noticed = true
      deal.windows = Math.min(deal.windows, Math.max(Math.max(0, window) + 1 + MAX_MISSED, shortest))
    }
  } else {
    can = runs
    act = () => call(kind === 'collect' ? 'collectStorage' : 'reclaimStorage', [deal.id], who)
    apply = () => {
      if (kind === 'collect') deal.out.provider = forProvider
      else deal.out.client = forClient
    }
  }
  const worked = await act().then(
    () => true,
    () => false,
  )
  expect(worked, `${kind} of ${deal.state} deal ${deal.id}`).toBe(can)
  if (can) apply()
  return can
}

async function compare(world: StorageWorld, token: Made, deals: readonly ModelDeal[]) {
  const held = [0n, 0n]
  for (const deal of deals) {
    const left = deal.in - deal.out.provider - deal.out.client
    held[deal.offer]! += left
    if (deal.state !== 'running') continue
    const { missed, over, provider, client } = walk(deal, world.now())
    const standing = await world.standing(deal.id)
    expect(standing).toMatchObject({
      missed: BigInt(missed),
      over,
      toProvider: provider - deal.out.provider,
      toClient: client - deal.out.client,
    })
    // Never more than this deal brought in; at its end exactly that.
    if (over) expect(standing.toProvider + standing.toClient).toBe(left)
    else expect(standing.toProvider + standing.toClient).toBeLessThanOrEqual(left)
  }
  expect(await world.library.balanceOf(world.market.address)).toBe(held[0])
  expect((await token.call('balanceOf', [world.market.address])).value).toBe(held[1])
}
