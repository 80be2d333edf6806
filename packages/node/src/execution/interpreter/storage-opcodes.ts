import type { EthereumState } from '../ethereum-state.ts'
import { hexAddress } from '../hex-address.ts'
import { OP } from './op.ts'
import type { Opcode } from './opcode.ts'
import { wordsOf } from './run-state.ts'
import { readShort } from './words.ts'

/** EIP-2929: a slot that the transaction has not touched before, and one that it has. */
const COLD_GAS = 2_100n
const WARM_GAS = 100n

/** What the library's journal keeps of the transaction: accounts and slots in hex without `0x`. */
interface Journal {
  readonly journal: Map<string, Set<string>>
  readonly alwaysWarmJournal: ReadonlyMap<string, ReadonlySet<string>>
  /** What came since each checkpoint; the second of a triple is slots by account. */
  readonly journalDiff: [height: number, [Set<string>, Map<string, Set<string>>, Set<string>]][]
}

const digitsOf = (slot: bigint) => slot.toString(16).padStart(64, '0')

export const storageOpcodes: Record<number, Opcode> = {
  [OP.SLOAD]: {
    gas({ interpreter, stack }, fee) {
      const slot = digitsOf(stack.peek(1)[0]!)
      const journal = interpreter.journal as unknown as Journal
      const address = interpreter.getAddress()
      const owner = hexAddress(address).slice(2)
      let touched = journal.journal.get(owner)
      if (touched?.has(slot) || journal.alwaysWarmJournal.get(owner)?.has(slot)) return fee + WARM_GAS
      if (!touched) {
        interpreter.journal.addWarmedAddress(address.bytes)
        touched = journal.journal.get(owner)!
      }
      touched.add(slot)
      const added = journal.journalDiff.at(-1)![1][1]
      const slots = added.get(owner)
      if (slots) slots.add(slot)
      else added.set(owner, new Set([slot]))
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
