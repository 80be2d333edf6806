import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { maxBytesOf, oneLine } from '../../src/cli/run.ts'
import { formatArtifact, parseArtifact, parseLock, splitContract, ZlibError } from '../../src/index.ts'
import { openProject } from '../../src/project/project.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zlib-project-'))
  mkdirSync(join(folder, 'src'))
  put('src/Base.sol', 'contract Base { uint256 public total; }')
  put('src/App.sol', 'import "./Base.sol"; contract App is Base { function set(uint256 v) external { total = v; } }')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const put = (path: string, text: string) => writeFileSync(join(folder, path), `pragma solidity ^0.8.24; ${text}`)

function build(options: { frozen?: boolean } = {}) {
  const project = openProject(folder)
  const compiled = project.compile('src/App.sol')
  const split = splitContract(compiled, { solc: project.solc })
  return { split, path: project.save(split, compiled.compiler, options) }
}

describe('a project', () => {
  test('is built into an artifact and a lock, which a frozen build then holds to', () => {
    expect(() => build({ frozen: true })).toThrow(expect.objectContaining({ code: 'ZLIB_LOCK_DIFFERS' }))
    expect(existsSync(join(folder, 'artifacts'))).toBe(false)
    const { split, path } = build()
    expect(path).toBe(join('artifacts', 'App.json'))
    expect(openProject(folder).load('App')).toEqual(split)
    expect(openProject(folder).load('artifacts/App.json')).toEqual(split)
    const lock = readFileSync(join(folder, 'zlib.lock'), 'utf8')
    expect(parseLock(lock).App!.facets[0]!.address).toBe(split.facets[0]!.address)
    build({ frozen: true })
    put('src/Base.sol', 'contract Base { uint256 public total = 1; }')
    expect(() => build({ frozen: true })).toThrow(/App is not what zlib.lock names: .*the router changed/)
    expect(readFileSync(join(folder, 'zlib.lock'), 'utf8')).toBe(lock)
    build()
    build({ frozen: true })
  })

  test('compiles the contracts that this package ships, without installing anything else', () => {
    put(
      'src/Mine.sol',
      'import "@zos/zlib-contracts/contracts/economy/MiningVesting.sol"; contract Mine is MiningVesting { constructor(IERC20 t) MiningVesting(t) {} }',
    )
    expect(openProject(folder).compile('src/Mine.sol').selectors['grant(address,uint256)']).toBe('6370920e')
  })

  test('says which file or contract is missing', () => {
    const project = openProject(folder)
    expect(() => project.compile('src/No.sol')).toThrow(expect.objectContaining({ code: 'ZLIB_FILE' }))
    expect(() => project.compile('../x.sol')).toThrow('run zlib in the folder of the project')
    expect(() => project.compile('src/App.sol', 'Other')).toThrow('no deployable contract named Other')
    expect(() => project.load('App')).toThrow('there is no artifacts/App.json; run zlib build first')
    writeFileSync(join(folder, 'artifacts'), 'a file where a folder should be')
    expect(() => build()).toThrow(/App\.json cannot be written/)
  })
})

const ROUTER = '"zlib":2,"name":"A","abi":[],"router":"0x00","routerSize":1,"routerCodeHash":"0x00"'

describe('an artifact', () => {
  test('is read as it was written, and refused when its code was changed', () => {
    const { split } = build()
    const text = formatArtifact(split)
    expect(parseArtifact(text)).toEqual(split)
    const { creation } = split.facets[0]!
    const flipped = creation.replace(/.$/, (digit) => (digit === '0' ? '1' : '0'))
    expect(() => parseArtifact(text.replace(creation, flipped))).toThrow('address of facet 0 is not that of its code')
  })

  test.each([
    ['{', 'not JSON'],
    ['null', 'format is undefined'],
    ['{"zlib":1}', 'format is 1'],
    ['{"zlib":2}', 'no name'],
    ['{"zlib":2,"name":"A"}', 'no abi'],
    ['{"zlib":2,"name":"A","abi":[]}', 'no libraries'],
    ['{"zlib":2,"name":"A","abi":[],"libraries":[]}', 'no facets'],
    ['{"zlib":2,"name":"A","abi":[],"libraries":[],"facets":[]}', 'no router'],
    [`{${ROUTER},"libraries":[],"facets":[]}`, 'no immutables'],
    [`{${ROUTER},"libraries":[],"facets":[],"routerImmutables":[{"name":"1","start":"x"}]}`, 'no immutables'],
    [`{${ROUTER},"libraries":[null],"facets":[],"routerImmutables":[]}`, 'library 0 has no code'],
    [
      `{${ROUTER},"libraries":[{"name":"L","creation":"0x00","codeHash":"0x00","size":1}],"facets":[],"routerImmutables":[]}`,
      'address of library 0 is not that of its code',
    ],
    [`{${ROUTER},"libraries":[],"facets":[null],"routerImmutables":[]}`, 'facet 0 has no code'],
    [
      `{${ROUTER},"libraries":[],"facets":[{"creation":"0x00","codeHash":"0x00","size":1}],"routerImmutables":[]}`,
      'facet 0 has no selectors',
    ],
  ])('is refused as %j', (text, reason) => {
    expect(() => parseArtifact(text)).toThrow(reason)
    expect(() => parseArtifact(text)).toThrow(expect.objectContaining({ code: 'ZLIB_BAD_ARTIFACT' }))
  })
})

describe('the command line', () => {
  test('says in one line what is wrong, with the place in the source', () => {
    put('src/App.sol', '\ncontract App { uint256 x = "a"; }')
    let error: unknown
    try {
      openProject(folder).compile('src/App.sol')
    } catch (thrown) {
      error = thrown
    }
    expect(oneLine(error)).toMatch(/^src\/App\.sol:2:28: TypeError: [^\n]*$/)
    expect(oneLine(new ZlibError('ZLIB_CHAIN', 'one\n  two'))).toBe('one two')
    expect(oneLine({ shortMessage: 'short', message: 'long' })).toBe('short')
    expect(oneLine('text')).toBe('text')
  })

  test('takes a size as a whole number only', () => {
    expect(maxBytesOf(undefined)).toEqual({})
    expect(maxBytesOf('1600')).toEqual({ maxBytes: 1_600 })
    for (const wrong of ['0', '-1', '1e3', 'x', '']) expect(() => maxBytesOf(wrong)).toThrow('--max-bytes')
  })
})
