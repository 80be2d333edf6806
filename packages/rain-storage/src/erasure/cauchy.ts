/** The code of a Cauchy matrix, a symbol a byte. */
import type { CodeMaps } from './code-maps.ts'
import type { Kernel } from './kernel.ts'
import { coefficient, generatorRows, inverse, type Matrix, product } from './matrix.ts'
import type { PlaneRunner } from './plane-runner.ts'

/** The maps of a (k, n) code. Cost: tables of 32·k·(n − k) bytes. */
export function cauchyMaps(kernel: Kernel, k: number, n: number): CodeMaps {
  const runner = (matrix: Matrix): PlaneRunner => {
    const plan = kernel.plan(matrix)
    return (inputs, outputs) => kernel.apply(plan, inputs, outputs)
  }
  const parity = Array.from({ length: n - k }, (_, i) => k + i)
  return {
    encode: runner(generatorRows(k, parity)),
    recover: (used, wanted) => runner(product(generatorRows(k, wanted), inverse(generatorRows(k, used)))),
    contribution: (index) =>
      runner({ rows: n - k, columns: 1, cells: Uint8Array.from(parity, (row) => coefficient(k, row, index)) }),
  }
}
