/**
 * What a client runs: it opens a deal for every shard that it wants kept, renews before the end, takes back what lapsed and what is due for missed
 * windows, and tells which shards have no deal any more. What it has to know again after a stop is on the ledger.
 */
import type { CID } from 'multiformats/cid'
import { isBlockOf } from '../content/cid.ts'
import { defaultCrypto } from '../crypto/default.ts'
import type { CryptoPort } from '../crypto/port.ts'
import { isStorageError, StorageError } from '../errors.ts'
import { merkleRoot } from '../rain/audit.ts'
import type { Layout } from '../rain/layout.ts'
import type { StorageNode } from '../rain/node.ts'
import { placedSlots } from '../rain/shard-plan.ts'
import type { MarketClock } from './chain.ts'
import type { Deal, StorageMarket } from './market.ts'
import { repeatPasses } from './repeat-passes.ts'

/** A shard to keep, and under whose offer. */
export interface WantedDeal {
  readonly offer: bigint
  readonly shard: CID
  readonly length: number
  /** `merkleRoot(crypto, bytes, 'rfc6962')` */
  readonly root: Uint8Array
  /** where its deals are to be other than {@link DealKeeperOptions.terms} say */
  readonly terms?: Partial<DealTerms>
}

/** How the deals of a keeper are. */
export interface DealTerms {
  /** seconds of a window */
  readonly periodS: number
  readonly windows: number
  /** default 3,600 */
  readonly acceptWithinS?: number
  /** leaves a proof shows, default 4 */
  readonly leaves?: number
  /** a deal with fewer windows left is renewed by as many as a new one has, or as the offer's longest duration allows; default 0: none is renewed */
  readonly renewBelow?: number
}

/** Which deal an event is about. */
interface OfDeal {
  readonly deal: bigint
  readonly offer: bigint
  readonly shard: CID
}

/** What a keeper tells. */
export type KeeperEvent =
  | ({ readonly type: 'opened' | 'renewed' | 'lapsed' } & OfDeal)
  /** windows were missed: the shard may be lost there, look and repair */
  | ({ readonly type: 'missed'; readonly missed: number } & OfDeal)
  /** the deal is over, with all windows that may be missed or without */
  | ({ readonly type: 'over'; readonly failed: boolean } & OfDeal)
  | { readonly type: 'failed'; readonly deal?: bigint; readonly error: unknown }

/** What {@link createDealKeeper} is made of. */
export interface DealKeeperOptions {
  readonly market: StorageMarket
  /** what is to be kept now; asked for at every pass */
  readonly wanted: () => AsyncIterable<WantedDeal> | Iterable<WantedDeal>
  readonly terms: DealTerms
  readonly clock: MarketClock
  /** first deal to look at: one that {@link DealKeeper.firstLive} gave. Default 1 */
  readonly firstDeal?: bigint
  /** whether a shard whose deal is over, or was not accepted in time, gets another one while it is wanted; default true */
  readonly reopen?: boolean
  readonly onEvent?: (event: KeeperEvent) => void
}

/** A client at work. */
export interface DealKeeper {
  /** One pass over all that is to be done now. Rejects only when `signal` ends it; what fails is told by `onEvent`. */
  pass(options?: { signal?: AbortSignal | undefined }): Promise<void>
  /** Passes until `signal` ends it. */
  run(options: { signal: AbortSignal; intervalMs?: number }): Promise<void>
  /** The client's deals that are open or run. */
  live(): readonly Deal[]
  /** The oldest of them: where the next keeper may begin. */
  firstLive(): bigint
}

