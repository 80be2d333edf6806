import type { Hex } from '../../../market/abi.ts'
import { COIN, type Terms } from '../../../market/market.ts'
import { numberOf, storeCommand } from '../../command.ts'
import { homeFolder } from '../../home.ts'
import { marketFlags, openForSigning, signingFlags } from '../../market/connect.ts'
import { readFirstDeal, writeFirstDeal } from '../../market/files.ts'
import { createMoney, priceOf } from '../../market/money.ts'
import { readOffers } from '../../market/read-all.ts'
import { ownAddress, peerKeyOf } from '../../peer-key.ts'
import { bytesOfSize, secondsOf, unitsOf } from '../../quantities.ts'

export default storeCommand({
  meta: { name: 'offer', description: 'Publish an offer; its terms never change' },
  args: {
    price: { type: 'string', description: 'for a GiB and 30 days, e.g. 0.01', required: true },
    collateral: { type: 'string', description: 'put up for a GiB, e.g. 1', required: true },
    capacity: { type: 'string', description: 'taken in all, e.g. 500GB', required: true },
    peer: {
      type: 'string',
      description: 'where clients reach "market provide", e.g. /dns/storage.example/tcp/4001',
      required: true,
    },
    'min-duration': { type: 'string', description: 'shortest deal', default: '1d' },
    'max-duration': { type: 'string', description: 'longest deal, from now to its end', default: '1y' },
    'min-window': { type: 'string', description: 'shortest window: a proof each', default: '1d' },
    'max-missed': { type: 'string', description: 'the missed window with this number ends a deal', default: '10' },
    token: { type: 'string', description: 'address of an ERC-20 that is paid in; default the coin of the chain' },
    ...marketFlags,
    ...signingFlags,
    json: { type: 'boolean', description: 'as JSON', default: false },
  },
  async run({ args }) {
    const { id } = await peerKeyOf(homeFolder(args.home))
    const peer = ownAddress(args.peer, id)
    const connection = await openForSigning(args)
    const { market, home } = connection
    const token = (args.token?.toLowerCase() ?? COIN) as Hex
    const decimals = await createMoney(connection.provider).decimals(token)
    const terms: Terms = {
      token,
      capacity: bytesOfSize('capacity', args.capacity),
      minDurationS: secondsOf('min-duration', args['min-duration']),
      price: priceOf('price', args.price, decimals),
      collateral: unitsOf('collateral', args.collateral, decimals),
      maxDurationS: secondsOf('max-duration', args['max-duration']),
      minPeriodS: secondsOf('min-window', args['min-window']),
      maxMissed: numberOf('max-missed', args['max-missed'], { least: 1, most: 255 }),
    }
    const own = (await readOffers(market)).some(({ provider }) => provider === market.account.toLowerCase())
    const next = (await market.dealCount()) + 1n
    const offer = await market.publish(terms, peer)
    // Before its first offer an account has no deals to look for.
    const reader = connection.reader('provider')
    if (!own && (await readFirstDeal(home, reader)) === undefined) await writeFirstDeal(home, reader, next)
    console.log(args.json ? JSON.stringify({ offer: `${offer}`, peer }) : `offer ${offer} at ${peer}`)
  },
})
