/**
 * The storage market's rules in plain TypeScript, for simulations: a chain that is never reorganised, accounts with money, and calls that fail by a seeded chance, before they
 * have done anything or after it. The contract itself is run against the same client in @zos/zlib-contracts (test/standard/storage-client.test.ts).
 */
import { defaultCrypto, StorageError } from '../../src/index.ts'
import {
  type Ask,
  BEACON_SECONDS,
  collateralOf,
  type Deal,
  type Hex,
  type Offer,
  payPerWindow,
  type StorageMarket,
} from '../../src/market/index.ts'
import { checkAnswer } from '../../src/rain/audit.ts'

const crypto = defaultCrypto()

/** A generator of numbers from 0 to below 1 (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b_79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A deal and what happened to it. */
export interface LedgerDeal {
  deal: Deal
  bought: number
  readonly proved: Set<number>
  paidToProvider: bigint
  paidToClient: bigint
}

/** Makes a ledger whose clock stands at `start`. */
export function createLedger(random: () => number, start = 1_000_000 * BEACON_SECONDS + 17) {
  const offers: Offer[] = []
  const deals: LedgerDeal[] = []
  const beacons = new Map<number, Uint8Array>()
  const balances = new Map<Hex, bigint>()
  let now = start
  let failing = 0

  const move = (account: Hex, amount: bigint) => balances.set(account, (balances.get(account) ?? 0n) + amount)
  const refuse = (error: string): never => {
    throw new StorageError('STORAGE_REVERTED', `The contract refuses: ${error}`, { error })
  }
  const dealOf = (id: bigint) => deals[Number(id) - 1] ?? refuse('StorageDealNotRunning')

  function count(one: LedgerDeal) {
    const { deal } = one
    let [missed, served, failed] = [0, 0, false]
    for (let window = 0; window < deal.windows && !failed; window++) {
      if (one.proved.has(window)) served++
      else if (deal.startsAt + (window + 1) * deal.periodS <= now) failed = ++missed === deal.maxMissed
    }
    const over = failed || now >= deal.startsAt + deal.windows * deal.periodS
    const slashed = (deal.collateral * BigInt(missed)) / BigInt(deal.maxMissed)
    const unserved = over ? one.bought - served : missed + one.bought - deal.windows
    return {
      counted: served + missed,
      missed,
      over,
      toProvider: deal.payPerWindow * BigInt(served) + (over ? deal.collateral - slashed : 0n) - one.paidToProvider,
      toClient: deal.payPerWindow * BigInt(unserved) + slashed - one.paidToClient,
    }
  }
  const running = (id: bigint) => {
    const one = dealOf(id)
    if (one.deal.state !== 'running' || count(one).over) refuse('StorageDealNotRunning')
    return one
  }
  const windowOf = ({ deal }: LedgerDeal) => Math.floor((now - deal.startsAt) / deal.periodS)

  function marketOf(account: Hex): StorageMarket {
    const market: StorageMarket = {
      account,
      now: async () => now,
      offerCount: async () => BigInt(offers.length),
      offer: async (id) => offers[Number(id) - 1],
      dealCount: async () => BigInt(deals.length),
      deal: async (id) => deals[Number(id) - 1]?.deal,
      standing: async (id) => count(dealOf(id)),
      async challenge(id) {
        const one = dealOf(id)
        if (one.deal.state !== 'running' || now < one.deal.startsAt || count(one).over) return undefined
        const window = windowOf(one)
        const time = one.deal.startsAt + window * one.deal.periodS
        const randomness = beacons.get(time)
        const proved = one.proved.has(window)
        const lastSecond = time + one.deal.periodS - 1
        if (randomness === undefined) return { window, time, lastSecond, proved }
        return { window, time, lastSecond, proved, nonce: await nonceOf(randomness, id) }
      },
      async publish(terms, peer) {
        offers.push({ ...terms, id: BigInt(offers.length + 1), provider: account, used: 0n, closed: false, peer })
        return BigInt(offers.length)
      },
      async closeOffer(id) {
        offers[Number(id) - 1] = { ...offers[Number(id) - 1]!, closed: true }
      },
      async movePeer(id, peer) {
        offers[Number(id) - 1] = { ...offers[Number(id) - 1]!, peer }
      },
      async open(ask: Ask) {
        const offer = offers[Number(ask.offer) - 1]
        if (offer === undefined || offer.closed) return refuse('StorageOfferGone')
        const pay = payPerWindow(offer, ask.length, ask.periodS)
        const id = BigInt(deals.length + 1)
        const times = { startsAt: 0, noticed: false, settled: false, maxMissed: offer.maxMissed }
        const collateral = collateralOf(offer, ask.length)
        deals.push({
          deal: { ...ask, ...times, id, client: account, state: 'open', payPerWindow: pay, collateral },
          bought: ask.windows,
          proved: new Set(),
          paidToProvider: 0n,
          paidToClient: 0n,
        })
        move(account, -pay * BigInt(ask.windows))
        return id
      },
      async accept({ id }) {
        const one = dealOf(id)
        const offer = offers[Number(one.deal.offer) - 1]!
        if (one.deal.state !== 'open') refuse('StorageDealNotOpen')
        if (account !== offer.provider) refuse('NotStorageParty')
        if (now > one.deal.acceptBy) refuse('StorageDealTooLate')
        if (offer.used + BigInt(one.deal.length) > offer.capacity) refuse('StorageOfferFull')
        offers[Number(offer.id) - 1] = { ...offer, used: offer.used + BigInt(one.deal.length) }
        one.deal = { ...one.deal, state: 'running', startsAt: now - (now % BEACON_SECONDS) + BEACON_SECONDS }
        move(account, -one.deal.collateral)
      },
      async refund(id) {
        const one = dealOf(id)
        if (one.deal.state !== 'open') refuse('StorageDealNotOpen')
        one.deal = { ...one.deal, state: 'refunded' }
        move(one.deal.client, one.deal.payPerWindow * BigInt(one.bought))
      },
      async prove(id, proofs) {
        const one = running(id)
        const asked = await market.challenge(id)
        if (asked === undefined) return refuse('StorageDealNotRunning')
        if (asked.proved) refuse('StorageWindowProved')
        if (asked.nonce === undefined) return refuse('StorageBeaconMissing')
        const { root, length, leaves } = one.deal
        const right = await checkAnswer(crypto, root, length, { nonce: asked.nonce, leaves }, proofs)
        if (!right) refuse('StorageProofWrong')
        one.proved.add(asked.window)
      },
      async renew({ id }, windows) {
        const one = running(id)
        if (one.deal.noticed) refuse('StorageDealNoticed')
        const offer = offers[Number(one.deal.offer) - 1]!
        if (offer.closed) refuse('StorageOfferGone')
        const left = one.deal.windows + windows - Math.max(0, windowOf(one))
        if (windows === 0 || left * one.deal.periodS > offer.maxDurationS) refuse('BadStorageAsk')
        one.deal = { ...one.deal, windows: one.deal.windows + windows }
        one.bought += windows
        move(account, -one.deal.payPerWindow * BigInt(windows))
      },
      async notice(id) {
        const one = running(id)
        const windows = Math.min(one.deal.windows, Math.max(0, windowOf(one)) + 1 + one.deal.maxMissed)
        one.deal = { ...one.deal, noticed: true, windows }
      },
      async collect(id) {
        const one = settle(id)
        const { toProvider } = count(one)
        one.paidToProvider += toProvider
        move(offers[Number(one.deal.offer) - 1]!.provider, toProvider)
      },
      async reclaim(id) {
        const one = settle(id)
        const { toClient } = count(one)
        one.paidToClient += toClient
        move(one.deal.client, toClient)
      },
      async recordBeacon(time) {
        if (now < time) throw new StorageError('STORAGE_NOT_FOUND', 'not yet', { time })
        if (!beacons.has(time)) beacons.set(time, await crypto.sha256(Uint8Array.of(random() * 256, random() * 256)))
      },
    }
    return market
  }

  function settle(id: bigint): LedgerDeal {
    const one = dealOf(id)
    if (one.deal.state !== 'running') refuse('StorageDealNotRunning')
    if (count(one).over && !one.deal.settled) {
      const offer = offers[Number(one.deal.offer) - 1]!
      offers[Number(offer.id) - 1] = { ...offer, used: offer.used - BigInt(one.deal.length) }
      one.deal = { ...one.deal, settled: true }
    }
    return one
  }

  /** The market whose calls fail by the chance of {@link fail}: half of them after they have done what they should. */
  function flaky(market: StorageMarket): StorageMarket {
    const lost = () => new StorageError('STORAGE_UNAVAILABLE', 'The answer was lost')
    return new Proxy(market, {
      get(target, name, receiver) {
        const value = Reflect.get(target, name, receiver)
        if (typeof value !== 'function') return value
        return async (...args: unknown[]) => {
          const fails = random() < failing
          const before = random() < 0.5
          if (fails && before) throw lost()
          const answer = await value(...args)
          if (fails) throw lost()
          return answer
        }
      },
    })
  }

  return {
    deals,
    offers,
    count,
    now: () => now,
    pass: (seconds: number) => {
      now += seconds
    },
    /** Chance that a call fails, from now on. */
    fail: (chance: number) => {
      failing = chance
    },
    balance: (account: Hex) => balances.get(account) ?? 0n,
    marketOf: (account: Hex) => flaky(marketOf(account)),
  }
}

async function nonceOf(randomness: Uint8Array, id: bigint): Promise<Uint8Array> {
  return crypto.sha256(Uint8Array.of(...randomness, Number(id % 256n)))
}
