import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toUtf8Bytes } from 'ethers'
import { describe, expect, test } from 'vitest'
import {
  buildModule,
  cidOf,
  cidText,
  compileContract,
  folderSources,
  gatewaySources,
  loadSolc,
  packModule,
  parseCid,
  type Registry,
  type SourceFetch,
  splitContract,
  unpackModule,
  verifyModule,
} from '../../src/index.ts'

const solc = loadSolc()
const LIB =
  'pragma solidity ^0.8.24; library L { function f(uint256 v) internal pure returns (uint256) { return v + 1; } }'
const TALLY = `pragma solidity ^0.8.24; import "lib/L.sol";
  contract Tally { uint256 public count; function raise() external { count = L.f(count); } function reset() external { count = 0; } }`
const built = buildModule({
  sources: { 'src/Tally.sol': TALLY },
  contract: 'Tally',
  resolveImport: (path) => (path === 'lib/L.sol' ? LIB : undefined),
  name: 'tally',
  version: '1.0.0',
  functions: ['count()', 'raise()'],
  solc,
})
const from =
  (blocks: ReadonlyMap<string, Uint8Array>): SourceFetch =>
  async (cid) =>
    blocks.get(cid)
/** A registry that has one version. */
const registry = (change: Partial<Awaited<ReturnType<Registry['resolve']>>> = {}) =>
  ({
    resolve: async () => ({
      code: built.facet.address,
      libId: built.facet.codeHash,
      metadata: built.cid,
      yanked: false,
      dependencies: [],
      ...change,
    }),
  }) as unknown as Registry

describe('a CID', () => {
  test('is what IPFS gives the same bytes', () => {
    // printf 'hello world' | sha256sum, behind 01551220, in base32.
    const cid = cidOf(toUtf8Bytes('hello world'))
    expect(cidText(cid)).toBe('bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e')
    expect(parseCid(cidText(cid))).toBe(cid)
    for (const wrong of ['', 'b', 'Qm', cidText(cid).slice(0, -1), `${cidText(cid)}a`, cidText(cid).toUpperCase()])
      expect(() => parseCid(wrong)).toThrow(expect.objectContaining({ code: 'ZLIB_SOURCES' }))
  })
})

describe('a module', () => {
  test('is cut as applications cut it, whatever else they have', () => {
    const app = compileContract({
      sources: {
        'App.sol': `pragma solidity ^0.8.24; import "src/Tally.sol"; contract App is Tally { mapping(address => string) public names; function name(string calldata n) external { names[msg.sender] = n; } }`,
      },
      contract: 'App',
      resolveImport: (path) => ({ 'src/Tally.sol': TALLY, 'lib/L.sol': LIB })[path],
      solc,
    })
    const split = splitContract(app, { solc, modules: [['raise()', 'count()']] })
    expect(split.facets[0]).toEqual(built.facet)
  })

  test('is verified from the sources that its CID names', async () => {
    expect([...built.blocks.keys()]).toHaveLength(3)
    const result = await verifyModule(registry(), 'tally', '1.0.0', from(built.blocks), { solc })
    expect(result).toEqual({
      status: 'verified',
      recipe: { ...built.recipe, functions: ['count()', 'raise()'] },
      facet: built.facet,
      yanked: false,
    })
  })

  test('is not verified when code, name or compiler are others', async () => {
    const verify = (of: Registry, name = 'tally', blocks = built.blocks) =>
      verifyModule(of, name, '1.0.0', from(blocks), { solc })
    const other = { libId: `0x${'11'.repeat(32)}` } as const
    expect(await verify(registry(other))).toMatchObject({ reason: expect.stringContaining('compiles to') })
    expect(await verify(registry(), 'other')).toMatchObject({ reason: 'its sources are those of tally@1.0.0' })
    expect(await verify(registry({ metadata: '0x01551220aa' }))).toMatchObject({
      reason: expect.stringContaining('not a CID'),
    })
    const old = packModule({ ...built.recipe, compiler: '0.8.1' })
    expect(await verify(registry({ metadata: old.cid }), 'tally', old.blocks)).toMatchObject({
      reason: expect.stringContaining('0.8.1'),
    })
    const changed = packModule({
      ...built.recipe,
      sources: { ...built.recipe.sources, 'lib/L.sol': LIB.replace('v + 1', 'v + 2') },
    })
    expect(await verify(registry({ metadata: changed.cid }), 'tally', changed.blocks)).toMatchObject({
      status: 'different',
    })
  })

  test('is not read from sources that are missing, changed or nonsense', async () => {
    await expect(unpackModule(built.cid, async () => undefined)).rejects.toThrow('is not to be had')
    await expect(unpackModule(built.cid, async () => toUtf8Bytes('{}'))).rejects.toThrow('something else')
    for (const document of [
      '{',
      'null',
      '{"zlib":2}',
      '{"zlib":1}',
      '{"zlib":1,"name":"a","version":"1","compiler":"c","contract":"A","file":"A.sol","functions":[1]}',
    ]) {
      const bytes = toUtf8Bytes(document)
      await expect(
        unpackModule(cidOf(bytes), async () => bytes),
        document,
      ).rejects.toMatchObject({ code: 'ZLIB_SOURCES' })
    }
    const outside = packModule({ ...built.recipe, sources: { '../x.sol': 'x', 'src/Tally.sol': TALLY } })
    await expect(unpackModule(outside.cid, from(outside.blocks))).rejects.toThrow('a strange source')
    expect(() => packModule({ ...built.recipe, sources: { 'a.sol': 'x'.repeat(1_048_577) } })).toThrow(
      'the limit is 1048576',
    )
  })
})

describe('sources', () => {
  test('come from a folder or a gateway', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'zlib-sources-'))
    for (const [cid, bytes] of built.blocks) writeFileSync(join(folder, cid), bytes)
    expect((await unpackModule(built.cid, folderSources(folder))).sources['lib/L.sol']).toBe(LIB)
    expect(await folderSources(folder)('../etc')).toBeUndefined()
    rmSync(folder, { recursive: true })
    const asked: string[] = []
    const gateway = gatewaySources('https://gateway.example/', async (url) => {
      asked.push(String(url))
      const found = built.blocks.get(/ipfs\/(\w+)/.exec(String(url))![1]!)
      return found ? new Response(Buffer.from(found)) : new Response('', { status: 404 })
    })
    expect((await unpackModule(built.cid, gateway)).sources['src/Tally.sol']).toBe(TALLY)
    expect(asked[0]).toBe(`https://gateway.example/ipfs/${cidText(built.cid)}?format=raw`)
    expect(await gateway('bnone')).toBeUndefined()
    const endless = gatewaySources('https://x.example', async () => new Response(new Uint8Array(1_048_577)))
    expect(await endless('b')).toBeUndefined()
  })
})
