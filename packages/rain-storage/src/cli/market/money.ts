/** Prices and sums of offers, with the decimals of their money. */
import { StorageError } from '../../errors.ts'
import { addressWord, bytesOf, encodeCall, type Hex, readAbi } from '../../market/abi.ts'
import type { Eip1193Port } from '../../market/chain.ts'
import { COIN, PRICE_SCALE } from '../../market/market.ts'
import { formatUnits, unitsOf } from '../quantities.ts'

/** Prices on the command line are for a GiB and so many seconds: 30 days. */
const MONTH_S = 30n * 86_400n
/** Digits of a unit that prices on the command line may have behind the money's own: storage is cheaper than the smallest unit of some tokens. */
const PRICE_DIGITS = 6

/** Kinds of money that are not asked for again. */
export interface Money {
  /** Digits behind the point of a sum. @throws StorageError `STORAGE_INVALID_ARGUMENT` for what is no token */
  decimals(token: Hex): Promise<number>
}

/** Reads decimals of tokens from the chain, each once. */
export function createMoney(provider: Eip1193Port): Money {
  const known = new Map<Hex, Promise<number>>([[COIN, Promise.resolve(18)]])
  const ask = async (token: Hex) => {
    addressWord(token)
    const call = { to: token, data: encodeCall('decimals()', []) }
    try {
      const decimals = readAbi(
        bytesOf(await provider.request({ method: 'eth_call', params: [call, 'latest'] })),
      ).number(0)
      if (decimals <= 255) return decimals
    } catch (cause) {
      throw new StorageError('STORAGE_INVALID_ARGUMENT', `${token} is no token with decimals`, { token }, { cause })
    }
    throw new StorageError('STORAGE_INVALID_ARGUMENT', `${token} has more than 255 decimals`, { token })
  }
  return {
    decimals(token) {
      const found = known.get(token) ?? ask(token)
      known.set(token, found)
      return found
    },
  }
}

/** The price of an offer from a sum for a GiB and month, rounded to the nearest. */
export function priceOf(flag: string, text: string, decimals: number): bigint {
  const scaled = unitsOf(flag, text, decimals + PRICE_DIGITS) * PRICE_SCALE
  const divisor = MONTH_S * 10n ** BigInt(PRICE_DIGITS)
  return (scaled + divisor / 2n) / divisor
}

/** The sum for a GiB and month of an offer's price. */
export function formatPrice(price: bigint, decimals: number): string {
  const scaled = price * MONTH_S * 10n ** BigInt(PRICE_DIGITS)
  return formatUnits((scaled + PRICE_SCALE / 2n) / PRICE_SCALE, decimals + PRICE_DIGITS)
}

/** What a sum is of, for people. */
export function moneyName(token: Hex): string {
  return token === COIN ? 'coins' : `of ${token}`
}
