/** The contract `storage/StorageMarket` of @zos/zlib-contracts, as the functions of an object. Times are seconds of the chain's clock, amounts units of the offer's money. */
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { codec } from '../content/cid.ts'
import { StorageError } from '../errors.ts'
import type { LeafProof } from '../rain/audit.ts'
import { type AbiArgument, addressWord, encodeCall, type Hex } from './abi.ts'
import { type Chain, type ChainOptions, createChain, firstBlockAt, type Log } from './chain.ts'
import { ASK, askWords, ERROR_NAMES, OFFERED, OPENED, STATES, TERMS, termWords } from './contract.ts'
import type { Ask, Terms } from './terms.ts'

export type { Ask, Terms } from './terms.ts'

/** The token of offers in the chain's coin. */
export const COIN: Hex = `0x${'00'.repeat(20)}`
/** Bytes of the unit that prices are for. */
export const GIB = 2 ** 30
/** Prices are units scaled by this. */
export const PRICE_SCALE = 10n ** 18n
/** Seconds between two random numbers; windows are multiples of it. */
export const BEACON_SECONDS = 600

/** An offer on the ledger. */
export interface Offer extends Terms {
  readonly id: bigint
  readonly provider: Hex
  /** bytes of deals that run */
  readonly used: bigint
  readonly closed: boolean
  /** multiaddr of the provider's storage peer */
  readonly peer: string
}

/** A deal on the ledger, as it was last written there. */
export interface Deal extends Ask {
  readonly id: bigint
  readonly client: Hex
  readonly state: 'open' | 'running' | 'refunded'
  readonly maxMissed: number
  /** when the first window begins; 0 before the deal is accepted */
  readonly startsAt: number
  readonly noticed: boolean
  /** whether somebody has collected or reclaimed after the end */
  readonly settled: boolean
  readonly payPerWindow: bigint
  readonly collateral: bigint
}

/** How a deal stands now. */
export interface Standing {
  /** windows that are proved or missed */
  readonly counted: number
  readonly missed: number
  readonly over: boolean
  readonly toProvider: bigint
  readonly toClient: bigint
}

/** What a deal asks for now. */
export interface WindowChallenge {
  readonly window: number
  /** the time whose random number counts */
  readonly time: number
  readonly lastSecond: number
  readonly proved: boolean
  /** `undefined` while nobody has recorded the random number */
  readonly nonce?: Uint8Array
}

/** The market as one account sees it. Errors of every call: `STORAGE_UNAVAILABLE`, `STORAGE_REVERTED`, `STORAGE_MALFORMED`. */
export interface StorageMarket {
  readonly account: Hex
  /** Timestamp of the newest block. */
  now(): Promise<number>
  offerCount(): Promise<bigint>
  offer(id: bigint): Promise<Offer | undefined>
  dealCount(): Promise<bigint>
  deal(id: bigint): Promise<Deal | undefined>
  standing(id: bigint): Promise<Standing>
  /** `undefined` before the first window and after the end. */
  challenge(id: bigint): Promise<WindowChallenge | undefined>
  publish(terms: Terms, peer: string): Promise<bigint>
  closeOffer(id: bigint): Promise<void>
  movePeer(id: bigint, peer: string): Promise<void>
  /** Opens a deal and pays for it; a token is approved for this sum first when it has to be. */
  open(ask: Ask): Promise<bigint>
  /** Accepts with the deal's collateral. */
  accept(deal: Deal): Promise<void>
  refund(id: bigint): Promise<void>
  prove(id: bigint, proofs: readonly LeafProof[]): Promise<void>
  /** Pays for more windows. */
  renew(deal: Deal, windows: number): Promise<void>
  notice(id: bigint): Promise<void>
  /** Pays the provider. */
  collect(id: bigint): Promise<void>
  /** Pays the client. */
  reclaim(id: bigint): Promise<void>
  /** Records the random number of `time`. @throws StorageError `STORAGE_NOT_FOUND` when its block is not there yet, or no longer known to the contract */
  recordBeacon(time: number): Promise<void>
}

