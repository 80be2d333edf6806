import { createInterface } from 'node:readline/promises'
import type { CID } from 'multiformats/cid'
import { isBlockOf, parseCid } from '../../../content/cid.ts'
import { defaultCrypto } from '../../../crypto/default.ts'
import { isStorageError, StorageError } from '../../../errors.ts'
import type { Hex } from '../../../market/abi.ts'
import { placeOfPeer } from '../../../market/choose-offers.ts'
import type { DealTerms, WantedDeal } from '../../../market/deal-keeper.ts'
import { BEACON_SECONDS, COIN, type Offer } from '../../../market/market.ts'
import { merkleRoot } from '../../../rain/audit.ts'
import { encodeLayout, type Layout } from '../../../rain/layout.ts'
import { numberOf, storeCommand } from '../../command.ts'
import { findFile, type Home, openHome, readSettings, writeSettings } from '../../home.ts'
import { type Connection, marketFlags, openForSigning, signingFlags } from '../../market/connect.ts'
import { eventLine } from '../../market/event-line.ts'
import { changeKept, type KeptFile, readKept } from '../../market/files.ts'
import { createPeerNodes, openKeeper, putLayout, takeKeeping } from '../../market/keeping.ts'
import { createMoney, formatPrice, moneyName, priceOf } from '../../market/money.ts'
import { type DealPlan, planDeals } from '../../market/plan-deals.ts'
import { numberedId, readOffers } from '../../market/read-all.ts'
import { startProgress } from '../../progress.ts'
import { formatSeconds, formatUnits, secondsOf } from '../../quantities.ts'

export default storeCommand({
  meta: { name: 'deal', description: 'Put the shards of a stored file to providers and open a deal for each' },
  args: {
    file: { type: 'positional', description: 'name in the list, zos1… or the root CID of a layout', required: true },
    duration: { type: 'string', description: 'how long shards are kept (default 30d)' },
    window: { type: 'string', description: 'time in which each shard is proved once (default 1d)' },
    leaves: { type: 'string', description: 'leaves that a proof shows (default 4)' },
    renew: { type: 'boolean', description: '"market keep" renews when less than a quarter is left' },
    offers: { type: 'string', description: 'numbers of the only offers to take, comma separated' },
    except: { type: 'string', description: 'numbers of offers not to take: shards under them move' },
    'max-price': { type: 'string', description: 'highest price for a GiB and 30 days' },
    token: { type: 'string', description: 'address of the ERC-20 to pay in; default the coin of the chain' },
    'accept-within': { type: 'string', description: 'how long a provider has to accept (default 1h)' },
    yes: { type: 'boolean', description: 'do not ask', default: false },
    ...marketFlags,
    ...signingFlags,
  },
  async run({ args }) {
    const [only, except] = [idsOf('offers', args.offers), idsOf('except', args.except)]
    termsOf(args, undefined) // what cannot be is said before anything is opened
    const connection = await openForSigning(args)
    const token = (args.token?.toLowerCase() ?? COIN) as Hex
    const decimals = await createMoney(connection.provider).decimals(token)
    const home = await openHome(connection.home)
    const peers = createPeerNodes()
    try {
      const root = await rootOf(home, args.file)
      const layout = await home.vault.layout(root)
      const earlier = (await readKept(home.folder)).find((file) => file.root.equals(root))
      const ended = earlier?.deals.filter(({ ended }) => ended !== undefined) ?? []
      if (earlier !== undefined && ended.length === 0 && only === undefined && except === undefined) {
        console.log(`${args.file} is kept already; opening what is missing`)
      } else {
        const terms = termsOf(args, earlier?.terms)
        const settings = await readSettings(home.folder)
        const domains = new Map(settings.nodes.map(({ id, domain }) => [id, domain]))
        const living = earlier?.deals.filter(({ ended }) => ended === undefined) ?? []
        const under = new Map(living.map(({ shard, offer }) => [`${shard}`, offer]))
        // Who lost a shard or did not take it is not asked again, unless it is named.
        const bad = new Set(ended.filter(({ ended }) => ended !== 'over').map(({ offer }) => offer))
        const offers = (await readOffers(connection.market)).filter(
          ({ id }) => !except?.includes(id) && (only !== undefined || !bad.has(id)),
        )
        const plan = planDeals({
          layout,
          offers,
          terms,
          token,
          domainOf: (peer) => domains.get(peer),
          held: (shard) => under.get(shard),
          ...(only === undefined ? {} : { only }),
          ...(args['max-price'] === undefined ? {} : { maxPrice: priceOf('max-price', args['max-price'], decimals) }),
        })
        show(plan, terms, token, decimals)
        await checkBalance(connection, plan, token)
        if (!args.yes) await confirm()
        await addNodes(home.folder, plan.offers)
        const file: KeptFile = {
          root,
          name: args.file.startsWith('zos1') ? `${root}` : args.file,
          terms,
          deals: await putShards(home, plan, peers.nodeAt),
          peers: new Map(plan.offers.map(({ id, peer }) => [id, peer])),
          layout: encodeLayout(layout),
        }
        await putLayout(file, peers.nodeAt, (peer, { message }) =>
          console.error(`${peer} does not take the layout: ${message}`),
        )
        await changeKept(home.folder, (files) => [...files.filter((one) => !one.root.equals(root)), file])
      }
      const release = await takeKeeping(home.folder)
      if (release === undefined) {
        console.log('"market keep" is running and opens the deals')
        return
      }
      try {
        const keeper = await openKeeper(connection, (event) => {
          console.log(eventLine(event))
          if (event.type === 'failed') process.exitCode = 1
        })
        await keeper.pass()
      } finally {
        await release()
      }
    } finally {
      await peers.stop()
      await home.close()
    }
  },
})

