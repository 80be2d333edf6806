/** Instructions on the frame: where it is in its code, who called it, and its end. */
import { rangeGas } from './memory-opcodes.ts'
import { OP } from './op.ts'
import type { Opcode } from './opcode.ts'
import { type RunState, wordsOf } from './run-state.ts'
import { readShort } from './words.ts'

/** Ends the loop without an exception to catch. */
function stop(state: RunState): void {
  state.programCounter = state.code.length
}

const NO_BYTES = new Uint8Array()

export const frameOpcodes: Record<number, Opcode> = {
  [OP.STOP]: { run: stop },
  [OP.ADDRESS]: { run: ({ stack, interpreter }) => stack.push(readShort(interpreter._env.address.bytes)) },
  [OP.ORIGIN]: { run: ({ stack, interpreter }) => stack.push(readShort(interpreter._env.origin.bytes)) },
  [OP.CALLER]: { run: ({ stack, interpreter }) => stack.push(readShort(interpreter._env.caller.bytes)) },
  [OP.JUMP]: {
    runOr: (own) => (state) => {
      const words = wordsOf(state, 1)
      const target = Number(words._store[words._len - 1])
      if (state.validJumps[target] !== 1) return own(state)
      words._len--
      state.programCounter = target
    },
  },
  [OP.JUMPI]: {
    runOr: (own) => (state) => {
      const words = wordsOf(state, 2)
      const { _store, _len } = words
      if (_store[_len - 2] !== 0n) {
        const target = Number(_store[_len - 1])
        if (state.validJumps[target] !== 1) return own(state)
        state.programCounter = target
      }
      words._len -= 2
    },
  },
  [OP.RETURN]: {
    gas: rangeGas,
    run(state) {
      const words = wordsOf(state, 2)
      const { _store } = words
      words._len -= 2
      const length = Number(_store[words._len])
      state.interpreter._result.returnValue =
        length === 0 ? NO_BYTES : state.memory.read(Number(_store[words._len + 1]), length)
      stop(state)
    },
  },
}
