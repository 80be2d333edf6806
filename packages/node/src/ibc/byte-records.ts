/**
 * Byte strings by byte keys in a native contract's storage, laid out as Solidity lays out `mapping(bytes => bytes)`. Because they are storage
 * like any contract's, calls, reverts, historical reads, snapshots and the state root cover them without further ado.
 */
import { bytesToBigInt, bytesToHex, concatBytes, setLengthLeft, setLengthRight, unpadBytes } from '@ethereumjs/util'
import { keccak256 } from '@zos/pipeline/hash'
import { dataSlot, type NativeStorage, slotAt, slotValue } from '../native/native-storage.ts'
import type { Hash } from '../state/account.ts'

const SLOT_BYTES = 32

/** The slot of `key` in the mapping at `position`. */
function recordSlot(key: Uint8Array, position: number): Hash {
  return bytesToHex(keccak256(concatBytes(key, setLengthLeft(Uint8Array.of(position), SLOT_BYTES))))
}

/** The bytes at `key`; undefined where there are none. */
export function readRecord(storage: NativeStorage, position: number, key: Uint8Array): Uint8Array | undefined {
  const slot = recordSlot(key, position)
  const head = storage.get(slot)
  if (head.length === 0) return undefined
  if ((head.at(-1)! & 1) === 0) {
    const word = setLengthLeft(head, SLOT_BYTES)
    return word.slice(0, word[SLOT_BYTES - 1]! / 2)
  }
  const bytes = new Uint8Array(lengthOf(head))
  const first = dataSlot(slot)
  for (let at = 0; at < bytes.length; at += SLOT_BYTES) {
    const word = setLengthLeft(storage.get(slotAt(first + BigInt(at / SLOT_BYTES))), SLOT_BYTES)
    bytes.set(word.subarray(0, Math.min(SLOT_BYTES, bytes.length - at)), at)
  }
  return bytes
}

/** Sets the bytes at `key`, or removes them. Values must not be empty. */
export function writeRecord(
  storage: NativeStorage,
  position: number,
  key: Uint8Array,
  value: Uint8Array | undefined,
): void {
  const slot = recordSlot(key, position)
  const head = storage.get(slot)
  const longBefore = head.length > 0 && (head.at(-1)! & 1) === 1
  const wordsBefore = longBefore ? Math.ceil(lengthOf(head) / SLOT_BYTES) : 0
  const words = value && value.length >= SLOT_BYTES ? Math.ceil(value.length / SLOT_BYTES) : 0
  const first = words > 0 || wordsBefore > 0 ? dataSlot(slot) : 0n
  for (let index = 0; index < Math.max(words, wordsBefore); index++) {
    const at = index * SLOT_BYTES
    const word = index < words ? setLengthRight(value!.slice(at, at + SLOT_BYTES), SLOT_BYTES) : new Uint8Array()
    storage.set(slotAt(first + BigInt(index)), unpad(word))
  }
  if (!value) storage.set(slot, new Uint8Array())
  else if (words > 0) storage.set(slot, slotValue(2n * BigInt(value.length) + 1n))
  else {
    const word = setLengthRight(value, SLOT_BYTES)
    word[SLOT_BYTES - 1] = 2 * value.length
    storage.set(slot, unpad(word))
  }
}

const lengthOf = (head: Uint8Array): number => Number((bytesToBigInt(head) - 1n) / 2n)

/** Without leading zeros; empty for zero. */
function unpad(word: Uint8Array): Uint8Array {
  const bytes = unpadBytes(word)
  return bytes.length === 1 && bytes[0] === 0 ? new Uint8Array() : bytes
}
