import { bytesToBigInt, bytesToHex, equalsBytes, hexToBytes } from '@ethereumjs/util'
import { keccak256 } from '@zos/pipeline/hash'
import type { AddressHex, Hash } from '../state/account.ts'
import type { StateOverlay, StateReader } from '../state/overlay.ts'
import { type GasMeter, SLOT_CHANGE_GAS, SLOT_NEW_GAS, SLOT_READ_GAS, WARM_READ_GAS } from './gas-meter.ts'

/** The storage slots of one account: under its storage root, in proofs and in snapshots like those of any contract. */
export interface NativeStorage {
  /** The value without leading zeros; empty for zero. */
  get(slot: Hash): Uint8Array
  /** Sets a value of at most 32 bytes without leading zeros; empty clears. Throws {@link StaticWrite} where nothing may be written. */
  set(slot: Hash, value: Uint8Array): void
}

/** A write inside a STATICCALL. */
export class StaticWrite extends Error {
  override readonly name = 'StaticWrite'
}

/** Storage of `address` without a price: for what the protocol itself writes. */
export function systemStorage(state: StateOverlay, address: AddressHex): NativeStorage {
  return { get: (slot) => state.storage(address, slot), set: (slot, value) => state.setStorage(address, slot, value) }
}

/** Storage of `address` to look at. */
export function readOnlyStorage(state: StateReader, address: AddressHex): NativeStorage {
  return {
    get: (slot) => state.storage(address, slot),
    set: () => {
      throw new StaticWrite('this storage is for reading')
    },
  }
}

/** Storage in which every access is paid for before it happens. */
export function meteredStorage(storage: NativeStorage, gas: GasMeter, isStatic: boolean): NativeStorage {
  const warm = new Set<Hash>()
  const touch = (slot: Hash) => {
    gas.charge(warm.has(slot) ? WARM_READ_GAS : SLOT_READ_GAS)
    warm.add(slot)
  }
  return {
    get(slot) {
      touch(slot)
      return storage.get(slot)
    },
    set(slot, value) {
      if (isStatic) throw new StaticWrite('a static call writes nothing')
      touch(slot)
      const before = storage.get(slot)
      if (equalsBytes(before, value)) return
      gas.charge(before.length === 0 ? SLOT_NEW_GAS : SLOT_CHANGE_GAS)
      storage.set(slot, value)
    },
  }
}

/** The slot of `key` in a Solidity `mapping(string => …)` that stands at `position`. */
export function mappingSlot(key: string, position: number): Hash {
  const name = new TextEncoder().encode(key)
  const input = new Uint8Array(name.length + 32)
  input.set(name)
  input[input.length - 1] = position
  return bytesToHex(keccak256(input))
}

/** The first slot of the data of a Solidity array or long `bytes` whose length stands in `slot`. */
export function dataSlot(slot: Hash): bigint {
  return bytesToBigInt(keccak256(hexToBytes(slot)))
}

/** Slot number `position` as a storage key. */
export function slotAt(position: bigint): Hash {
  return `0x${BigInt.asUintN(256, position).toString(16).padStart(64, '0')}`
}

/** `value` as a slot holds it. */
export function slotValue(value: bigint): Uint8Array {
  if (value === 0n) return new Uint8Array()
  const digits = value.toString(16)
  return hexToBytes(`0x${digits.length % 2 === 0 ? digits : `0${digits}`}`)
}
