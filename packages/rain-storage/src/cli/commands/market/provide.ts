import { StorageError } from '../../../errors.ts'
import { placeOfPeer } from '../../../market/choose-offers.ts'
import type { Offer } from '../../../market/market.ts'
import { createProviderAgent } from '../../../market/provider-agent.ts'
import { repeatPasses } from '../../../market/repeat-passes.ts'
import { portOf, storeCommand } from '../../command.ts'
import { type Connection, marketFlags, openForSigning, signingFlags, systemClock } from '../../market/connect.ts'
import { eventLine } from '../../market/event-line.ts'
import { readFirstDeal, writeFirstDeal } from '../../market/files.ts'
import { createProviderMetrics, serveMetrics } from '../../market/metrics.ts'
import { createMoney } from '../../market/money.ts'
import { dealLeases, leasedNode } from '../../market/provider-node.ts'
import { readOffers } from '../../market/read-all.ts'
import { ownAddress, peerKeyOf } from '../../peer-key.ts'
import { secondsOf, unitsOf } from '../../quantities.ts'
import { serveShards } from '../../serve-shards.ts'
import { stopSignal } from '../../until-stopped.ts'

/** How often what no lease keeps is removed. */
const COLLECT_EVERY_MS = 3_600_000

export default storeCommand({
  meta: {
    name: 'provide',
    description: 'Take shards, accept deals under own offers, prove and collect; until stopped',
  },
  args: {
    listen: { type: 'string', description: 'multiaddr to listen on', default: '/ip4/0.0.0.0/tcp/4001' },
    peer: { type: 'string', description: 'move own open offers to this address' },
    'least-pay': {
      type: 'string',
      description: 'accept no deal that pays less a window, e.g. the gas of a proof',
    },
    unpaid: { type: 'string', description: 'how long a shard stays that has no deal', default: '7d' },
    interval: { type: 'string', description: 'time between two looks at the ledger', default: '5s' },
    metrics: { type: 'string', description: 'port of loopback for Prometheus (/metrics); none without it' },
    ...marketFlags,
    ...signingFlags,
  },
  async run({ args }) {
    const stop = stopSignal() // from the start: a signal may come before all is open
    const [unpaidS, intervalS] = [secondsOf('unpaid', args.unpaid), secondsOf('interval', args.interval)]
    const metricsPort = args.metrics === undefined ? undefined : portOf(args.metrics)
    const connection = await openForSigning(args)
    const { market, home } = connection
    const offers = await ownOffers(connection, args.peer)
    const leastPay = await leastPayOf(args['least-pay'], offers, connection)
    const server = await serveShards({
      folder: home,
      listen: args.listen,
      capacityBytes: Number(offers.reduce((sum, { capacity }) => sum + capacity, 0n)),
      wrap: (node, store) => leasedNode(node, store, { unpaidS, nowS: () => Math.floor(Date.now() / 1000) }),
    })
    const { store } = server
    const metrics = createProviderMetrics(() => ({ blocks: store.size, bytes: store.bytes }))
    const metricsServer = metricsPort === undefined ? undefined : await serveMetrics(metrics, metricsPort)
    const reader = connection.reader('provider')
    const firstDeal = await readFirstDeal(home, reader)
    const agent = createProviderAgent({
      market,
      offers: offers.map(({ id }) => id),
      shards: store,
      leases: dealLeases(store),
      clock: systemClock,
      leastPay,
      ...(firstDeal === undefined ? {} : { firstDeal }),
      onEvent(event) {
        metrics.count(event)
        console.log(eventLine(event))
      },
    })
    console.log(
      JSON.stringify({
        address: server.address,
        account: market.account,
        offers: offers.map(({ id }) => `${id}`),
        ...(metricsServer === undefined ? {} : { metrics: `${metricsServer.url}/metrics` }),
      }),
    )
    let collectAtMs = Date.now() + COLLECT_EVERY_MS
    let collecting: Promise<unknown> | undefined
    const pass = async ({ signal }: { signal: AbortSignal }) => {
      await agent.pass({ signal })
      await writeFirstDeal(home, reader, agent.firstLive())
      metrics.passed(Date.now())
      if (Date.now() < collectAtMs) return
      collectAtMs = Date.now() + COLLECT_EVERY_MS
      // Beside the passes, which must not wait. Every shard has a lease of its own: links keep nothing.
      collecting = store
        .collect(() => [], { signal })
        .then(
          ({ removedBlocks }) => console.log(JSON.stringify({ type: 'collected', removedBlocks })),
          (error: Error) => console.log(JSON.stringify({ type: 'failed', error: error.message })),
        )
    }
    try {
      await repeatPasses(pass, systemClock, stop, intervalS * 1000)
    } finally {
      await collecting
      await metricsServer?.close()
      await server.stop()
    }
  },
})

/** The least pay in units of the money that all offers are in. */
async function leastPayOf(
  text: string | undefined,
  offers: readonly Offer[],
  { provider }: Connection,
): Promise<bigint> {
  if (text === undefined) return 0n
  const [token, other] = new Set(offers.map((offer) => offer.token))
  if (other !== undefined)
    throw new StorageError(
      'STORAGE_INVALID_ARGUMENT',
      '--least-pay is for offers in one kind of money; these have several',
    )
  return unitsOf('least-pay', text, await createMoney(provider).decimals(token!))
}

/** The account's offers, closed ones too: their deals go on. Open ones must name this home's peer, or are moved to `peer`. */
async function ownOffers({ market, home }: Connection, peer: string | undefined): Promise<Offer[]> {
  const own = (await readOffers(market)).filter(({ provider }) => provider === market.account.toLowerCase())
  if (own.length === 0)
    throw new StorageError('STORAGE_NOT_FOUND', `${market.account} has no offers; "zos-store market offer" makes one`)
  const { id } = await peerKeyOf(home)
  const address = peer === undefined ? undefined : ownAddress(peer, id)
  for (const offer of own.filter(({ closed }) => !closed)) {
    if (address !== undefined && offer.peer !== address) await market.movePeer(offer.id, address)
    if (address === undefined && placeOfPeer(offer.peer)?.id !== id)
      throw new StorageError(
        'STORAGE_INVALID_ARGUMENT',
        `Offer ${offer.id} names another peer than ${id}: --peer moves it`,
      )
  }
  return own
}
