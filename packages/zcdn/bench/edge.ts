// Edge functions: what a fresh instance costs, what fuel costs on compute kernels beside the same module plain, how soon a runaway is gone, and whether
// fuel is the same in every run, worker and compiler tier. Outputs are compared in each run.

import { printMetric } from '../../../scripts/metric.ts'
import {
  createEdgePool,
  type PreparedFunction,
  prepareFunction,
  RUN_LIMITS,
  type RunOutcome,
  runFunction,
} from '../src/edge/index.ts'
import { edgeWorker, nodeHasher } from '../src/node/index.ts'
import { handleModule, i32Const } from '../test/edge/assemble.ts'
import { compileFunction } from '../test/edge/compile.ts'

const quick = process.argv.includes('--quick')
/**
 * Kernels of `assembly/edge-kernels.ts` in their order, and sizes that take about a millisecond each: short enough for the least of many runs to be
 * free of what else the machine does.
 */
const KERNELS = [
  ['sha256', 2_000],
  ['sieve', 200_000],
  ['matrix', 80],
  ['crc32', 300_000],
  ['distance', 450],
  ['mandelbrot', 80],
  ['quicksort', 20_000],
  ['fibonacci', 25],
] as const
const ROUNDS = quick ? 150 : 600
const INSTANCES = quick ? 4_000 : 20_000
const KILLS = quick ? 20 : 60
const FUEL = 1e11
const contents = new Map<string, Uint8Array>()

const quantile = (values: readonly number[], q: number): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length * q)]!
const same = (a: Uint8Array, b: Uint8Array) => a.length === b.length && a.every((byte, i) => byte === b[i])
const inputOf = (kernel: number, size: number) => new Uint8Array(Uint32Array.of(kernel, size).buffer)
const timed = <T>(run: () => T): [ms: number, result: T] => {
  const start = performance.now()
  const result = run()
  return [performance.now() - start, result]
}

/** The same request on the module as it came: no fuel, no limits. */
function runPlain(module: WebAssembly.Module, input: Uint8Array): Uint8Array {
  let output = new Uint8Array(0)
  const write = (pointer: number, length: number) => {
    output = new Uint8Array(memory.buffer, pointer, length).slice()
  }
  const { exports } = new WebAssembly.Instance(module, { zos: { write } })
  const memory = exports.memory as WebAssembly.Memory
  const pointer = (exports.alloc as (length: number) => number)(input.length)
  new Uint8Array(memory.buffer).set(input, pointer)
  ;(exports.handle as (pointer: number, length: number) => number)(pointer, input.length)
  return output
}

function done(outcome: ReturnType<typeof runFunction>): RunOutcome {
  if (outcome.status !== 'done') throw new Error(`the run ended as ${outcome.status}`)
  return outcome
}

async function benchOverhead(source: Uint8Array, prepared: PreparedFunction): Promise<number[]> {
  const plain = new WebAssembly.Module(source as Uint8Array<ArrayBuffer>)
  const fuels: number[] = []
  const ratios: number[] = []
  for (const [kernel, [name, size]] of KERNELS.entries()) {
    const request = { input: inputOf(kernel, size), fuel: FUEL, contents }
    const metered: number[] = []
    const bare: number[] = []
    const seen = new Set<number>()
    for (let round = 0; round < ROUNDS; round++) {
      const [meteredMs, outcome] = timed(() => done(runFunction(prepared, request)))
      const [bareMs, output] = timed(() => runPlain(plain, request.input))
      if (!same(outcome.output, output) || output.length !== 8) throw new Error(`${name}: another output`)
      seen.add(outcome.fuel)
      // The first rounds are those of the baseline compiler.
      if (round < ROUNDS / 4) continue
      metered.push(meteredMs)
      bare.push(bareMs)
    }
    if (seen.size !== 1) throw new Error(`${name}: ${seen.size} different amounts of fuel`)
    fuels.push([...seen][0]!)
    const [value, peerValue] = [Math.min(...metered), Math.min(...bare)]
    ratios.push(value / peerValue)
    printMetric({ bench: 'edge', metric: `kernel-${name}`, value, unit: 'ms', peer: 'plain WebAssembly', peerValue })
  }
  const mean = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length)
  printMetric({ bench: 'edge', metric: 'fuel-overhead', value: mean, unit: 'x, geometric mean' })
  printMetric({ bench: 'edge', metric: 'fuel-overhead-worst', value: Math.max(...ratios), unit: 'x' })
  return fuels
}

