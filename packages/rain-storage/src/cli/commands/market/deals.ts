import { storeCommand } from '../../command.ts'
import { accountFlags, marketFlags, openAsAccount } from '../../market/connect.ts'
import { createMoney } from '../../market/money.ts'
import { type OwnDeal, readOwnDeals } from '../../market/own-deals.ts'
import { formatSeconds, formatSize, formatUnits } from '../../quantities.ts'

export default storeCommand({
  meta: { name: 'deals', description: 'List own deals, as client and as provider' },
  args: {
    all: { type: 'boolean', description: 'those that are done with, too', default: false },
    ...marketFlags,
    ...accountFlags,
    json: { type: 'boolean', description: 'as JSON', default: false },
  },
  async run({ args }) {
    const connection = await openAsAccount(args)
    const listed = (await readOwnDeals(connection, args.all)).filter((one) => args.all || concerns(one))
    if (args.json) {
      console.log(JSON.stringify(listed.map(plain)))
      return
    }
    const money = createMoney(connection.provider)
    for (const one of listed) {
      const token = (await connection.market.offer(one.deal.offer))!.token
      console.log(describe(one, await money.decimals(token).catch(() => 0)))
    }
    if (listed.length === 0) console.log(args.all ? 'no deals' : 'no deals that go on or owe anything')
  },
})

/** Whether there is anything to wait for or to be paid. */
function concerns({ state, standing, isClient, isProvider }: OwnDeal): boolean {
  if (state === 'refunded') return false
  if (state !== 'over') return true
  return (isClient && standing.toClient > 0n) || (isProvider && standing.toProvider > 0n)
}

function describe({ deal, standing, state, isClient, isProvider }: OwnDeal, decimals: number): string {
  const { counted, missed, toProvider, toClient } = standing
  const role = isClient && isProvider ? 'client and provider' : isClient ? 'client' : 'provider'
  const due = [
    ...(isProvider && toProvider > 0n ? [`${formatUnits(toProvider, decimals)} to collect`] : []),
    ...(isClient && toClient > 0n ? [`${formatUnits(toClient, decimals)} to reclaim`] : []),
  ]
  return [
    `deal ${deal.id}  ${state}${deal.noticed ? ', notice given' : ''}, ${role}, offer ${deal.offer}`,
    `${counted - missed} proved and ${missed} missed of ${deal.windows} windows of ${formatSeconds(deal.periodS)}`,
    ...due,
    `${formatSize(BigInt(deal.length))} ${deal.shard}`,
  ].join('; ')
}

function plain({ deal, standing, state, isClient, isProvider }: OwnDeal) {
  const { counted, missed, toProvider, toClient } = standing
  return {
    deal: `${deal.id}`,
    state,
    client: deal.client,
    isClient,
    isProvider,
    offer: `${deal.offer}`,
    shard: `${deal.shard}`,
    length: deal.length,
    proved: counted - missed,
    missed,
    windows: deal.windows,
    periodS: deal.periodS,
    startsAt: deal.startsAt,
    noticed: deal.noticed,
    toProvider: `${toProvider}`,
    toClient: `${toClient}`,
  }
}