/** What {@link createStorageMarket} is made of. */
export interface StorageMarketOptions extends Omit<ChainOptions, 'errorNames'> {
  /** of the contract */
  readonly address: Hex
}

/** More than recording takes (152,166) with headers that have some fields more. */
const BEACON_GAS = 300_000n

/** The market at an address. @throws StorageError `STORAGE_INVALID_ARGUMENT` for what is no address */
export function createStorageMarket(options: StorageMarketOptions): StorageMarket {
  const { address, account } = options
  addressWord(address)
  addressWord(account)
  const chain = createChain({ ...options, errorNames: ERROR_NAMES })
  const read = (signature: string, ...args: AbiArgument[]) =>
    chain.read({ to: address, data: encodeCall(signature, args) })
  const send = (signature: string, args: readonly AbiArgument[], value = 0n) =>
    chain.send({ to: address, data: encodeCall(signature, args), value })
  const text = (value: string) => ({ bytes: new TextEncoder().encode(value) })
  const idIn = (logs: readonly Log[], topic: Hex) => {
    const log = logs.find((one) => one.topics[0] === topic && one.address.toLowerCase() === address.toLowerCase())
    if (log?.topics[1] === undefined)
      throw new StorageError('STORAGE_MALFORMED', 'The receipt has no number', { topic })
    return BigInt(log.topics[1])
  }

  /** The coins to send along; tokens are approved instead, as far as they are not. */
  async function pay(offerId: bigint, amount: bigint): Promise<bigint> {
    const token = (await market.offer(offerId))?.token
    if (token === undefined) throw new StorageError('STORAGE_NOT_FOUND', `There is no offer ${offerId}`, { offerId })
    if (token === COIN) return amount
    await allow(chain, token, account, address, amount)
    return 0n
  }

  const market: StorageMarket = {
    account,
    async now() {
      const head = await chain.block()
      if (head === undefined) throw new StorageError('STORAGE_UNAVAILABLE', 'The node has no block yet')
      return head.timestamp
    },
    offerCount: async () => (await read('storageOfferCount()')).word(0),
    async offer(id) {
      const at = (await read('storageOffer(uint256)', id)).inside(0)
      if (at.word(8) === 0n) return undefined
      return {
        id,
        token: at.address(0),
        capacity: at.word(1),
        minDurationS: at.number(2),
        price: at.word(3),
        collateral: at.word(4),
        maxDurationS: at.number(5),
        minPeriodS: at.number(6),
        maxMissed: at.number(7),
        provider: at.address(8),
        used: at.word(9),
        closed: at.word(10) === 1n,
        peer: at.text(11),
      }
    },
    dealCount: async () => (await read('storageDealCount()')).word(0),
    async deal(id) {
      const at = await read('storageDeal(uint256)', id)
      const state = STATES[at.number(2)]
      if (state === undefined) return undefined
      return {
        id,
        client: at.address(0),
        acceptBy: at.number(1),
        state,
        leaves: at.number(4),
        maxMissed: at.number(5),
        offer: at.word(6),
        length: at.number(7),
        startsAt: at.number(8),
        periodS: at.number(9),
        windows: at.number(10),
        noticed: at.word(14) === 1n,
        settled: at.word(15) === 1n,
        shard: CID.createV1(codec.raw, createDigest(at.number(3), at.bytes32(16))),
        root: at.bytes32(17),
        payPerWindow: at.word(18),
        collateral: at.word(19),
      }
    },
    async standing(id) {
      const at = await read('storageStanding(uint256)', id)
      return {
        counted: at.number(0),
        missed: at.number(1),
        over: at.word(2) === 1n,
        toProvider: at.word(3),
        toClient: at.word(4),
      }
    },
    async challenge(id) {
      const at = await read('storageChallenge(uint256)', id)
      if (at.word(1) === 0n) return undefined
      const recorded = at.word(4) !== 0n
      return {
        window: at.number(0),
        time: at.number(1),
        lastSecond: at.number(2),
        proved: at.word(3) === 1n,
        ...(recorded ? { nonce: at.bytes32(4) } : {}),
      }
    },
    publish: async (terms, peer) =>
      idIn(await send(`offerStorage(${TERMS},string)`, [...termWords(terms), text(peer)]), OFFERED),
    async closeOffer(id) {
      await send('closeStorageOffer(uint256)', [id])
    },
    async movePeer(id, peer) {
      await send('moveStoragePeer(uint256,string)', [id, text(peer)])
    },
    async open(ask) {
      const offer = await market.offer(ask.offer)
      if (offer === undefined)
        throw new StorageError('STORAGE_NOT_FOUND', `There is no offer ${ask.offer}`, { offer: ask.offer })
      const value = await pay(ask.offer, payPerWindow(offer, ask.length, ask.periodS) * BigInt(ask.windows))
      return idIn(await send(`openStorageDeal(${ASK})`, askWords(ask), value), OPENED)
    },
    async accept(deal) {
      await send('acceptStorageDeal(uint256)', [deal.id], await pay(deal.offer, deal.collateral))
    },
    async refund(id) {
      await send('refundStorageDeal(uint256)', [id])
    },
    async prove(id, proofs) {
      const leaves = proofs.map(({ leaf }) => ({ bytes: leaf }))
      await send('proveStorage(uint256,bytes[],bytes32[][])', [id, leaves, proofs.map(({ path }) => path)])
    },
    async renew(deal, windows) {
      const value = await pay(deal.offer, deal.payPerWindow * BigInt(windows))
      await send('renewStorage(uint256,uint32)', [deal.id, BigInt(windows)], value)
    },
    async notice(id) {
      await send('noticeStorage(uint256)', [id])
    },
    async collect(id) {
      await send('collectStorage(uint256)', [id])
    },
    async reclaim(id) {
      await send('reclaimStorage(uint256)', [id])
    },
    async recordBeacon(time) {
      const first = await firstBlockAt(chain, time)
      if (first === undefined)
        throw new StorageError('STORAGE_NOT_FOUND', `The first block at ${time} is not there, or too old`, { time })
      const [header, parent] = [await chain.header(first), await chain.header(first - 1)]
      const data = encodeCall('recordBeacon(uint256,bytes,bytes)', [BigInt(time), { bytes: header }, { bytes: parent }])
      // The first block may be the newest: a transaction comes after it and knows its hash, a call at it does not.
      await chain.send({ to: address, data, gas: BEACON_GAS })
    },
  }
  return market
}

