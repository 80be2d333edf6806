import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { isIsogenyError } from '../src/errors.ts'
import { createWasmEngine } from '../src/field/wasm.ts'
import { P324_3 } from '../src/params.ts'

afterEach(() => vi.restoreAllMocks())

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
const blocks = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map((m) => m[1]!)

/** Runs a block of the README as it stands, its imports pointed at the sources; returns what it printed. */
async function runBlock(code: string): Promise<string[]> {
  const printed: string[] = []
  vi.spyOn(console, 'log').mockImplementation((...args: unknown[]) => void printed.push(args.join(' ')))
  const body = code.replace(/import \{ (.*?) \} from '@zos\/pq-isogeny\/(.*?)\.js'/g, "const { $1 } = await load('$2')")
  const run = new Function('load', `return (async () => {${body}})()`) as (
    load: (name: string) => Promise<unknown>,
  ) => Promise<void>
  await run((name) => import(`../src/${name}.ts`))
  return printed
}

describe('the README', () => {
  it('first example prints what it says', async () => {
    expect(await runBlock(blocks[0]!)).toEqual(['83 200', 'true'])
  })
  it('hybrid example prints what it says', async () => {
    expect(await runBlock(blocks[1]!)).toEqual(['valid'])
  })
})

describe('internal limits', () => {
  it('an engine that runs out of memory says so with a code', () => {
    try {
      createWasmEngine(P324_3).alloc(1 << 20)
      expect.unreachable()
    } catch (error) {
      expect(isIsogenyError(error, 'ISOGENY_INTERNAL')).toBe(true)
    }
  })
})
