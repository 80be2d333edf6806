/**
 * The inner loop of the code, as a small matrix times many byte streams or as a network of exclusive ors. Three implementations with one contract
 * and identical results: relaxed SIMD, SIMD, and plain TypeScript where WebAssembly is not to be had.
 */
import { byteTable, nibbleTable } from './field.ts'
import { relaxedWasm, simdWasm } from './generated/gf256.ts'
import type { Matrix } from './matrix.ts'
import { createPlaneRunner, type PlaneRunner } from './plane-runner.ts'
import type { LinearMap } from './transform.ts'
import { loadWasm, reserve } from './wasm.ts'
import { createScalarPlanes } from './xor-scalar.ts'
import { createWasmPlanes } from './xor-wasm-runner.ts'

/** What a kernel is built on, fastest first. */
export type KernelName = 'relaxed-simd' | 'simd' | 'typescript'

/** Computes `outputs[r] = Σ matrix[r][j] · inputs[j]`. All arrays have one length; inputs and outputs may not overlap. */
export interface Kernel {
  readonly name: KernelName
  /** Translates a linear map over bit planes once. */
  compile(map: LinearMap): PlaneRunner
  apply(plan: KernelPlan, inputs: readonly Uint8Array[], outputs: readonly Uint8Array[]): void
  /** Prepares the tables of a matrix once; plans of one kernel must not be given to another. */
  plan(matrix: Matrix): KernelPlan
}

/** A matrix with its multiplication tables. */
export interface KernelPlan {
  readonly matrix: Matrix
  readonly tables: Uint8Array
}

/** Bytes of every shard that are worked on at a time: 80 strips stay in a second-level cache. */
const STRIP = 8 * 1024
/** Strips of one power-of-two distance fall in the same cache sets; one line more spreads them. */
const STRIDE = STRIP + 64

type Multiply = (tbl: number, k: number, rows: number, src: number, dst: number, stride: number, len: number) => void

/** The WebAssembly kernel; `undefined` where the engine lacks the instruction set. */
export function createWasmKernel(name: 'relaxed-simd' | 'simd'): Kernel | undefined {
  const module = loadWasm(name === 'simd' ? simdWasm : relaxedWasm, 1)
  if (module === undefined) return undefined
  const multiply = module.exports.multiply as Multiply
  const { memory } = module

  return {
    name,
    compile: (map) => createPlaneRunner(map, createWasmPlanes(memory)),
    plan: nibblePlan,
    apply(plan, inputs, outputs) {
      const { rows, columns } = plan.matrix
      const length = inputs[0]?.length ?? 0
      const source = align(plan.tables.length)
      const target = source + columns * STRIDE
      reserve(memory, target + rows * STRIDE)
      const bytes = new Uint8Array(memory.buffer)
      bytes.set(plan.tables, 0)
      for (let from = 0; from < length; from += STRIP) {
        const size = Math.min(STRIP, length - from)
        for (let j = 0; j < columns; j++) bytes.set(inputs[j]!.subarray(from, from + size), source + j * STRIDE)
        multiply(0, columns, rows, source, target, STRIDE, (size + 31) & ~31)
        for (let r = 0; r < rows; r++) {
          const at = target + r * STRIDE
          outputs[r]!.set(bytes.subarray(at, at + size), from)
        }
      }
    },
  }
}

/** The reference: one table look-up a byte. Cost: about 1/20 of the SIMD kernel's speed. */
export function createScalarKernel(): Kernel {
  return {
    name: 'typescript',
    compile: (map) => createPlaneRunner(map, createScalarPlanes),
    plan(matrix) {
      const tables = new Uint8Array(matrix.cells.length * 256)
      matrix.cells.forEach((cell, i) => {
        tables.set(byteTable(cell), i * 256)
      })
      return { matrix, tables }
    },
    apply({ matrix, tables }, inputs, outputs) {
      for (let r = 0; r < matrix.rows; r++) {
        const output = outputs[r]!
        output.fill(0)
        for (let j = 0; j < matrix.columns; j++) {
          const at = (r * matrix.columns + j) * 256
          const table = tables.subarray(at, at + 256)
          const input = inputs[j]!
          for (let i = 0; i < input.length; i++) output[i]! ^= table[input[i]!]!
        }
      }
    },
  }
}

/** The fastest kernel of this engine. */
export function bestKernel(): Kernel {
  return createWasmKernel('relaxed-simd') ?? createWasmKernel('simd') ?? createScalarKernel()
}

function nibblePlan(matrix: Matrix): KernelPlan {
  const tables = new Uint8Array(matrix.cells.length * 32)
  matrix.cells.forEach((cell, i) => {
    nibbleTable(cell, tables, i * 32)
  })
  return { matrix, tables }
}

function align(bytes: number): number {
  return (bytes + 63) & ~63
}
