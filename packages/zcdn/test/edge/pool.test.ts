import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { describe as describeContent } from '../../src/content/content-map.ts'
import {
  createEd25519Signer,
  createEdgePool,
  type EdgePool,
  type EdgePoolOptions,
  type ResultRecord,
  RUN_LIMITS,
  rawCid,
  verifyResult,
} from '../../src/edge/index.ts'
import type { CdnError } from '../../src/errors.ts'
import { edgeWorker, nodeHasher } from '../../src/node/index.ts'
import { handleModule, i32Const } from './assemble.ts'
import { compileFunction } from './compile.ts'

const text = (value: string) => new TextEncoder().encode(value)
const number = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true)
const failure = (promise: Promise<unknown>): Promise<CdnError> =>
  promise.then(
    () => Promise.reject(new Error('it did not fail')),
    (error) => error,
  )

const blocks = new Map<string, Uint8Array>()
const FOREVER = handleModule([0x03, 0x40, 0x0c, 0, 0x0b, ...i32Const(0)])
let example: Uint8Array
const pools: EdgePool[] = []
const pool = (options: Partial<EdgePoolOptions> = {}): EdgePool => {
  const made = createEdgePool({
    createWorker: edgeWorker,
    hasher: nodeHasher,
    workers: 1,
    // Far away: a busy machine changes no test.
    deadlineMs: 20_000,
    block: async (cid) => blocks.get(cid.toString()),
    ...options,
  })
  pools.push(made)
  return made
}

beforeAll(async () => {
  example = await compileFunction('edge-example')
}, 60_000)
afterAll(() => Promise.all(pools.map((made) => made.close())))

