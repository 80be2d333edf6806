/**
 * The contracts that Ethereum's rules write at the beginning of a block: hashes of ancestors (EIP-2935) and the root of the parent in the
 * consensus layer (EIP-4788), which here is the id of the leader unit that made the parent block. Their code serves the reads; the writes are
 * made as the EIPs' system calls would.
 */
import { bytesToHex, hexToBytes, type PrefixedHexString } from '@ethereumjs/util'
import { type NativeStorage, slotAt, slotValue, systemStorage } from '../native/native-storage.ts'
import type { AddressHex, Hash } from '../state/account.ts'
import { EMPTY_ACCOUNT } from '../state/account.ts'
import type { StateOverlay, StateReader } from '../state/overlay.ts'

/** EIP-2935. */
export const HISTORY_ADDRESS: AddressHex = '0x0000f90827f1c53a10cb7a02335b175320002935'
/** EIP-4788. */
export const BEACON_ROOTS_ADDRESS: AddressHex = '0x000f3df6d732807ef1319fb7b8bb8522d0beac02'
/** Entries of either ring. */
const RING_LENGTH = 8_191n

const HISTORY_CODE: PrefixedHexString =
  '0x3373fffffffffffffffffffffffffffffffffffffffe14604657602036036042575f35600143038111604257611fff81430311604257611fff9006545f5260205ff35b5f5ffd5b5f35611fff60014303065500'
const BEACON_ROOTS_CODE: PrefixedHexString =
  '0x3373fffffffffffffffffffffffffffffffffffffffe14604d57602036146024575f5ffd5b5f35801560495762001fff810690815414603c575f5ffd5b62001fff01545f5260205ff35b5f5ffd5b62001fff42064281555f359062001fff015500'

/** Places both in a genesis. Nonce 1, as after the EIPs' deployment transactions. */
export function placeSystemContracts(state: StateOverlay): void {
  for (const [address, code] of [
    [HISTORY_ADDRESS, HISTORY_CODE],
    [BEACON_ROOTS_ADDRESS, BEACON_ROOTS_CODE],
  ] as const) {
    state.setAccount(address, { ...(state.account(address) ?? EMPTY_ACCOUNT), nonce: 1n })
    state.setCode(address, hexToBytes(code))
  }
}

/** What block `number` writes before its transactions. */
export function writeSystemContracts(
  state: StateOverlay,
  block: { readonly number: number; readonly timestamp: number; readonly parentHash: Hash; readonly parentUnit: Hash },
): void {
  const history = systemStorage(state, HISTORY_ADDRESS)
  write(history, BigInt(block.number - 1) % RING_LENGTH, BigInt(block.parentHash))
  const roots = systemStorage(state, BEACON_ROOTS_ADDRESS)
  const timestamp = BigInt(block.timestamp)
  write(roots, timestamp % RING_LENGTH, timestamp)
  write(roots, (timestamp % RING_LENGTH) + RING_LENGTH, BigInt(block.parentUnit))
}

/** The hash of an ancestor by the state of its descendants; undefined beyond the ring. For nodes that did not keep the block. */
export function ancestorHash(state: StateReader, number: number): Hash | undefined {
  const value = state.storage(HISTORY_ADDRESS, slotAt(BigInt(number) % RING_LENGTH))
  return value.length === 0 ? undefined : (`0x${bytesToHex(value).slice(2).padStart(64, '0')}` as Hash)
}

function write(storage: NativeStorage, slot: bigint, value: bigint): void {
  storage.set(slotAt(slot), slotValue(value))
}
