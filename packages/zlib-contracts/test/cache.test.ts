import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  type CacheStore,
  cachedSolc,
  compileContract,
  diskStore,
  loadSolc,
  type Solc,
  splitContract,
} from '../src/index.ts'

const real = loadSolc()
const ENTRY = { 'App.sol': 'pragma solidity ^0.8.24; import "lib.sol"; contract App { uint256 public a = Lib.N; }' }
const lib = (n: number) => `pragma solidity ^0.8.24; library Lib { uint256 internal constant N = ${n}; }`

let entries: Map<string, string>
let store: CacheStore
let runs: number

beforeEach(() => {
  entries = new Map()
  store = { read: (key) => entries.get(key), write: (key, value) => void entries.set(key, value) }
  runs = 0
})

/** A fresh process: nothing is loaded yet. */
const fresh = (from: CacheStore = store, name?: string) =>
  cachedSolc({
    store: from,
    ...(name ? { name } : {}),
    load: (): Solc => ({
      version: () => real.version(),
      compile(input, callbacks) {
        runs++
        return real.compile(input, callbacks)
      },
    }),
  })

function build(solc: Solc, imported: string | undefined) {
  const compiled = compileContract({ sources: ENTRY, contract: 'App', resolveImport: () => imported, solc })
  return { ...splitContract(compiled, { solc }), compiler: compiled.compiler }
}

describe('the compile cache', () => {
  test('answers a second build without the compiler, with the same result', () => {
    const first = build(fresh(), lib(1))
    expect(runs).toBe(3)
    const unloadable = cachedSolc({
      store,
      load: () => {
        throw new Error('loaded')
      },
    })
    expect(build(unloadable, lib(1))).toEqual(first)
  })

  test('compiles again when an import changed, and when its name or the compiler did', () => {
    const first = build(fresh(), lib(1))
    runs = 0
    const second = build(fresh(), lib(2))
    expect(runs).toBeGreaterThan(0)
    expect(second.router).not.toBe(first.router)
    runs = 0
    build(fresh(store, 'another compiler'), lib(2))
    expect(runs).toBe(3)
  })

  test('remembers that an import was missing, until it is there', () => {
    expect(() => build(fresh(), undefined)).toThrow('lib.sol was not found')
    runs = 0
    expect(() => build(fresh(), undefined)).toThrow('lib.sol was not found')
    expect(runs).toBe(0)
    build(fresh(), lib(1))
    expect(runs).toBe(3)
  })

  test.each([
    '',
    '{',
    'null',
    '{}',
    '{"output":"{","imports":{}}',
    '{"output":5,"imports":{}}',
    '{"output":"{}","imports":null}',
  ])('takes the damaged entry %j for a missing one', (damage) => {
    const first = build(fresh(), lib(1))
    for (const [key, value] of entries) if (value.startsWith('{')) entries.set(key, damage)
    runs = 0
    expect(build(fresh(), lib(1))).toEqual(first)
    expect(runs).toBe(3)
  })
})

describe('the store on the disk', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'zlib-cache-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  test('keeps answers for the next process, and out of git', () => {
    const cache = join(folder, 'a', 'cache')
    const first = build(fresh(diskStore(cache)), lib(1))
    runs = 0
    expect(build(fresh(diskStore(cache)), lib(1))).toEqual(first)
    expect(runs).toBe(0)
    expect(readFileSync(join(cache, '.gitignore'), 'utf8')).toBe('*\n')
    expect(readdirSync(cache).filter((name) => name.endsWith('.draft'))).toEqual([])
  })

  test('survives files that were cut off', () => {
    const first = build(fresh(diskStore(folder)), lib(1))
    for (const name of readdirSync(folder)) {
      const whole = readFileSync(join(folder, name), 'utf8')
      if (whole.startsWith('{')) writeFileSync(join(folder, name), whole.slice(0, whole.length / 2))
    }
    runs = 0
    expect(build(fresh(diskStore(folder)), lib(1))).toEqual(first)
    expect(runs).toBe(3)
  })
})