/** Makes a keeper for the deals of the market's account. It does nothing until a pass. */
export function createDealKeeper(options: DealKeeperOptions): DealKeeper {
  const { market, terms } = options
  const { clock } = options
  const watched = new Map<bigint, { deal: Deal; missed: number }>()
  let next = options.firstDeal ?? 1n
  const tell = (event: KeeperEvent) => options.onEvent?.(event)
  const own = market.account.toLowerCase()

  async function discover(signal: AbortSignal | undefined): Promise<void> {
    const count = await market.dealCount()
    for (; next <= count; next++) {
      signal?.throwIfAborted()
      const deal = await market.deal(next)
      if (deal === undefined || deal.client.toLowerCase() !== own || deal.state === 'refunded') continue
      watched.set(next, { deal, missed: 0 })
    }
  }

  /** Brings one deal up to now. */
  async function look(id: bigint, wanted: WantedDeal | undefined, now: number): Promise<void> {
    const one = watched.get(id)!
    const deal = await market.deal(id)
    if (deal === undefined || deal.state === 'refunded') {
      watched.delete(id)
      return
    }
    one.deal = deal
    if (deal.state === 'open') {
      if (now <= deal.acceptBy) return
      await market.refund(id)
      watched.delete(id)
      tell({ type: 'lapsed', deal: id, offer: deal.offer, shard: deal.shard })
      return
    }
    const { missed, over, toClient } = await market.standing(id)
    if (missed > one.missed) tell({ type: 'missed', deal: id, offer: deal.offer, shard: deal.shard, missed })
    one.missed = missed
    if (over) {
      if (toClient > 0n) await market.reclaim(id)
      watched.delete(id)
      tell({ type: 'over', deal: id, offer: deal.offer, shard: deal.shard, failed: missed === deal.maxMissed })
      return
    }
    if (wanted === undefined || deal.noticed) return
    const { renewBelow = 0, windows } = { ...terms, ...wanted.terms }
    const left = deal.windows - Math.max(0, Math.floor((now - deal.startsAt) / deal.periodS))
    if (left >= renewBelow) return
    const offer = await market.offer(deal.offer)
    if (offer === undefined || offer.closed) return
    const most = Math.floor(offer.maxDurationS / deal.periodS) - left
    if (most <= 0) return
    await market.renew(deal, Math.min(windows, most))
    tell({ type: 'renewed', deal: id, offer: deal.offer, shard: deal.shard })
  }

  async function openOne(want: WantedDeal, now: number): Promise<void> {
    const { periodS, windows, leaves = 4, acceptWithinS = 3_600 } = { ...terms, ...want.terms }
    const { offer, shard, length, root } = want
    const id = await market.open({
      offer,
      shard,
      length,
      root,
      periodS,
      windows,
      leaves,
      acceptBy: now + acceptWithinS,
    })
    tell({ type: 'opened', deal: id, offer, shard })
    const deal = await market.deal(id)
    if (deal !== undefined) watched.set(id, { deal, missed: 0 })
  }

  async function attempt(deal: bigint | undefined, signal: AbortSignal | undefined, act: () => Promise<unknown>) {
    try {
      await act()
      return true
    } catch (error) {
      signal?.throwIfAborted()
      tell({ type: 'failed', error, ...(deal === undefined ? {} : { deal }) })
      return false
    }
  }

  async function pass({ signal }: { signal?: AbortSignal | undefined } = {}): Promise<void> {
    let now = 0
    const wanted = new Map<string, WantedDeal>()
    const known = await attempt(undefined, signal, async () => {
      now = await market.now()
      await discover(signal)
      for await (const want of options.wanted()) wanted.set(keyOf(want), want)
    })
    // Without knowing what there is, deals would be opened twice.
    if (!known) return
    const kept = new Set<string>()
    for (const [id, { deal }] of [...watched]) {
      signal?.throwIfAborted()
      const key = keyOf(deal)
      // One deal of a shard is enough: another one, e.g. opened by a call whose answer was lost, is not renewed.
      await attempt(id, signal, () => look(id, kept.has(key) ? undefined : wanted.get(key), now))
      if (watched.has(id) || options.reopen === false) kept.add(key)
    }
    for (const [key, want] of wanted) {
      if (kept.has(key)) continue
      signal?.throwIfAborted()
      await attempt(undefined, signal, () => openOne(want, now))
    }
  }

  return {
    pass,
    run: ({ signal, intervalMs = 60_000 }) => repeatPasses(pass, clock, signal, intervalMs),
    live: () => [...watched.values()].map(({ deal }) => deal),
    firstLive: () => [...watched.keys()].reduce((least, id) => (id < least ? id : least), next),
  }
}

/** What {@link wantedOfLayout} needs. */
export interface LayoutDealsOptions {
  readonly layout: Layout
  /** the vault's nodes */
  readonly nodes: readonly StorageNode[]
  /** the offer of the provider that runs a node; `undefined` for a node without one, whose shards get no deal */
  readonly offerOf: (node: string) => bigint | undefined
  readonly crypto?: CryptoPort
  readonly signal?: AbortSignal
}

/**
 * A deal for each shard of a layout with a node that has it and an offer, the one it was placed on before others. Cost: every shard is fetched once, verified, and hashed for its root: keep what
 * comes out, it does not change while the shards stay where they are. Shards that no node with an offer has are left out.
 * @throws StorageError `STORAGE_CORRUPT` when a node gives another block
 */
export async function* wantedOfLayout(options: LayoutDealsOptions): AsyncGenerator<WantedDeal> {
  const crypto = options.crypto ?? defaultCrypto()
  const { layout, nodes, offerOf, signal } = options
  const slotsOf = placedSlots(layout, nodes)
  for (const [index, { shards }] of layout.segments.entries()) {
    for (const [slot, shard] of shards.entries()) {
      signal?.throwIfAborted()
      // The node that it was placed on has it, unless something was moved since.
      const placed = ({ id }: StorageNode) => slotsOf(id)(index).includes(slot)
      for (const node of nodes.toSorted((a, b) => Number(placed(b)) - Number(placed(a)))) {
        const offer = offerOf(node.id)
        if (offer === undefined || !(await reaches(() => node.has(shard, { signal })))) continue
        const bytes = await node.get(shard, { signal })
        if (!(await isBlockOf(crypto, shard, bytes)))
          throw new StorageError('STORAGE_CORRUPT', `${node.id} gives another block for ${shard}`, { node: node.id })
        yield { offer, shard, length: bytes.length, root: await merkleRoot(crypto, bytes, 'rfc6962') }
        break
      }
    }
  }
}

/** The answer of a node, or `false` when it does not answer. */
async function reaches(ask: () => Promise<boolean>): Promise<boolean> {
  try {
    return await ask()
  } catch (error) {
    if (!isStorageError(error)) throw error
    return false
  }
}

function keyOf({ offer, shard }: Pick<WantedDeal, 'offer' | 'shard'>): string {
  return `${offer} ${shard}`
}
