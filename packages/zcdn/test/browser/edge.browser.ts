// Runs in a page: a pool on Web Workers gives the results, the fuel and the signature that it gives in Node, and ends what runs too long.
import {
  createEd25519Signer,
  createEdgePool,
  RUN_LIMITS,
  rawCid,
  serveEdge,
  verifyResult,
  type WorkerPort,
} from '../../src/edge/index.ts'
import { handleModule, i32Const } from '../edge/assemble.ts'
import { SUSPECTS } from '../edge/suspects.ts'

function check(condition: boolean, what: string): void {
  if (!condition) throw new Error(`not so: ${what}`)
}

// This very script is the worker's too.
const inWorker = 'WorkerGlobalScope' in globalThis
if (inWorker) serveEdge(globalThis as unknown as WorkerPort)

export async function run(): Promise<void> {
  if (inWorker) return
  const url = performance.getEntriesByType('resource').find(({ name }) => name.endsWith('.js'))!.name
  const signer = await createEd25519Signer(new Uint8Array(32).fill(5))
  const pool = createEdgePool({
    createWorker: () => new Worker(url, { type: 'module' }),
    workers: 2,
    signer,
    deadlineMs: 20_000,
  })
  try {
    // Adds up 0 … 999,999.
    const turn = [
      0x20,
      2,
      ...i32Const(1),
      0x6a,
      0x22,
      2,
      0x20,
      3,
      0x6a,
      0x21,
      3,
      0x20,
      2,
      ...i32Const(1_000_000),
      0x48,
      0x0d,
      0,
    ]
    const sum = await pool.add(handleModule([0x03, 0x40, ...turn, 0x0b, 0x20, 3], { locals: [0x7f, 0x7f] }))
    const input = new Uint8Array(10)
    const results = await Promise.all([1, 2, 3, 4].map(() => pool.run(sum, input)))
    for (const { exitCode, fuel, signed, output } of results) {
      check(exitCode === 1_784_293_664, `the sum, not ${exitCode}`)
      check(fuel === 11_000_018, `the fuel, not ${fuel}`)
      const verdict = await verifyResult(signed!, {
        function: sum,
        input: await rawCid(input),
        output: await rawCid(output),
      })
      check(verdict.status === 'valid', 'the signature is valid')
    }
    const forever = await pool.add(handleModule([0x03, 0x40, 0x0c, 0, 0x0b, ...i32Const(0)]))
    const start = performance.now()
    const failure = await pool.run(forever, input, { fuel: RUN_LIMITS.fuel, deadlineMs: 300 }).catch((error) => error)
    check(failure.code === 'CDN_EDGE_DEADLINE', `the deadline, not ${failure.code}`)
    check(performance.now() - start < 5_000, 'it ends soon')
    for (const recursion of SUSPECTS.slice(0, 3)) {
      const deep = await pool.run(await pool.add(recursion), input).catch((error) => error)
      check(deep.code === 'CDN_EDGE_STACK', `calls too deep in a worker, not ${deep.code}`)
    }
    const out = await pool.run(forever, input, { fuel: 1e6 }).catch((error) => error)
    check(out.code === 'CDN_EDGE_OUT_OF_FUEL', `out of fuel, not ${out.code}`)
    check((await pool.run(sum, input)).fuel === 11_000_018, 'a new worker runs the next')
  } finally {
    await pool.close()
  }
}
