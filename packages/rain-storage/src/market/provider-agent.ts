/**
 * What a provider runs: it looks for deals of its offers, accepts those that fit and whose shard it holds, proves every window and collects. All that it
 * has to know again after a stop is on the ledger; a call that failed is looked at anew in the next pass, so that a transaction whose answer was lost does no harm.
 */
import { sameBytes } from '../content/bytes.ts'
import { defaultCrypto } from '../crypto/default.ts'
import type { CryptoPort } from '../crypto/port.ts'
import { isStorageError } from '../errors.ts'
import { answerChallenge, merkleRoot } from '../rain/audit.ts'
import type { Leases, StorageNode } from '../rain/node.ts'
import type { MarketClock } from './chain.ts'
import type { Deal, StorageMarket } from './market.ts'
import { repeatPasses } from './repeat-passes.ts'

/** Why a deal is not accepted. */
export type Refusal = 'length' | 'root' | 'pay' | 'policy'

/** What an agent tells. */
export type ProviderEvent =
  | { readonly type: 'accepted' | 'over'; readonly deal: bigint }
  | { readonly type: 'refused'; readonly deal: bigint; readonly reason: Refusal }
  | { readonly type: 'proved'; readonly deal: bigint; readonly window: number }
  /** a shard that a running deal needs is not here whole: fetch it again, or the window is missed */
  | { readonly type: 'shard-lost'; readonly deal: bigint; readonly lastSecond: number }
  /** a call failed; the next pass tries again what is still to be done */
  | { readonly type: 'failed'; readonly deal?: bigint; readonly error: unknown }

/** What {@link createProviderAgent} is made of. */
export interface ProviderAgentOptions {
  readonly market: StorageMarket
  /** offers of the market's account that the agent serves */
  readonly offers: readonly bigint[]
  /** where shards are: a block store or a node */
  readonly shards: Pick<StorageNode, 'get' | 'has'>
  /** keeps the shards of accepted deals until their end */
  readonly leases?: Leases
  readonly crypto?: CryptoPort
  readonly clock: MarketClock
  /** least pay of a window, e.g. the gas of a proof; default 0 */
  readonly leastPay?: bigint
  /** a last word on deals that fit otherwise */
  readonly accepts?: (deal: Deal) => boolean | Promise<boolean>
  /** windows that are collected together, default 24; the end of a deal is always collected */
  readonly collectEvery?: number
  /** first deal to look at: one that {@link ProviderAgent.firstLive} gave. Default 1 */
  readonly firstDeal?: bigint
  readonly onEvent?: (event: ProviderEvent) => void
}

/** A provider at work. */
export interface ProviderAgent {
  /** One pass over all that is to be done now. Rejects only when `signal` ends it; what fails is told by `onEvent`. */
  pass(options?: { signal?: AbortSignal | undefined }): Promise<void>
  /** Passes until `signal` ends it. */
  run(options: { signal: AbortSignal; intervalMs?: number }): Promise<void>
  /** The oldest deal that still needs the agent: where the next one may begin. */
  firstLive(): bigint
}

/** Seconds before the last one in which a deal is still accepted. */
const ACCEPT_MARGIN_S = 10

/** A deal that the agent has to do with. */
interface Watched {
  deal: Deal
  /** window that is known to be proved */
  proved: number
  /** windows proved since the last collection */
  uncollected: number
  /** window for which the loss of the shard was told */
  lost: number
  /** until when this agent has leased the shard */
  leasedUntilS: number
}

