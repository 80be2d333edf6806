/**
 * Runs an exclusive-or program over byte streams. A stream is blocks of 128 bytes: eight planes of 16 bytes, plane p holding bit p of 128 symbols. What is left
 * at its end is too short for planes: there each byte is a symbol, and its bits are brought into the planes of one more block.
 */
import type { LinearMap } from './transform.ts'
import { BLOCK_BYTES, PLANE_BYTES, PLANES, type XorProgram, xorProgram } from './xor-program.ts'

/** Computes the outputs of a map. All arrays have one length; inputs and outputs may not overlap. */
export type PlaneRunner = (inputs: readonly Uint8Array[], outputs: readonly Uint8Array[]) => void

/** Makes a runner for streams of whole blocks. */
export type WholeBlocks = (program: XorProgram) => (
  inputs: readonly Uint8Array[],
  outputs: readonly Uint8Array[],
  /** bytes, a multiple of 128 */
  length: number,
) => void

/** A runner of streams of any length over one of whole blocks. */
export function createPlaneRunner(map: LinearMap, whole: WholeBlocks): PlaneRunner {
  const run = whole(xorProgram(map))
  return (inputs, outputs) => {
    const length = inputs[0]?.length ?? 0
    const even = length - (length % BLOCK_BYTES)
    if (even > 0) run(inputs, outputs, even)
    if (even === length) return
    const results = outputs.map(() => new Uint8Array(BLOCK_BYTES))
    run(
      inputs.map((input) => toPlanes(input.subarray(even))),
      results,
      BLOCK_BYTES,
    )
    results.forEach((planes, o) => {
      fromPlanes(planes, outputs[o]!.subarray(even))
    })
  }
}

/** Bit p of byte i becomes bit i of plane p. */
function toPlanes(bytes: Uint8Array): Uint8Array {
  const planes = new Uint8Array(BLOCK_BYTES)
  bytes.forEach((byte, i) => {
    for (let p = 0; p < PLANES; p++) planes[p * PLANE_BYTES + (i >> 3)]! |= ((byte >> p) & 1) << (i & 7)
  })
  return planes
}

function fromPlanes(planes: Uint8Array, bytes: Uint8Array): void {
  for (let i = 0; i < bytes.length; i++) {
    let byte = 0
    for (let p = 0; p < PLANES; p++) byte |= ((planes[p * PLANE_BYTES + (i >> 3)]! >> (i & 7)) & 1) << p
    bytes[i] = byte
  }
}
