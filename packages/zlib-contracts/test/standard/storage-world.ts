/** A storage market on a machine: headers whose random numbers are known, shards, and proofs for what the market asks. */
import { answerChallenge, defaultCrypto, type LeafProof, merkleRoot } from '@zos/rain-storage'
import { concat, encodeRlp, getBytes, keccak256, toBeArray, toBeHex } from 'ethers'
import { createLibrary } from './library.ts'

const crypto = defaultCrypto()
/** Seconds between two random numbers. */
export const BEACON = 600
/** The zero address stands for the chain's coin. */
export const COIN = `0x${'00'.repeat(20)}`
const GIB = 2n ** 30n

/** Terms of an offer, in the contract's order. */
export const TERMS = {
  token: COIN,
  capacity: 10n * GIB,
  minDuration: 1_200n,
  // Half a unit for a KiB and a second: windows of shards below 1 KiB cost something too.
  price: (GIB / 2_048n) * 10n ** 18n,
  collateral: GIB * 100n,
  maxDuration: 1_000_000n,
  minPeriod: 600n,
  maxMissed: 3n,
}

/** The RLP of a block's header with Osaka's fields. */
export function header(fields: { parentHash?: string; number: number; time: number; randao?: string }): string {
  const word = (value: number) => toBeHex(value, 32)
  const quantity = (value: number) => toBeArray(value)
  return encodeRlp([
    fields.parentHash ?? word(1),
    word(2),
    `0x${'33'.repeat(20)}`,
    word(4),
    word(5),
    word(6),
    new Uint8Array(256),
    quantity(0),
    quantity(fields.number),
    quantity(150_000_000),
    quantity(21_000),
    quantity(fields.time),
    '0x',
    fields.randao ?? word(fields.number),
    '0x0000000000000000',
    quantity(7),
    word(7),
    quantity(0),
    quantity(0),
    word(8),
    word(9),
  ])
}

/** What {@link createStorageWorld} gives. */
export type StorageWorld = Awaited<ReturnType<typeof createStorageWorld>>

/** A market, a token, and a clock. */
export async function createStorageWorld(start = 1_000_000 * BEACON) {
  const library = await createLibrary()
  const market = await library.make('StorageDeals')
  let now = start
  let block = 1_000
  library.setTime(now)
  library.setBlock(block)

  /** The header of the first block at or after `time`, the hash of which the chain knows, and its parent's. */
  function firstBlockAt(time: number, options: { parentTime?: number; blockTime?: number; randao?: string } = {}) {
    const parent = header({ number: block, time: options.parentTime ?? time - 1 })
    const child = header({
      parentHash: keccak256(parent),
      number: block + 1,
      time: options.blockTime ?? time,
      ...(options.randao === undefined ? {} : { randao: options.randao }),
    })
    library.setBlockHash(block + 1, keccak256(child))
    block += 2
    library.setBlock(block)
    return { parent, child, number: block - 1 }
  }

  return {
    library,
    market,
    now: () => now,
    setNow(time: number) {
      now = time
      library.setTime(now)
    },
    blockNumber: () => block,
    setBlock(number: number) {
      block = number
      library.setBlock(block)
    },
    firstBlockAt,
    async record(time: number) {
      const { parent, child } = firstBlockAt(time)
      return market.call('recordBeacon', [time, child, parent])
    },
    async challenge(id: bigint) {
      const { values } = await market.call('storageChallenge', [id])
      const [window, time, lastSecond, proved, nonce] = values as unknown as [bigint, bigint, bigint, boolean, string]
      return { window, time: Number(time), lastSecond: Number(lastSecond), proved, nonce }
    },
    /** The answer to what the market asks now, from `bytes`; records the random number when nobody has. */
    async answer(id: bigint, bytes: Uint8Array, leaves: number): Promise<LeafProof[]> {
      let asked = await this.challenge(id)
      if (BigInt(asked.nonce) === 0n && asked.time > 0) {
        await this.record(asked.time)
        asked = await this.challenge(id)
      }
      return answerChallenge(crypto, bytes, { nonce: getBytes(asked.nonce), leaves })
    },
    async prove(id: bigint, bytes: Uint8Array, leaves = 2, from?: string) {
      const answer = await this.answer(id, bytes, leaves)
      return market.call('proveStorage', [id, answer.map(({ leaf }) => leaf), answer.map(({ path }) => path)], from)
    },
    async deal(id: bigint) {
      const { value } = await market.call('storageDeal', [id])
      return (value as { toObject(): Record<string, bigint> }).toObject()
    },
    async standing(id: bigint) {
      const { values } = await market.call('storageStanding', [id])
      const [next, missed, over, toProvider, toClient] = values as unknown as [bigint, bigint, boolean, bigint, bigint]
      return { next, missed, over, toProvider, toClient }
    },
  }
}

/** A shard and the fields of a request for it. */
export async function makeShard(length: number, seed: number) {
  const bytes = getBytes(
    concat(Array.from({ length: Math.ceil(length / 32) }, (_, i) => keccak256(toBeHex(seed * 65_536 + i, 32)))),
  ).slice(0, length)
  return { bytes, digest: await crypto.sha256(bytes), root: await merkleRoot(crypto, bytes) }
}

/** What one window of a shard costs under {@link TERMS}, and the collateral: from the exact fractions, rounded up. */
export function sums(length: bigint, period: bigint, terms = TERMS) {
  const up = (a: bigint, b: bigint) => (a + b - 1n) / b
  return {
    pay: up(length * period * terms.price, GIB * 10n ** 18n),
    collateral: up(length * terms.collateral, GIB),
  }
}

/** Publishes an offer of `provider`. */
export async function offer(world: StorageWorld, provider: string, changes: Partial<typeof TERMS> = {}) {
  const terms = { ...TERMS, ...changes }
  return (await world.market.call('offerStorage', [Object.values(terms), '/ip4/127.0.0.1/tcp/4001'], provider))
    .value as bigint
}

/** A request in the contract's order, without what says which shard. */
export const ASK = { offer: 1n, length: 0n, period: 600n, windows: 4n, acceptBy: 0n, leaves: 2n, hashCode: 0x12n }

/** Opens a deal of `client` for a shard, paying what it costs. */
export async function open(
  world: StorageWorld,
  client: string,
  shard: Awaited<ReturnType<typeof makeShard>>,
  changes: Partial<typeof ASK> & { digest?: unknown; root?: unknown } = {},
  value?: bigint,
) {
  const ask = {
    ...ASK,
    length: BigInt(shard.bytes.length),
    acceptBy: BigInt(world.now()) + 1_000n,
    digest: shard.digest,
    root: shard.root,
    ...changes,
  }
  const { pay } = sums(ask.length, ask.period)
  return (await world.market.call('openStorageDeal', [Object.values(ask)], client, value ?? pay * ask.windows))
    .value as bigint
}
