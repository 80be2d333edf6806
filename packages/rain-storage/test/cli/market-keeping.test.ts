/** The keeper of a home's list, on a ledger in memory. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Connection } from '../../src/cli/market/connect.ts'
import { changeKept, readFirstDeal, readKept } from '../../src/cli/market/files.ts'
import { openKeeper, takeKeeping } from '../../src/cli/market/keeping.ts'
import { blockCid, codec, createMemoryBlockStore, defaultCrypto, merkleRoot } from '../../src/index.ts'
import { COIN, createProviderAgent, type Hex, type KeeperEvent } from '../../src/market/index.ts'
import { createLedger, seeded } from '../market/ledger.ts'

const crypto = defaultCrypto()
const [CLIENT, PROVIDER]: Hex[] = [`0x${'c1'.repeat(20)}`, `0x${'b2'.repeat(20)}`]
let home: string
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'zos-keeping-'))
})
afterEach(() => rm(home, { recursive: true, force: true }))

test('a deal that came to its end is marked, and opened again by nobody but who asks, across starts', async () => {
  const ledger = createLedger(seeded(1))
  const market = ledger.marketOf(CLIENT!)
  const terms = { periodS: 600, windows: 2, acceptWithinS: 100 }
  await ledger.marketOf(PROVIDER!).publish(
    {
      token: COIN,
      capacity: 1n << 40n,
      minDurationS: 0,
      price: 10n ** 24n,
      collateral: 0n,
      maxDurationS: 10_000_000,
      minPeriodS: 600,
      maxMissed: 1,
    },
    '/dns/a',
  )
  const store = createMemoryBlockStore()
  const shards = await Promise.all(
    ['lapses', 'is lost', 'is kept'].map(async (text) => {
      const bytes = new TextEncoder().encode(text)
      return { bytes, cid: await blockCid(crypto, codec.raw, bytes), root: await merkleRoot(crypto, bytes) }
    }),
  )
  for (const { cid, bytes } of shards.slice(1)) await store.put(cid, bytes)
  const deals = shards.map(({ cid, bytes, root }) => ({ offer: 1n, shard: cid, length: bytes.length, root, terms }))
  const layout = new Uint8Array(0)
  const file = { root: shards[0]!.cid, name: 'file', terms, deals, peers: new Map(), layout }
  await changeKept(home, () => [file])

  const reader = (role: 'provider' | 'client') => ({ role, chainId: 5n, contract: COIN, account: CLIENT! })
  const connection = { home, market, reader } as unknown as Connection
  const heard: KeeperEvent[] = []
  const clock = { sleep: () => Promise.resolve() }
  const agent = createProviderAgent({ market: ledger.marketOf(PROVIDER!), offers: [1n], shards: store, clock })
  let keeper = await openKeeper(connection, (event) => heard.push(event))
  for (let t = 0; t < 2400; t += 60) {
    await keeper.pass()
    await agent.pass()
    if (t === 0) await store.delete(shards[1]!.cid)
    if (t % 600 === 0) keeper = await openKeeper(connection, (event) => heard.push(event))
    ledger.pass(60)
  }
  expect(heard.filter(({ type }) => type === 'failed')).toEqual([])
  expect(ledger.deals.length).toBe(3)
  expect((await readKept(home))[0]!.deals.map(({ ended }) => ended)).toEqual(['lapsed', 'failed', 'over'])
  expect(await readFirstDeal(home, reader('client'))).toBe(4n)

  // Asked for again, the one that lapsed gets another deal.
  const [first, ...others] = (await readKept(home))[0]!.deals
  const { ended: _, ...again } = first!
  await changeKept(home, () => [{ ...file, deals: [again, ...others] }])
  await keeper.pass()
  expect(ledger.deals.slice(3).map(({ deal }) => `${deal.shard}`)).toEqual([`${again.shard}`])
})

test('one process at a time opens deals', async () => {
  const release = await takeKeeping(home)
  expect(release).toBeDefined()
  expect(await takeKeeping(home)).toBe(undefined)
  await release!()
  await (await takeKeeping(home))!()
})
