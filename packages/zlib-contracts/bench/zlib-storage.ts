/**
 * Gas of the storage market's calls as transactions of their own, everything cold: execution, 21,000, and the calldata at 16 gas a byte (4 a zero), or EIP-7623's floor of 40
 * (10) where that is more, as it is for proofs. A shard of 400 KiB, money in the chain's coin. Deterministic: nothing here is a time.
 */
import { Interface } from 'ethers'
import { printMetric } from '../../../scripts/metric.ts'
import { ANN, BEN } from '../test/standard/library.ts'
import { createStorageWorld, makeShard, offer, open, sums } from '../test/standard/storage-world.ts'

const LENGTH = 400 * 1_024
const world = await createStorageWorld()
const abi = new Interface(world.library.abiOf('StorageDeals') as never)
for (const who of [ANN, BEN]) await world.library.setBalance(who, 10n ** 24n)
const { pay, collateral } = sums(BigInt(LENGTH), 600n)
const gasOf = new Map<string, number>()

/** What a transaction with this calldata and execution costs. */
function transaction(data: string, execution: bigint): number {
  const bytes = Buffer.from(data.slice(2), 'hex')
  const zeros = bytes.filter((byte) => byte === 0).length
  const tokens = zeros + 4 * (bytes.length - zeros)
  return Math.max(21_000 + 4 * tokens + Number(execution), 21_000 + 10 * tokens)
}

// Every call of the market is noted by its name; the last one of a name counts, which finds the contract in use.
const call = world.market.call
Object.assign(world.market, {
  async call(name: string, args: readonly unknown[] = [], from?: string, value?: bigint) {
    const done = await call(name, args, from, value)
    gasOf.set(name, transaction(abi.encodeFunctionData(name, args), done.gas))
    return done
  },
})
const note = (metric: string, name: string) =>
  printMetric({ bench: 'zlib-storage', metric, value: gasOf.get(name)!, unit: 'gas' })

const shard = await makeShard(LENGTH, 1)
await offer(world, BEN, { maxDuration: 10_000_000n, maxMissed: 200n })
note('offer', 'offerStorage')
for (const leaves of [1, 2, 4, 8, 16]) {
  const id = await open(world, ANN, shard, { leaves: BigInt(leaves), windows: 10n })
  if (leaves === 1) note('open', 'openStorageDeal')
  await world.market.call('acceptStorageDeal', [id], BEN, collateral)
  if (leaves === 1) note('accept', 'acceptStorageDeal')
  const { startsAt, period } = await world.deal(id)
  world.setNow(Number(startsAt))
  await world.prove(id, shard.bytes, leaves, BEN)
  world.setNow(Number(startsAt! + period!))
  await world.prove(id, shard.bytes, leaves, BEN)
  note(`prove-${leaves}-leaves`, 'proveStorage')
}
note('record-beacon', 'recordBeacon')
await world.market.call('collectStorage', [1n], BEN)
note('collect', 'collectStorage')
await world.market.call('reclaimStorage', [1n], ANN)
note('reclaim', 'reclaimStorage')
const [renewed, refunded] = [await open(world, ANN, shard), await open(world, ANN, shard)]
await world.market.call('acceptStorageDeal', [renewed], BEN, collateral)
await world.market.call('renewStorage', [renewed, 5n], ANN, 5n * pay)
note('renew', 'renewStorage')
await world.market.call('noticeStorage', [renewed], BEN)
note('notice', 'noticeStorage')
await world.market.call('refundStorageDeal', [refunded], ANN)
note('refund', 'refundStorageDeal')
