/** The exclusive-or program in plain TypeScript, 32 bits at a time, each step over a strip. Cost: about 1/20 of WebAssembly's speed. */
import type { WholeBlocks } from './plane-runner.ts'
import { BLOCK_BYTES, LOAD, PLANE_BYTES, PLANES, STEP, XOR } from './xor-program.ts'

const STRIP_BLOCKS = 64
const PLANE_WORDS = PLANE_BYTES / 4
const BLOCK_WORDS = BLOCK_BYTES / 4

/** Runs a program step by step. */
export const createScalarPlanes: WholeBlocks = ({ slots, steps, inputs: count, outputs: results }) => {
  const strip = STRIP_BLOCKS * BLOCK_BYTES
  const planes = Array.from({ length: slots }, () => new Uint32Array(STRIP_BLOCKS * PLANE_WORDS))
  // Copies of the strips: callers' arrays need not be aligned to words.
  const sources = Array.from({ length: count }, () => new Uint32Array(strip / 4))
  const targets = Array.from({ length: results }, () => new Uint32Array(strip / 4))
  return (inputs, outputs, length) => {
    for (let from = 0; from < length; from += strip) {
      const to = Math.min(length, from + strip)
      const blocks = (to - from) / BLOCK_BYTES
      const used = blocks * PLANE_WORDS
      inputs.forEach((input, j) => {
        bytesOf(sources[j]!).set(input.subarray(from, to))
      })
      for (let i = 0; i < steps.length; i += STEP) {
        const [first, second, third] = [steps[i + 1]!, steps[i + 2]!, steps[i + 3]!]
        if (steps[i] === XOR) {
          const [sum, a, b] = [planes[first]!, planes[second]!, planes[third]!]
          for (let w = 0; w < used; w++) sum[w] = a[w]! ^ b[w]!
        } else if (steps[i] === LOAD) {
          const source = sources[Math.floor(second / PLANES)]!
          const plane = planes[first]!
          for (let w = 0; w < used; w++) plane[w] = source[wordAt(w, second % PLANES)]!
        } else {
          const target = targets[Math.floor(first / PLANES)]!
          const plane = second < 0 ? undefined : planes[second]!
          for (let w = 0; w < used; w++) target[wordAt(w, first % PLANES)] = plane?.[w] ?? 0
        }
      }
      outputs.forEach((output, o) => {
        output.set(bytesOf(targets[o]!).subarray(0, to - from), from)
      })
    }
  }
}

/** Where word w of a plane lies in a strip. */
function wordAt(w: number, plane: number): number {
  return Math.floor(w / PLANE_WORDS) * BLOCK_WORDS + plane * PLANE_WORDS + (w % PLANE_WORDS)
}

function bytesOf(words: Uint32Array): Uint8Array {
  return new Uint8Array(words.buffer)
}
