/** The deals of an account, as client and as provider, and how they stand. */
import type { Deal, Standing } from '../../market/market.ts'
import type { Connection } from './connect.ts'
import { readFirstDeal } from './files.ts'
import { readDeals, readOffers } from './read-all.ts'

/** A deal of the account. */
export interface OwnDeal {
  readonly deal: Deal
  readonly standing: Standing
  readonly isClient: boolean
  readonly isProvider: boolean
  /** `lapsed`: nobody accepted in time, and the payment is still in the market */
  readonly state: 'open' | 'lapsed' | 'waiting' | 'running' | 'over' | 'refunded'
}

/** The account's deals; with `all`, from the first of the market on, otherwise those that the home does not know to be done with. */
export async function readOwnDeals({ market, home, reader }: Connection, all: boolean): Promise<OwnDeal[]> {
  const account = market.account.toLowerCase()
  const offers = new Set((await readOffers(market)).filter(({ provider }) => provider === account).map(({ id }) => id))
  const client = await readFirstDeal(home, reader('client'))
  const provider = await readFirstDeal(home, reader('provider'))
  const known = [...(offers.size > 0 ? [provider ?? 1n] : []), client ?? 1n]
  const first = all ? 1n : known.reduce((least, one) => (one < least ? one : least))
  const now = await market.now()
  const own: OwnDeal[] = []
  for (const deal of await readDeals(market, first)) {
    const isClient = deal.client.toLowerCase() === account
    const isProvider = offers.has(deal.offer)
    if (!isClient && !isProvider) continue
    const standing = await market.standing(deal.id)
    own.push({ deal, standing, isClient, isProvider, state: stateOf(deal, standing, now) })
  }
  return own
}

function stateOf(deal: Deal, { over }: Standing, now: number): OwnDeal['state'] {
  if (deal.state === 'open') return now > deal.acceptBy ? 'lapsed' : 'open'
  if (deal.state === 'refunded') return 'refunded'
  if (over) return 'over'
  return now < deal.startsAt ? 'waiting' : 'running'
}