/** What the flags say, what they do not as it was before. */
function termsOf(
  args: {
    readonly duration?: string | undefined
    readonly window?: string | undefined
    readonly leaves?: string | undefined
    readonly renew?: boolean | undefined
    readonly 'accept-within'?: string | undefined
  },
  earlier: DealTerms | undefined,
): DealTerms {
  const seconds = (flag: 'duration' | 'window' | 'accept-within', otherwise: number) => {
    const text = args[flag]
    return text === undefined ? otherwise : secondsOf(flag, text)
  }
  const before = { periodS: 86_400, windows: 30, leaves: 4, acceptWithinS: 3_600, ...earlier }
  const periodS = seconds('window', before.periodS)
  const durationS = seconds('duration', before.periodS * before.windows)
  if (periodS === 0 || periodS % BEACON_SECONDS !== 0 || durationS === 0 || durationS % periodS !== 0)
    throw new StorageError(
      'STORAGE_INVALID_ARGUMENT',
      `--window is a multiple of ${formatSeconds(BEACON_SECONDS)} and --duration one of --window`,
    )
  const windows = durationS / periodS
  return {
    periodS,
    windows,
    leaves: args.leaves === undefined ? before.leaves : numberOf('leaves', args.leaves, { least: 1, most: 16 }),
    acceptWithinS: seconds('accept-within', before.acceptWithinS),
    ...((args.renew ?? (before.renewBelow ?? 0) > 0) ? { renewBelow: Math.max(2, Math.ceil(windows / 4)) } : {}),
  }
}

function idsOf(flag: string, text: string | undefined): bigint[] | undefined {
  return text?.split(',').map((one) => {
    const id = numberedId(one.trim())
    if (id === undefined)
      throw new StorageError('STORAGE_INVALID_ARGUMENT', `--${flag} takes numbers of offers such as 1,4, not "${text}"`)
    return id
  })
}

/** A file by its name or capability; a layout's root needs no key. */
async function rootOf(home: Home, text: string): Promise<CID> {
  try {
    return (await findFile(home, text)).root
  } catch (error) {
    if (!isStorageError(error, 'STORAGE_NOT_FOUND')) throw error
    try {
      return parseCid(text)
    } catch {
      throw error
    }
  }
}

function show({ offers, sum, opening, shards }: DealPlan, terms: DealTerms, token: Hex, decimals: number): void {
  for (const { id, price, provider } of offers)
    console.log(`offer ${id}  ${formatPrice(price, decimals)} for a GiB and 30 days, provider ${provider}`)
  const { periodS, windows } = terms
  console.log(
    `${opening} of ${shards.length} shards get a deal of ${windows} windows of ${formatSeconds(periodS)}: ${formatUnits(sum, decimals)} ${moneyName(token)}, and gas`,
  )
}

async function checkBalance({ provider, market }: Connection, { sum }: DealPlan, token: Hex): Promise<void> {
  if (token !== COIN) return
  const balance = BigInt(
    String(await provider.request({ method: 'eth_getBalance', params: [market.account, 'latest'] })),
  )
  if (balance < sum)
    throw new StorageError('STORAGE_INVALID_ARGUMENT', `${market.account} has ${formatUnits(balance, 18)} coins`, {
      sum,
    })
}

async function confirm(): Promise<void> {
  if (!process.stdin.isTTY)
    throw new StorageError('STORAGE_INVALID_ARGUMENT', 'Nothing was opened: --yes opens without asking')
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await lines.question('Open these deals? [y/N] ').finally(() => lines.close())
  if (!/^y(es)?$/i.test(answer.trim())) throw new StorageError('STORAGE_INVALID_ARGUMENT', 'Nothing was opened')
}

/** Shards at providers are read as those of other nodes; a put gives them none. */
async function addNodes(folder: string, offers: readonly Offer[]): Promise<void> {
  const settings = await readSettings(folder)
  const known = new Set(settings.nodes.map(({ id }) => id))
  const added = offers.flatMap(({ peer }) => {
    const { id, network } = placeOfPeer(peer)!
    return known.has(id) ? [] : [{ id, domain: network, weight: 1, address: peer, deals: true }]
  })
  if (added.length > 0) await writeSettings(folder, { ...settings, nodes: [...settings.nodes, ...added] })
}

/** Puts every shard to the peer of its offer, unless it is there, and computes the root that its deal names. */
async function putShards(
  home: Home,
  { shards }: DealPlan,
  nodeAt: (address: string) => Promise<Home['nodes'][number]>,
): Promise<WantedDeal[]> {
  const crypto = defaultCrypto()
  const progress = startProgress('shards', undefined)
  const deals: WantedDeal[] = []
  let done = 0
  for (const { shard, offer } of shards) {
    const bytes = await bytesFrom(home, shard)
    const node = await nodeAt(offer.peer)
    if (!(await node.has(shard))) await node.put(shard, bytes, 0)
    deals.push({ offer: offer.id, shard, length: bytes.length, root: await merkleRoot(crypto, bytes, 'rfc6962') })
    done += bytes.length
    progress.update(done)
  }
  progress.end()
  return deals
}

/** A shard from any node of the home. @throws StorageError `STORAGE_NOT_FOUND` */
async function bytesFrom(home: Home, shard: Layout['segments'][number]['shards'][number]): Promise<Uint8Array> {
  const crypto = defaultCrypto()
  for (const node of home.nodes) {
    try {
      if (!(await node.has(shard))) continue
      const bytes = await node.get(shard)
      if (await isBlockOf(crypto, shard, bytes)) return bytes
    } catch (error) {
      if (!isStorageError(error)) throw error
    }
  }
  throw new StorageError(
    'STORAGE_NOT_FOUND',
    `No node has shard ${shard}; "zos-store status --repair" brings lost ones back`,
  )
}