/** What a window of a shard costs under an offer, rounded up as the contract does. */
export function payPerWindow(terms: Pick<Terms, 'price'>, length: number, periodS: number): bigint {
  const scaled = up(BigInt(length) * BigInt(periodS) * terms.price, BigInt(GIB))
  return up(scaled, PRICE_SCALE)
}

/** What a provider puts up for a shard, rounded up as the contract does. */
export function collateralOf(terms: Pick<Terms, 'collateral'>, length: number): bigint {
  return up(BigInt(length) * terms.collateral, BigInt(GIB))
}

function up(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor - 1n) / divisor
}

/**
 * Approves `spender` for `amount` of a token unless it is. Never more than one call takes, so that the market holds no standing approval. What is left of a call that
 * did not come through is set to zero first: some tokens (USDT) change no approval to another.
 */
async function allow(chain: Chain, token: Hex, owner: Hex, spender: Hex, amount: bigint): Promise<void> {
  const words = [addressWord(owner), addressWord(spender)]
  const allowed = await chain.read({ to: token, data: encodeCall('allowance(address,address)', words) })
  if (allowed.word(0) >= amount) return
  const approve = (sum: bigint) =>
    chain.send({ to: token, data: encodeCall('approve(address,uint256)', [words[1]!, sum]) })
  if (allowed.word(0) > 0n) await approve(0n)
  await approve(amount)
}
