import type { EthereumState } from '../ethereum-state.ts'
import { hexAddress } from '../hex-address.ts'
import type { Opcode } from './opcodes.ts'
import { wordsOf } from './run-state.ts'
import { readShort, writeWord } from './words.ts'

/** EIP-2929: a slot that the transaction has not touched before, and one that it has. */
const COLD_GAS = 2_100n
const WARM_GAS = 100n

/** Slots by account, in hex without `0x`, as the library's journal keeps them. */
type WarmSlots = ReadonlyMap<string, ReadonlySet<string>>

const digitsOf = (slot: bigint) => slot.toString(16).padStart(64, '0')

export const storageOpcodes: Record<number, Opcode> = {
  // SLOAD
  84: {
    gas({ interpreter, stack }, fee) {
      const slot = stack.peek(1)[0]!
      const { journal } = interpreter
      const { journal: touched, alwaysWarmJournal } = journal as unknown as Record<string, WarmSlots>
      const address = interpreter.getAddress()
      const owner = hexAddress(address).slice(2)
      const digits = digitsOf(slot)
      if (touched!.get(owner)?.has(digits) || alwaysWarmJournal!.get(owner)?.has(digits)) return fee + WARM_GAS
      const key = new Uint8Array(32)
      writeWord(key, 0, slot)
      journal.addWarmedStorage(address.bytes, key)
      return fee + COLD_GAS
    },
    run(state) {
      const { _store, _len } = wordsOf(state, 1)
      // The state of every EVM with these opcodes; it needs no promise to read a slot.
      const { overlay } = state.stateManager as EthereumState
      const value = overlay.storage(hexAddress(state.interpreter.getAddress()), `0x${digitsOf(_store[_len - 1]!)}`)
      _store[_len - 1] = readShort(value)
    },
  },
}
