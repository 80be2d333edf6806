import { expect, test } from 'vitest'
import {
  type BuildProgress,
  buildContract,
  type CacheStore,
  compileContract,
  createSolcPool,
  loadSolc,
  splitContract,
} from '../src/index.ts'

const SOURCES = {
  'App.sol': `pragma solidity ^0.8.24; import "lib/Base.sol"; contract App is Base { ${[1, 2, 3, 4, 5].map((i) => `function f${i}(uint256 v) external { notes[v] = ${i}; total += v * ${i}; emit Noted(v, ${i}); }`).join('\n')} }`,
}
const BASE =
  'pragma solidity ^0.8.24; contract Base { mapping(uint256 => uint256) public notes; uint256 public total; event Noted(uint256 v, uint256 i); }'
const resolveImport = (path: string) => (path === 'lib/Base.sol' ? BASE : undefined)
const options = { sources: SOURCES, contract: 'App', resolveImport, maxBytes: 350 }

function memory(): CacheStore & { readonly entries: Map<string, string> } {
  const entries = new Map<string, string>()
  return { entries, read: (key) => entries.get(key), write: (key, value) => void entries.set(key, value) }
}

test('a build in threads is what one after the other gives, and says how far it is', async () => {
  const solc = loadSolc()
  const compiled = compileContract({ ...options, solc })
  const split = splitContract(compiled, { ...options, solc })
  expect(split.facets.length).toBeGreaterThan(1)
  const store = memory()
  const told: BuildProgress[] = []
  const built = await buildContract({ ...options, workers: 2, store, onProgress: (one) => told.push(one) })
  expect(built).toEqual({ compiled, split })
  expect(told[0]).toEqual({ stage: 'compiling', contract: 'App' })
  expect(told.filter(({ stage }) => stage === 'splitting').at(-1)).toMatchObject({ functionsLeft: 0 })
  expect(told.at(-1)).toEqual({ stage: 'done', facets: split.facets.length })
  // The next one does not need a thread.
  const pool = createSolcPool({ store })
  await pool.close()
  expect(await buildContract({ ...options, pool })).toEqual(built)
  expect(() => createSolcPool({ workers: 0 })).toThrow(expect.objectContaining({ code: 'ZLIB_INVALID_ARGUMENT' }))
})

test('a build stops in the middle of a run of the compiler, and the compilers are good for another', async () => {
  const pool = createSolcPool({ workers: 1 })
  const reason = new Error('enough')
  const controller = new AbortController()
  const stopped = buildContract({
    ...options,
    pool,
    signal: controller.signal,
    onProgress: ({ stage }) => stage === 'compiling' && setImmediate(() => controller.abort(reason)),
  })
  await expect(stopped).rejects.toBe(reason)
  await expect(buildContract({ ...options, pool, signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  const small = { sources: { 'A.sol': 'pragma solidity ^0.8.24; contract A { uint256 public a; }' }, contract: 'A' }
  expect((await buildContract({ ...small, pool })).split.facets).toHaveLength(1)
  await pool.close()
  await expect(buildContract({ ...small, pool })).rejects.toThrow('closed')
})

test('what solc refuses is refused in a thread with the same error', async () => {
  const sources = { 'App.sol': 'pragma solidity ^0.8.24; import "lib/None.sol"; contract App {}' }
  await expect(buildContract({ ...options, sources, workers: 1 })).rejects.toMatchObject({
    code: 'ZLIB_COMPILE',
    message: expect.stringContaining('lib/None.sol was not found'),
  })
})