/** A fresh instance that has run a function that does nothing, beside an instance of the plain module alone. */
function benchInstances(): void {
  const source = handleModule(i32Const(0))
  const prepared = prepareFunction(source, 256)
  const plain = new WebAssembly.Module(source as Uint8Array<ArrayBuffer>)
  const request = { input: new Uint8Array(16), fuel: 1e6, contents }
  const ours: number[] = []
  const theirs: number[] = []
  for (let i = 0; i < INSTANCES; i++) {
    const [ms, { exitCode }] = timed(() => done(runFunction(prepared, request)))
    if (exitCode !== 0) throw new Error('another result')
    ours.push(ms * 1000)
    theirs.push(timed(() => new WebAssembly.Instance(plain, {}))[0] * 1000)
  }
  const peer = 'new WebAssembly.Instance'
  printMetric({
    bench: 'edge',
    metric: 'instantiate-us',
    value: quantile(ours, 0.5),
    unit: 'us',
    peer,
    peerValue: quantile(theirs, 0.5),
  })
  printMetric({
    bench: 'edge',
    metric: 'instantiate-us-p99',
    value: quantile(ours, 0.99),
    unit: 'us',
    peer,
    peerValue: quantile(theirs, 0.99),
  })
}

/** From the deadline of a run that never ends until its worker is gone and the caller knows. */
async function benchKill(): Promise<void> {
  const deadlineMs = 50
  const late: number[] = []
  const pool = createEdgePool({ createWorker: edgeWorker, workers: 1, hasher: nodeHasher, deadlineMs: 10_000 })
  const forever = await pool.add(handleModule([0x03, 0x40, 0x0c, 0, 0x0b, ...i32Const(0)]))
  const nothing = await pool.add(handleModule(i32Const(0)))
  for (let i = 0; i < KILLS; i++) {
    // The worker is up before the time runs.
    await pool.run(nothing, new Uint8Array(0))
    const start = performance.now()
    const code = await pool.run(forever, new Uint8Array(0), { fuel: RUN_LIMITS.fuel, deadlineMs }).then(
      () => 'ended',
      (error) => error.code,
    )
    if (code !== 'CDN_EDGE_DEADLINE') throw new Error(`the run ended as ${code}`)
    late.push(performance.now() - start - deadlineMs)
  }
  await pool.close()
  printMetric({ bench: 'edge', metric: 'kill-ms', value: quantile(late, 0.5), unit: 'ms' })
  printMetric({ bench: 'edge', metric: 'kill-ms-p95', value: quantile(late, 0.95), unit: 'ms' })
}

/** Every kernel on three workers again and again: the share of runs with the fuel that this thread counted. */
async function benchIdentical(source: Uint8Array, fuels: readonly number[]): Promise<void> {
  const pool = createEdgePool({ createWorker: edgeWorker, workers: 3, hasher: nodeHasher, deadlineMs: 10_000 })
  const code = await pool.add(source)
  const times = quick ? 6 : 30
  let equal = 0
  for (let i = 0; i < times; i++) {
    const runs = KERNELS.map(([, size], kernel) => pool.run(code, inputOf(kernel, size), { fuel: FUEL }))
    for (const [kernel, { fuel }] of (await Promise.all(runs)).entries()) if (fuel === fuels[kernel]) equal++
  }
  printMetric({ bench: 'edge', metric: 'fuel-identical', value: equal / (times * KERNELS.length), unit: 'of runs' })
  const input = inputOf(7, 1)
  const trips: number[] = []
  for (let i = 0; i < (quick ? 500 : 3_000); i++) {
    const start = performance.now()
    await pool.run(code, input)
    trips.push((performance.now() - start) * 1000)
  }
  printMetric({ bench: 'edge', metric: 'request-us', value: quantile(trips, 0.5), unit: 'us' })
  await pool.close()
}

const source = await compileFunction('edge-kernels')
const [prepareMs, prepared] = timed(() => prepareFunction(source, 256))
printMetric({ bench: 'edge', metric: 'prepare-first', value: prepareMs, unit: 'ms' })
const fuels = await benchOverhead(source, prepared)
benchInstances()
await benchKill()
await benchIdentical(source, fuels)
