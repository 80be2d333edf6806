/** Reading numbered things of the market, several at a time. */
import type { Deal, Offer, StorageMarket } from '../../market/market.ts'

/** Calls under way at once. */
const AT_ONCE = 16

/** All offers in order. */
export async function readOffers(market: StorageMarket): Promise<Offer[]> {
  return readNumbered(1n, await market.offerCount(), (id) => market.offer(id))
}

/** The deals from number `first` on, in order. */
export async function readDeals(market: StorageMarket, first: bigint): Promise<Deal[]> {
  return readNumbered(first, await market.dealCount(), (id) => market.deal(id))
}

async function readNumbered<T>(
  first: bigint,
  last: bigint,
  read: (id: bigint) => Promise<T | undefined>,
): Promise<T[]> {
  const found: T[] = []
  for (let from = first; from <= last; from += BigInt(AT_ONCE)) {
    const count = Number(last - from) + 1
    const ids = Array.from({ length: Math.min(AT_ONCE, count) }, (_, i) => from + BigInt(i))
    for (const one of await Promise.all(ids.map(read))) if (one !== undefined) found.push(one)
  }
  return found
}

/** The number of a deal or an offer on the command line, or `undefined` for what is none. */
export function numberedId(text: string): bigint | undefined {
  return /^[1-9]\d{0,18}$/.test(text) ? BigInt(text) : undefined
}