/** Makes an agent. It does nothing until a pass. */
export function createProviderAgent(options: ProviderAgentOptions): ProviderAgent {
  const { market, shards, leases } = options
  const crypto = options.crypto ?? defaultCrypto()
  const { clock } = options
  const collectEvery = options.collectEvery ?? 24
  const offers = new Set(options.offers)
  const watched = new Map<bigint, Watched>()
  let next = options.firstDeal ?? 1n
  const tell = (event: ProviderEvent) => options.onEvent?.(event)

  async function discover(signal: AbortSignal | undefined): Promise<void> {
    const count = await market.dealCount()
    for (; next <= count; next++) {
      signal?.throwIfAborted()
      const deal = await market.deal(next)
      if (deal === undefined || !offers.has(deal.offer) || deal.state === 'refunded') continue
      watched.set(next, { deal, proved: -1, uncollected: 0, lost: -1, leasedUntilS: 0 })
    }
  }

  /** `true` for a deal to accept, `undefined` while its shard is not here yet. */
  async function fits(deal: Deal): Promise<true | Refusal | undefined> {
    if (deal.payPerWindow < (options.leastPay ?? 0n)) return 'pay'
    if (!(await shards.has(deal.shard))) return undefined
    const bytes = await shards.get(deal.shard)
    if (bytes.length !== deal.length) return 'length'
    if (!sameBytes(await merkleRoot(crypto, bytes, 'rfc6962'), deal.root)) return 'root'
    return (await options.accepts?.(deal)) === false ? 'policy' : true
  }

  async function consider(one: Watched, now: number): Promise<void> {
    const { id, acceptBy } = one.deal
    if (now + ACCEPT_MARGIN_S > acceptBy) {
      // It may have been accepted in a call whose answer was lost.
      const deal = await market.deal(id)
      if (deal?.state === 'running') one.deal = deal
      else watched.delete(id)
      return
    }
    const verdict = await fits(one.deal)
    if (verdict === undefined) return
    if (verdict !== true) {
      watched.delete(id)
      tell({ type: 'refused', deal: id, reason: verdict })
      return
    }
    const fresh = await market.deal(id)
    if (fresh?.state === 'open') {
      await market.accept(fresh)
      tell({ type: 'accepted', deal: id })
    }
    const deal = fresh?.state === 'refunded' ? undefined : await market.deal(id)
    if (deal?.state === 'running') {
      one.deal = deal
      await lease(one)
    } else if (deal === undefined || deal.state === 'refunded') watched.delete(id)
  }

  async function lease(one: Watched): Promise<void> {
    const expiresAtS = endOf(one.deal)
    if (one.leasedUntilS === expiresAtS) return
    await leases?.pin(one.deal.shard, { expiresAtS })
    one.leasedUntilS = expiresAtS
  }

  async function serve(one: Watched, now: number): Promise<void> {
    const { id, startsAt, periodS } = one.deal
    // The agent that accepted it may have stopped before it had leased the shard.
    await lease(one)
    if (now < startsAt) return
    const window = Math.floor((now - startsAt) / periodS)
    // A proved window is over before there is anything to do; renewals and notices are read with the next one.
    if (one.proved === window) return
    const asked = await market.challenge(id)
    if (asked === undefined) return finish(one)
    if (!asked.proved) {
      let { nonce } = asked
      if (nonce === undefined) {
        await market.recordBeacon(asked.time)
        nonce = (await market.challenge(id))?.nonce
        if (nonce === undefined) return
      }
      const bytes = await shardOf(one.deal)
      if (bytes === undefined) {
        if (one.lost !== asked.window) tell({ type: 'shard-lost', deal: id, lastSecond: asked.lastSecond })
        one.lost = asked.window
        return
      }
      await market.prove(id, await answerChallenge(crypto, bytes, { nonce, leaves: one.deal.leaves }, 'rfc6962'))
      tell({ type: 'proved', deal: id, window: asked.window })
    }
    one.proved = asked.window
    one.uncollected++
    const deal = await market.deal(id)
    if (deal !== undefined && deal.windows !== one.deal.windows) {
      one.deal = deal
      await lease(one)
    }
    if (one.uncollected < collectEvery) return
    await market.collect(id)
    one.uncollected = 0
  }

  async function finish(one: Watched): Promise<void> {
    const { id } = one.deal
    const { over, toProvider } = await market.standing(id)
    if (!over) return
    const settled = (await market.deal(id))?.settled === true
    // Also when nothing is due: the offer gets its capacity back.
    if (toProvider > 0n || !settled) await market.collect(id)
    watched.delete(id)
    tell({ type: 'over', deal: id })
  }

  async function shardOf(deal: Deal): Promise<Uint8Array | undefined> {
    try {
      return await shards.get(deal.shard)
    } catch (error) {
      if (!isStorageError(error)) throw error
      return undefined
    }
  }

  async function attempt(deal: bigint | undefined, signal: AbortSignal | undefined, act: () => Promise<unknown>) {
    try {
      await act()
    } catch (error) {
      signal?.throwIfAborted()
      tell({ type: 'failed', error, ...(deal === undefined ? {} : { deal }) })
    }
  }

  async function pass({ signal }: { signal?: AbortSignal | undefined } = {}): Promise<void> {
    let now = 0
    await attempt(undefined, signal, async () => {
      now = await market.now()
    })
    if (now === 0) return
    await attempt(undefined, signal, () => discover(signal))
    // Windows that end first, first: what is late costs collateral. New deals wait.
    const running = [...watched.values()].filter(({ deal }) => deal.state === 'running')
    const left = ({ deal: { startsAt, periodS } }: Watched) => periodS - ((now - startsAt) % periodS)
    for (const one of running.toSorted((a, b) => left(a) - left(b))) {
      signal?.throwIfAborted()
      await attempt(one.deal.id, signal, () => serve(one, now))
    }
    for (const one of [...watched.values()].filter(({ deal }) => deal.state === 'open')) {
      signal?.throwIfAborted()
      await attempt(one.deal.id, signal, () => consider(one, now))
    }
  }

  return {
    pass,
    run: ({ signal, intervalMs = 5_000 }) => repeatPasses(pass, clock, signal, intervalMs),
    firstLive: () => [...watched.keys()].reduce((least, id) => (id < least ? id : least), next),
  }
}

/** The second in which a running deal ends. */
function endOf({ startsAt, periodS, windows }: Deal): number {
  return startsAt + periodS * windows
}
