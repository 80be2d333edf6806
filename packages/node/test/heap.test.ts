import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const run = promisify(execFile)
const HEAP = new URL('../src/heap.ts', import.meta.url).href

/** A process with 80 MB alive and much that lives a while and dies; prints the most megabytes that its heap took. */
const CHURN = `
  const { keepHeapSmall } = await import(process.argv[1])
  if (process.argv[2] === 'small') keepHeapSmall()
  const alive = Array.from({ length: 800_000 }, (_, index) => ({ index, text: 'unit ' + index }))
  const ring = new Array(100_000)
  let most = 0
  for (let turn = 0; turn < 6_000_000; turn++) {
    ring[turn % ring.length] = { turn, parents: [turn] }
    if (turn % 100_000 === 0) most = Math.max(most, process.memoryUsage().heapTotal)
  }
  console.log(alive.length && most / 2 ** 20)`

async function mostMb(how: 'small' | 'as it is', ...flags: string[]): Promise<number> {
  const options = ['--no-warnings', ...flags, '--input-type=module', '-e', CHURN, HEAP, how]
  // What runs the tests may have settled the matter for its children.
  const { stdout } = await run(process.execPath, options, { env: { ...process.env, NODE_OPTIONS: '' } })
  return Number(stdout)
}

describe('the heap of a program that is a node', () => {
  it('stays nearer to what is alive than the engine would let it', async () => {
    const [small, asItIs] = [await mostMb('small'), await mostMb('as it is')]
    expect(small).toBeLessThan(0.85 * asItIs)
  })

  it('is left to the engine where a flag says how large it may be', async () => {
    const flag = '--max-old-space-size=4096'
    const [settled, asItIs] = [await mostMb('small', flag), await mostMb('as it is', flag)]
    expect(settled).toBeGreaterThan(0.85 * asItIs)
  })
})
