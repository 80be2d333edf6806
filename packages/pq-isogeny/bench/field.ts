/** F_{p²} multiplication, squaring and addition: WebAssembly kernels beside the BigInt engine. Nanoseconds, least of repeats. */

import { printMetric } from '../../../scripts/metric.ts'
import { createBigIntEngine } from '../src/field/bigint.ts'
import type { Fp2Engine } from '../src/field/engine.ts'
import { createWasmEngine } from '../src/field/wasm.ts'
import { P324_3, P500_27, P664_17 } from '../src/params.ts'

const quick = process.argv.includes('--quick')

function nanoseconds(F: Fp2Engine, op: 'mul' | 'sqr' | 'add', count: number): number {
  const s = F.stride
  const t = F.alloc(3)
  F.write(t, 3n ** 200n, 5n ** 140n)
  F.write(t + s, 7n ** 120n, 11n ** 90n)
  let best = Number.POSITIVE_INFINITY
  for (let r = 0; r < (quick ? 10 : 40); r++) {
    const start = process.cpuUsage()
    for (let n = 0; n < count; n++) F[op](t, t, t + s)
    const { user, system } = process.cpuUsage(start)
    best = Math.min(best, ((user + system) * 1000) / count)
  }
  return Math.round(best)
}

for (const set of [P324_3, P500_27, P664_17]) {
  const wasm = createWasmEngine(set)
  const bigint = createBigIntEngine(set)
  for (const op of ['mul', 'sqr', 'add'] as const) {
    const value = nanoseconds(wasm, op, 50_000)
    const peerValue = nanoseconds(bigint, op, 5_000)
    const metric = `fp2-${op}-${set.name}-ns`
    printMetric({ bench: 'field', metric, value, unit: 'ns', peer: 'BigInt', peerValue })
  }
}
