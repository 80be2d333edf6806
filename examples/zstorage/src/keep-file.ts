/** A client's file with three providers: put into a vault, paid for by deals, proved window by window. One provider loses what it took. */
import { setTimeout } from 'node:timers/promises'
import { createLocalNode, createMemoryBlockStore, createVault } from '@zos/rain-storage'
import {
  COIN,
  createDealKeeper,
  createProviderAgent,
  createStorageMarket,
  type Eip1193Port,
  GIB,
  type Hex,
  PRICE_SCALE,
  type WantedDeal,
  wantedOfLayout,
} from '@zos/rain-storage/market'

/** What {@link keepFile} needs. */
export interface KeepFileOptions {
  readonly chain: Eip1193Port
  /** of the market's contract */
  readonly address: Hex
  readonly client: Hex
  readonly providers: readonly [Hex, Hex, Hex]
  /** Lets time pass on the chain. */
  readonly passTime: (seconds: number) => Promise<unknown>
  readonly onProgress?: (line: string) => void
}

/** How it went. */
export interface Kept {
  readonly proved: number
  readonly missed: number
  /** whether the file came back whole from the two providers that still have their shards */
  readonly whole: boolean
  /** collateral of the deal that failed */
  readonly slashed: bigint
  /** deals that ended because too many windows were missed */
  readonly failed: number
  /** what the contract still holds for deals of this run */
  readonly left: bigint
}

const clock = { sleep: (ms: number, signal?: AbortSignal) => setTimeout(ms, undefined, { signal }) }
const WINDOW_S = 600
const WINDOWS = 3
const FILE_BYTES = 1_000_000

/** Runs the story to the end of its deals: about 40 transactions. */
export async function keepFile(options: KeepFileOptions): Promise<Kept> {
  const { chain, address, client, providers, passTime, onProgress = () => {} } = options
  const marketOf = (account: Hex) => createStorageMarket({ provider: chain, account, address, clock, pollMs: 100 })

  // Three providers, each with a store of its own, an offer, and an agent.
  const stores = providers.map(() => createMemoryBlockStore())
  const nodes = providers.map((id, i) => createLocalNode({ id, domain: id, weight: 1, store: stores[i]! }))
  const offers = new Map<string, bigint>()
  let proved = 0
  const agents = []
  for (const [i, account] of providers.entries()) {
    const market = marketOf(account)
    const offer = await market.publish(
      {
        token: COIN,
        capacity: BigInt(GIB),
        minDurationS: WINDOW_S,
        maxDurationS: 86_400,
        minPeriodS: WINDOW_S,
        // A hundredth of a coin for a GiB and a second; ten coins of collateral for a GiB.
        price: 10n ** 16n * PRICE_SCALE,
        collateral: 10n ** 19n,
        maxMissed: 2,
      },
      `/dns/provider-${i}.example/tcp/4001`,
    )
    offers.set(account, offer)
    agents.push(
      createProviderAgent({
        market,
        offers: [offer],
        shards: stores[i]!,
        clock,
        onEvent(event) {
          onProgress(`provider ${i}  ${event.type}${'deal' in event ? ` deal ${event.deal}` : ''}`)
          if (event.type === 'proved') proved++
          if (event.type === 'failed') throw event.error
        },
      }),
    )
  }

  // The client's file, any two of three shards of which are enough, and a deal for each shard.
  const file = new Uint8Array(FILE_BYTES).map((_, i) => i ^ (i >>> 8))
  const vault = createVault({ nodes: () => nodes, dataShards: 2, totalShards: 3 })
  const capability = await vault.put([file])
  const layout = await vault.layout(capability.root)
  const wanted: WantedDeal[] = []
  for await (const deal of wantedOfLayout({ layout, nodes, offerOf: (node) => offers.get(node) })) wanted.push(deal)
  let [missed, failed] = [0, 0]
  const keeper = createDealKeeper({
    market: marketOf(client),
    wanted: () => wanted,
    terms: { periodS: WINDOW_S, windows: WINDOWS, leaves: 2 },
    clock,
    onEvent(event) {
      onProgress(`client      ${event.type}${'deal' in event ? ` deal ${event.deal}` : ''}`)
      if (event.type === 'missed') missed++
      if (event.type === 'over' && event.failed) failed++
      if (event.type === 'failed') throw event.error
    },
  })
  // Windows begin at full ten minutes of the chain's clock, which goes on by itself: none shall begin before we let time pass.
  await passTime(WINDOW_S - ((await marketOf(client).now()) % WINDOW_S) + 10)
  await keeper.pass()
  const deals = keeper.live().map(({ id }) => id)
  for (const agent of agents) await agent.pass()

  // The last provider's disk is gone. The client wants no new deals in this story.
  for await (const cid of stores[2]!.list()) await stores[2]!.delete(cid)
  wanted.length = 0
  for (let window = 0; window <= WINDOWS; window++) {
    await passTime(WINDOW_S)
    for (const agent of agents) await agent.pass()
    await keeper.pass()
  }
  const parts: Uint8Array[] = []
  for await (const part of vault.get(capability)) parts.push(part.slice())
  let [left, slashed] = [0n, 0n]
  for (const id of deals) {
    const { toProvider, toClient, missed } = await marketOf(client).standing(id)
    left += toProvider + toClient
    const deal = (await marketOf(client).deal(id))!
    if (missed === deal.maxMissed) slashed += deal.collateral
  }
  return { proved, missed, failed, left, slashed, whole: Buffer.concat(parts).equals(file) }
}
