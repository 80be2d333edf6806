/** Runs exclusive-or programs as generated WebAssembly over one memory. */
import type { WholeBlocks } from './plane-runner.ts'
import { instantiate, reserve, type WasmMemory } from './wasm.ts'
import { BLOCK_BYTES, PLANE_BYTES } from './xor-program.ts'
import { writeModule } from './xor-wasm.ts'

/** Bytes of every shard that are worked on at a time. Half as much costs a fifth in calls, four times as much misses the second-level cache. */
const STRIP = 16 * 1024
/** Strips of one power-of-two distance fall in the same cache sets; one line more spreads them. */
const STRIDE = STRIP + 64

/** Makes runners over `memory`; they use it one after another. */
export function createWasmPlanes(memory: WasmMemory): WholeBlocks {
  return (program) => {
    const source = (program.slots * PLANE_BYTES + 63) & ~63
    const target = source + program.inputs * STRIDE
    reserve(memory, target + program.outputs * STRIDE)
    const { run } = instantiate(writeModule(program, { stride: STRIDE, scratch: 0 }), memory) as {
      run: (source: number, target: number, blocks: number) => void
    }
    const results: Uint8Array[] = []
    return (inputs, outputs, length) => {
      const bytes = new Uint8Array(memory.buffer)
      // Views are made once: making one costs as much as copying 4 KiB.
      if (results[0]?.buffer !== memory.buffer) {
        for (let r = 0; r < program.outputs; r++)
          results[r] = bytes.subarray(target + r * STRIDE, target + r * STRIDE + STRIP)
      }
      for (let from = 0; from < length; from += STRIP) {
        const size = Math.min(STRIP, length - from)
        for (let j = 0; j < inputs.length; j++) bytes.set(inputs[j]!.subarray(from, from + size), source + j * STRIDE)
        run(source, target, size / BLOCK_BYTES)
        for (let r = 0; r < outputs.length; r++) {
          outputs[r]!.set(size === STRIP ? results[r]! : results[r]!.subarray(0, size), from)
        }
      }
    }
  }
}
