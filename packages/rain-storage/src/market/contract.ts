/** Signatures, errors and structs of the contract `storage/StorageMarket`. */
import { codec, hash } from '../content/cid.ts'
import { StorageError } from '../errors.ts'
import { type AbiArgument, addressWord, hashOf, hexOf, selectorOf } from './abi.ts'
import type { Ask, Terms } from './terms.ts'

/** Errors of the contract. */
const ERRORS = [
  'BadStorageOffer()',
  'BadStorageAsk()',
  'StorageOfferGone(uint256)',
  'StorageOfferFull(uint256,uint256)',
  'NotStorageParty(address)',
  'StoragePaidWrong(uint256,uint256)',
  'StorageDealNotOpen(uint256)',
  'StorageDealTooLate(uint256,uint64)',
  'StorageDealTooEarly(uint256,uint64)',
  'StorageDealNotRunning(uint256)',
  'StorageDealNoticed(uint256)',
  'StorageWindowProved(uint256,uint32)',
  'StorageBeaconMissing(uint256)',
  'StorageProofWrong(uint256)',
  'BeaconNotAtTime(uint256,uint256,uint256)',
  'BeaconUnknownBlock(uint256)',
  'ReceivedLess(address,uint256,uint256)',
  'ReentrancyGuardReentrantCall()',
]
/** Names of the contract's errors by their selector. */
export const ERROR_NAMES: ReadonlyMap<string, string> = new Map(
  ERRORS.map((signature) => [hexOf(selectorOf(signature)), signature.slice(0, signature.indexOf('('))]),
)
/** The types of {@link termWords} and {@link askWords}. */
export const TERMS = '(address,uint64,uint32,uint128,uint128,uint32,uint32,uint8)'
export const ASK = '(uint64,uint64,uint32,uint32,uint64,uint8,uint8,bytes32,bytes32)'
/** Topics of the events that bring numbers. */
export const OFFERED = hexOf(hashOf(`StorageOffered(uint256,address,${TERMS},string)`))
export const OPENED = hexOf(hashOf('StorageDealOpened(uint256,uint256,address,bytes32)'))
/** States of deals in the contract's order. */
export const STATES = [undefined, 'open', 'running', 'refunded'] as const

/** An offer's terms in the contract's order. @throws StorageError `STORAGE_INVALID_ARGUMENT` */
export function termWords(terms: Terms): bigint[] {
  const { token, capacity, minDurationS, price, collateral, maxDurationS, minPeriodS, maxMissed } = terms
  const numbers = [minDurationS, maxDurationS, minPeriodS, maxMissed]
  if (!numbers.every((one) => Number.isSafeInteger(one) && one >= 0))
    throw new StorageError('STORAGE_INVALID_ARGUMENT', 'Times and counts of an offer are whole numbers', { terms })
  const [shortest, longest, period, missed] = numbers.map(BigInt) as [bigint, bigint, bigint, bigint]
  return [addressWord(token), capacity, shortest, price, collateral, longest, period, missed]
}

/** A request in the contract's order. @throws StorageError `STORAGE_INVALID_ARGUMENT` */
export function askWords(ask: Ask): AbiArgument[] {
  const { code, digest } = ask.shard.multihash
  if ((code !== hash.sha256 && code !== hash.blake3) || ask.shard.code !== codec.raw || digest.length !== 32)
    throw new StorageError('STORAGE_INVALID_ARGUMENT', `${ask.shard} is not a raw block by SHA-256 or BLAKE3`, {
      shard: `${ask.shard}`,
    })
  const numbers = [ask.length, ask.periodS, ask.windows, ask.acceptBy, ask.leaves]
  if (!numbers.every((one) => Number.isSafeInteger(one) && one >= 0))
    throw new StorageError('STORAGE_INVALID_ARGUMENT', 'Length, times and counts of a deal are whole numbers', {})
  const [length, period, windows, acceptBy, leaves] = numbers.map(BigInt) as [bigint, bigint, bigint, bigint, bigint]
  return [ask.offer, length, period, windows, acceptBy, leaves, BigInt(code), digest, ask.root]
}
