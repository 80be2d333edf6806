import { parseEther } from 'viem'
import { card, element, muted, row } from './element.ts'
import { nameOf } from './items.ts'
import type { Page } from './page.ts'
import { gold } from './world.ts'

/** Items that the exchange may have a pool of. */
const TRADED = [1, 2, 3, 4, 5, 6, 10, 11, 12, 13, 14]
/** Newest offers that are shown. */
const SHOWN = 30n

export async function marketPart(page: Page): Promise<Node[]> {
  const { world, self } = page
  const count = await world.read('listingCount', [])
  const first = count > SHOWN ? count - SHOWN + 1n : 1n
  const ids = Array.from({ length: Number(count - first + 1n) }, (_, at) => first + BigInt(at)).reverse()
  const listings = (await Promise.all(ids.map(async (id) => ({ id, ...(await world.read('listing', [id])) })))).filter(
    ({ amount, collection }) => amount > 0n && collection.toLowerCase() === world.address.toLowerCase(),
  )
  const pools = (
    await Promise.all(TRADED.map(async (item) => ({ item, ...(await world.read('pool', [BigInt(item)])) })))
  ).filter(({ items }) => items > 1n)
  const trades = await Promise.all(
    pools.map(async ({ item }) => {
      const [buy, sell] = await Promise.all([
        world.read('quoteBuy', [BigInt(item), 1n]),
        world.read('quoteSell', [BigInt(item), 1n]),
      ])
      return row(
        [nameOf(item), muted(`costs ${gold(buy)}, brings ${gold(sell)} gold · you have ${self.items[item] ?? 0n}`)],
        [
          page.button('Buy 1', () => world.act('buyItem', [BigInt(item), 1n, (buy * 105n) / 100n]), { quiet: true }),
          page.button('Sell 1', () => world.act('sellItem', [BigInt(item), 1n, (sell * 95n) / 100n]), {
            quiet: true,
            disabled: (self.items[item] ?? 0n) === 0n,
          }),
        ],
      )
    }),
  )
  const offers = listings.map(({ id, seller, tokenId, amount, price }) => {
    const own = seller.toLowerCase() === world.player.toLowerCase()
    return row(
      [
        `${amount} ${nameOf(Number(tokenId))} at ${gold(price)} gold each`,
        muted(own ? 'your offer' : `from ${seller.slice(0, 8)}…`),
      ],
      [
        own
          ? page.button('Take back', () => world.act('changeListing', [id, 0n, price]), { quiet: true })
          : page.button('Buy 1', () => world.act('buy', [id, 1n, price]), { disabled: self.gold < price }),
      ],
    )
  })
  return [
    element(
      'div',
      { className: 'two' },
      card('Offers', ...offers, offers.length === 0 && muted('Nobody offers anything.')),
      sellCard(page),
    ),
    card(
      'Exchange',
      muted('Prices follow from what lies in the pools; 1 % of a trade goes to who filled them.'),
      ...trades,
    ),
  ]
}

function sellCard(page: Page): HTMLElement {
  const { world, self } = page
  const owned = self.items.flatMap((amount, id) => (amount > 0n ? [id] : []))
  const item = element(
    'select',
    { attributes: { 'aria-label': 'Item' } },
    ...owned.map((id) => element('option', { value: String(id) }, `${nameOf(id)} (${self.items[id]})`)),
  )
  const amount = element('input', { type: 'number', min: '1', value: '1', attributes: { 'aria-label': 'Amount' } })
  const price = element('input', {
    type: 'number',
    min: '0.01',
    step: '0.01',
    value: '1',
    attributes: { 'aria-label': 'Price of one' },
  })
  const offer = async () => {
    if (!(await world.read('isApprovedForAll', [world.player, world.address])))
      await world.act('setApprovalForAll', [world.address, true])
    await world.act('list', [
      world.address,
      BigInt(item.value),
      BigInt(amount.value),
      world.address,
      parseEther(price.value),
    ])
  }
  return card(
    'Offer something',
    muted('It stays with you until somebody buys it.'),
    element(
      'div',
      { className: 'actions' },
      item,
      amount,
      price,
      page.button('Offer', offer, { disabled: owned.length === 0 }),
    ),
    muted('Amount, and gold for each.'),
  )
}