describe('a pool', () => {
  it('runs a function on an input, logs what it says, and signs what came out', async () => {
    const signer = await createEd25519Signer(new Uint8Array(32).fill(7))
    const runner = pool({ signer })
    const code = await runner.add(example)
    expect(code.equals(await rawCid(example))).toBe(true)
    const input = text('three little words')
    const result = await runner.run(code, input, { fuel: 1e6 })
    expect(number(result.output)).toBe(3)
    expect(result).toMatchObject({ exitCode: 0, logs: ['three little words'] })
    const { record } = result.signed!
    expect(record).toMatchObject({ status: 'done', exitCode: 0, fuel: result.fuel, fuelLimit: 1e6, memoryPages: 256 })
    expect(record.runner).toEqual(signer.publicKey)
    const expected = { function: code, input: await rawCid(input), output: await rawCid(result.output), fuelLimit: 1e6 }
    expect(await verifyResult(result.signed!, { ...expected, runners: [signer.publicKey] })).toEqual({
      status: 'valid',
    })
  })
  it('uses the same fuel on every worker, run for run', async () => {
    const runner = pool({ workers: 3 })
    const code = await runner.add(example)
    const runs = await Promise.all(Array.from({ length: 60 }, () => runner.run(code, text('a b c d e '.repeat(500)))))
    expect(new Set(runs.map(({ fuel }) => fuel)).size).toBe(1)
  })
  it('keeps nothing from one run to the next', async () => {
    // Answers what address 0 holds and adds one to it.
    const counter = handleModule([
      ...i32Const(0),
      0x28,
      2,
      0,
      ...i32Const(0),
      ...i32Const(0),
      0x28,
      2,
      0,
      ...i32Const(1),
      0x6a,
      0x36,
      2,
      0,
    ])
    const runner = pool()
    const code = await runner.add(counter)
    for (let i = 0; i < 3; i++) expect((await runner.run(code, text(''))).exitCode).toBe(0)
  })
  it('fetches and verifies functions and content by CID, a file of many leaves too, named beforehand or not', async () => {
    const content = Uint8Array.from({ length: 300_000 }, (_, i) => i % 251)
    const { map, nodes } = await describeContent([content], { leafBytes: 65_536, hasher: nodeHasher })
    for (const node of nodes) blocks.set(node.cid.toString(), node.bytes)
    for (const [i, leaf] of map.leaves.entries())
      blocks.set(leaf.toString(), content.subarray(map.starts[i], map.starts[i + 1]))
    const code = await rawCid(example)
    blocks.set(code.toString(), example)
    const runner = pool()
    const input = new Uint8Array([...text('cid:'), ...map.root.bytes])
    const first = await runner.run(code, input)
    expect(number(first.output)).toBe(content.reduce((sum, byte) => sum + byte, 0))
    const named = await runner.run(code, input, { reads: [map.root] })
    expect(named.fuel).toBe(first.fuel)
    const restarts = runner.metrics().find(({ name }) => name === 'zcdn_edge_restarts_total')!.values[0]!.value
    expect(restarts).toBe(1)

    const leaf = map.leaves[2]!.toString()
    const genuine = blocks.get(leaf)!
    blocks.set(
      leaf,
      genuine.map((byte) => byte ^ 1),
    )
    expect(await failure(runner.run(code, input))).toMatchObject({ code: 'CDN_BAD_BLOCK' })
    blocks.delete(leaf)
    expect(await failure(runner.run(code, input))).toMatchObject({
      code: 'CDN_EDGE_CONTENT_MISSING',
      context: { cid: leaf },
    })
    blocks.set(leaf, genuine)
    expect(await failure(runner.run(await rawCid(text('unknown')), text('')))).toMatchObject({
      code: 'CDN_EDGE_CONTENT_MISSING',
    })
  })
  it('signs failures like results: out of fuel, trapped, too deep', async () => {
    const signer = await createEd25519Signer()
    const runner = pool({ signer })
    const deep = handleModule([0x20, 0, 0x20, 1, 0x10, 1])
    for (const [source, code, status] of [
      [FOREVER, 'CDN_EDGE_OUT_OF_FUEL', 'out-of-fuel'],
      [handleModule([0x00]), 'CDN_EDGE_TRAPPED', 'trapped'],
      [deep, 'CDN_EDGE_STACK', 'stack'],
    ] as const) {
      const error = await failure(runner.run(await runner.add(source), text('x'), { fuel: 1e7 }))
      expect(error).toMatchObject({ code, context: { fuel: 1e7 } })
      const signed = error.context.signed as { record: ResultRecord; signature: Uint8Array }
      expect(signed.record).toMatchObject({ status, fuel: 1e7 })
      expect(signed.record.output.equals(await rawCid(new Uint8Array(0)))).toBe(true)
      expect(await verifyResult(signed)).toEqual({ status: 'valid' })
    }
  })
  it('ends a run at its deadline, and runs the next on a new worker', async () => {
    const runner = pool()
    const forever = await runner.add(FOREVER)
    const code = await runner.add(example)
    const start = performance.now()
    const error = await failure(runner.run(forever, text(''), { fuel: RUN_LIMITS.fuel, deadlineMs: 200 }))
    const took = performance.now() - start
    expect(error).toMatchObject({ code: 'CDN_EDGE_DEADLINE' })
    expect(took).toBeGreaterThan(195)
    expect(took).toBeLessThan(1_000)
    expect(number((await runner.run(code, text('a b'))).output)).toBe(2)
    const killed = runner.metrics().find(({ name }) => name === 'zcdn_edge_killed_total')!.values[0]!.value
    expect(killed).toBe(1)
  })
  it('ends a run when its caller gives up, whether it runs or waits', async () => {
    const runner = pool()
    const forever = await runner.add(FOREVER)
    const running = new AbortController()
    const waiting = new AbortController()
    const options = { fuel: RUN_LIMITS.fuel }
    const first = failure(runner.run(forever, text(''), { ...options, signal: running.signal }))
    const second = failure(runner.run(forever, text(''), { ...options, signal: waiting.signal }))
    await new Promise((resolve) => setTimeout(resolve, 50))
    waiting.abort(new Error('not needed'))
    expect(await second).toMatchObject({ message: 'not needed' })
    running.abort(new Error('enough'))
    expect(await first).toMatchObject({ message: 'enough' })
    expect(
      await failure(runner.run(forever, text(''), { signal: AbortSignal.abort(new Error('before')) })),
    ).toMatchObject({ message: 'before' })
  })
  it('refuses what would wait too long, and gives one function no more than its share', async () => {
    const runner = pool({ workers: 2, maxQueue: 2, maxPerFunction: 1 })
    const forever = await runner.add(FOREVER)
    const code = await runner.add(example)
    const hogs = [1, 2, 3].map(() => failure(runner.run(forever, text(''), { fuel: RUN_LIMITS.fuel, deadlineMs: 300 })))
    await new Promise((resolve) => setTimeout(resolve, 50))
    // One runs, two wait: there is a free worker, but no room to wait.
    expect(await failure(runner.run(code, text('')))).toMatchObject({ code: 'CDN_EDGE_BUSY' })
    expect(await hogs[0]).toMatchObject({ code: 'CDN_EDGE_DEADLINE' })
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(number((await runner.run(code, text('a'))).output)).toBe(1)
    for (const hog of hogs) expect(await hog).toMatchObject({ code: 'CDN_EDGE_DEADLINE' })
  })
  it('keeps as many prepared functions as it may, and prepares one once for many', async () => {
    const runner = pool({ maxPrepared: 2 })
    const sources = [1, 2, 3].map((value) => handleModule(i32Const(value)))
    for (const source of sources) blocks.set((await rawCid(source)).toString(), source)
    const cids = await Promise.all(sources.map((source) => rawCid(source)))
    for (const [i, cid] of cids.entries()) {
      const runs = await Promise.all([1, 2, 3].map(() => runner.run(cid, text(''))))
      expect(runs.map(({ exitCode }) => exitCode)).toEqual(new Array(3).fill(i + 1))
    }
    const value = (name: string) =>
      runner.metrics().find((metric) => metric.name === `zcdn_edge_${name}`)!.values[0]!.value
    expect(value('prepared')).toBe(2)
  })
  it('survives workers that die, and gives up when none comes up', async () => {
    let made = 0
    const dying = pool({
      createWorker: () => {
        made++
        const worker = edgeWorker()
        if (made === 1) worker.on!('online', () => void worker.terminate())
        return worker
      },
    })
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(number((await dying.run(await dying.add(example), text('a b'))).output)).toBe(2)
    expect(made).toBe(2)
    const hopeless = pool({
      createWorker: () => {
        const worker = edgeWorker()
        worker.on!('online', () => void worker.terminate())
        return worker
      },
    })
    expect(await failure(hopeless.add(example))).toMatchObject({ code: 'CDN_EDGE_ENGINE' })
    let last = true
    const spent = pool({
      deadlineMs: 50,
      createWorker: () => {
        if (!last) throw new Error('no more')
        last = false
        return edgeWorker()
      },
    })
    const forever = await spent.add(FOREVER)
    const ended = await failure(spent.run(forever, text(''), { fuel: RUN_LIMITS.fuel }))
    expect(ended).toMatchObject({ code: 'CDN_EDGE_DEADLINE' })
    expect(await failure(spent.run(forever, text('')))).toMatchObject({ code: 'CDN_EDGE_ENGINE' })
  })
  it('grants time and chance only as part of the request', async () => {
    const { compileSource } = await import('./compile.ts')
    const lucky = await compileSource(`
      @external("zos", "now") declare function now(): f64
      @external("zos", "random") declare function random(pointer: usize, length: i32): void
      @external("zos", "write") declare function write(pointer: usize, length: i32): void
      export function alloc(length: i32): usize { return heap.alloc(length) }
      export function handle(input: usize, length: i32): i32 {
        const out = heap.alloc(58)
        store<f64>(out, now())
        random(out + 8, 40)
        random(out + 48, 10)
        write(out, 58)
        return 0
      }`)
    const signer = await createEd25519Signer()
    const runner = pool({ signer })
    const code = await runner.add(lucky)
    expect(await failure(runner.run(code, text('')))).toMatchObject({ code: 'CDN_EDGE_REFUSED' })
    const seed = new Uint8Array(32).fill(1)
    const nowMs = 1_700_000_000_000
    const [a, b] = [
      await runner.run(code, text(''), { nowMs, seed }),
      await runner.run(code, text(''), { nowMs, seed }),
    ]
    expect(a.output).toEqual(b.output)
    expect(new DataView(a.output.buffer).getFloat64(0, true)).toBe(nowMs)
    // Bytes 0 to 31 of the second answer begin a block of their own: nothing repeats.
    expect(a.output.slice(8, 18)).not.toEqual(a.output.slice(48, 58))
    const c = await runner.run(code, text(''), { nowMs, seed: new Uint8Array(32).fill(2) })
    expect(c.output.slice(8)).not.toEqual(a.output.slice(8))
    expect(a.signed!.record).toMatchObject({ nowMs, seed })
    expect(await verifyResult(a.signed!, { nowMs, seed })).toEqual({ status: 'valid' })
    expect((await verifyResult(a.signed!, { nowMs: 1 })).status).toBe('invalid')
    for (const bad of [
      { nowMs: -1, seed },
      { nowMs, seed: new Uint8Array(31) },
      { nowMs, seed, fuel: 0 },
    ])
      expect(await failure(runner.run(code, text(''), bad))).toMatchObject({ code: 'CDN_INVALID_ARGUMENT' })
  })
  it('refuses options out of range, and everything once it is closed', async () => {
    expect(() => createEdgePool({ createWorker: edgeWorker, workers: 0 })).toThrow(
      expect.objectContaining({ code: 'CDN_INVALID_ARGUMENT' }),
    )
    expect(() => createEdgePool({ createWorker: edgeWorker, memoryPages: 5_000 })).toThrow(
      expect.objectContaining({ code: 'CDN_INVALID_ARGUMENT' }),
    )
    const runner = pool()
    const forever = await runner.add(FOREVER)
    const running = failure(runner.run(forever, text(''), { fuel: RUN_LIMITS.fuel }))
    await new Promise((resolve) => setTimeout(resolve, 20))
    await runner.close()
    expect(await running).toMatchObject({ code: 'CDN_EDGE_BUSY' })
    expect(await failure(runner.run(forever, text('')))).toMatchObject({ code: 'CDN_EDGE_BUSY' })
  })
})
