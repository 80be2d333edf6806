import { placeOfPeer } from '../../../market/choose-offers.ts'
import type { Offer } from '../../../market/market.ts'
import { storeCommand } from '../../command.ts'
import { accountFlags, marketFlags, openAsAccount, openForReading } from '../../market/connect.ts'
import { createMoney, formatPrice, type Money, moneyName } from '../../market/money.ts'
import { readOffers } from '../../market/read-all.ts'
import { formatSeconds, formatSize, formatUnits } from '../../quantities.ts'

export default storeCommand({
  meta: { name: 'offers', description: 'List offers, cheapest first' },
  args: {
    all: { type: 'boolean', description: 'closed ones, too', default: false },
    own: { type: 'boolean', description: 'those of the account alone', default: false },
    ...marketFlags,
    ...accountFlags,
    json: { type: 'boolean', description: 'as JSON, with the terms as they are on the ledger', default: false },
  },
  async run({ args }) {
    const { market, provider } = await (args.own ? openAsAccount(args) : openForReading(args))
    const listed = (await readOffers(market)).filter(
      (offer) => (args.all || !offer.closed) && (!args.own || offer.provider === market.account.toLowerCase()),
    )
    listed.sort((a, b) => (a.price < b.price ? -1 : a.price > b.price ? 1 : Number(a.id - b.id)))
    if (args.json) {
      console.log(JSON.stringify(listed, (_, value) => (typeof value === 'bigint' ? `${value}` : value)))
      return
    }
    const money = createMoney(provider)
    for (const offer of listed) console.log(await describe(offer, money))
    if (listed.length === 0) console.log('no offers')
  },
})

async function describe(offer: Offer, money: Money): Promise<string> {
  const { id, token, price, collateral, capacity, used, minDurationS, maxDurationS, minPeriodS, maxMissed } = offer
  // A token that says no decimals is shown in its units.
  const decimals = await money.decimals(token).catch(() => 0)
  return [
    `offer ${id}${offer.closed ? ', closed' : ''}`,
    `  price       ${formatPrice(price, decimals)} ${moneyName(token)} for a GiB and 30 days`,
    `  collateral  ${formatUnits(collateral, decimals)} for a GiB; the missed window ${maxMissed} ends a deal`,
    `  free        ${formatSize(capacity - used)} of ${formatSize(capacity)}`,
    `  deals       ${formatSeconds(minDurationS)} to ${formatSeconds(maxDurationS)}, windows of ${formatSeconds(minPeriodS)} or longer`,
    `  provider    ${offer.provider}`,
    // Strangers write it: what is no address might be anything.
    `  peer        ${placeOfPeer(offer.peer) === undefined ? 'no address that is understood' : offer.peer}`,
  ].join('\n')
}
