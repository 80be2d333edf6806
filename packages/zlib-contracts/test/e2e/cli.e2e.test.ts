/** The command line from source to chain, and the registry, on ZOS's own node. */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Devnet, startDevnet } from '@zos/node/devnet'
import { ContractFactory, type InterfaceAbi, JsonRpcProvider, NonceManager, Wallet } from 'ethers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { at, createRegistry } from '../../src/index.ts'
import { openProject } from '../../src/project/project.ts'
import { compileShipped } from '../contracts.ts'

const CLI = new URL('../../src/cli.ts', import.meta.url).pathname
const exec = promisify(execFile)
const SOURCE = `pragma solidity ^0.8.24;
  contract Greeter {
    string public greeting; uint256 public count; uint256 public immutable born;
    constructor(string memory g, uint256 c) { greeting = g; count = c; born = block.timestamp; }
    function greet() external returns (string memory) { count += 1; return greeting; }
  }`

let folder: string
let devnet: Devnet
let provider: JsonRpcProvider
let key: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'zlib-cli-'))
  writeFileSync(join(folder, 'Greeter.sol'), SOURCE)
  devnet = await startDevnet({ port: 0, validators: 1, roundIntervalMs: 50 })
  provider = new JsonRpcProvider(devnet.rpcUrl, undefined, { cacheTimeout: -1 })
  provider.pollingInterval = 50
  key = `0x${Buffer.from(devnet.accounts[0]!.privateKey).toString('hex')}`
})

afterAll(async () => {
  provider?.destroy()
  await devnet?.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function zlib(...args: string[]) {
  const env = { ...process.env, ZLIB_PRIVATE_KEY: key, NO_COLOR: '1' }
  try {
    const { stdout, stderr } = await exec(process.execPath, [CLI, ...args], { cwd: folder, env })
    return { code: 0, stdout, stderr }
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string }
    return { code, stdout, stderr }
  }
}

test('sizes, splits, builds and deploys; the second deployment needs no new facet', async () => {
  expect((await zlib('size', 'Greeter.sol')).stdout).toMatch(/^Greeter: \d+ bytes as one contract, within the limit/)
  expect((await zlib('split', 'Greeter.sol')).stdout).toContain('greet()')
  const built = await zlib('build', 'Greeter.sol')
  expect(built).toMatchObject({ code: 0, stderr: '' })
  expect(await zlib('build', 'Greeter.sol', '--frozen')).toMatchObject({ code: 0, stdout: built.stdout })
  const deploy = () => zlib('deploy', 'Greeter', '--rpc', devnet.rpcUrl, '--args', '["hello", "7"]')
  const first = await deploy()
  expect(first.stderr).toBe('')
  expect(first.stdout).toMatch(/1 of 1 facets were new/)
  const address = /at (0x[0-9a-fA-F]{40})/.exec(first.stdout)![1]!
  const greeter = at(openProject(folder).load('Greeter'), address, provider) as any
  expect(await greeter.greeting()).toBe('hello')
  expect(await greeter.count()).toBe(7n)
  expect((await deploy()).stdout).toMatch(/0 of 1 facets were new/)

  const verify = (file: string) => zlib('verify', file, address, '--contract', 'Greeter', '--rpc', devnet.rpcUrl)
  expect(await verify('Greeter.sol')).toMatchObject({ code: 0, stdout: expect.stringContaining('1 facets are what') })
  writeFileSync(join(folder, 'Other.sol'), SOURCE.replace('count += 1', 'count += 2'))
  const other = await verify('Other.sol')
  expect(other.code).toBe(1)
  expect(other.stderr).toContain('the router is other code')
})

test('answers mistakes with one line and exit code 1', async () => {
  const mistakes = [
    [['build', 'Nope.sol'], /Nope\.sol cannot be read/],
    [['build', 'Greeter.sol', '--frosen'], /there is no flag --frosen/],
    [['build', 'Greeter.sol', 'Other.sol'], /"Other\.sol" is not expected here/],
    [['deploy', 'Nope'], /run zlib build first/],
    [['deploy', 'Greeter', '--args', 'hello'], /--args must be a JSON array/],
    [['deploy', 'Greeter', '--rpc', 'http://127.0.0.1:1'], /no chain answers at/],
  ] as const
  for (const [args, message] of mistakes) {
    const { code, stderr } = await zlib(...args)
    expect(code).toBe(1)
    expect(stderr).toMatch(message)
    expect(stderr.trim().split('\n')).toHaveLength(1)
  }
})

test('the registry publishes a facet that is deployed, resolves it, verifies it and refuses to write it twice', async () => {
  const wallet = new NonceManager(new Wallet(key, provider))
  const { abi, creation } = compileShipped('registry/ZLibRegistry')
  const deployed = await new ContractFactory(abi as InterfaceAbi, creation, wallet).deploy()
  await deployed.deploymentTransaction()!.wait()
  const registry = createRegistry(await deployed.getAddress(), wallet)
  const [facet] = openProject(folder).load('Greeter').facets
  const publication = { name: 'greeter', creation: facet!.creation, metadata: '0x01551220aa' } as const
  const published = await registry.publish({ ...publication, version: '1.0.0' })
  expect(published).toEqual({
    code: facet!.address,
    yanked: false,
    libId: facet!.codeHash,
    metadata: '0x01551220aa',
    dependencies: [],
  })
  const next = await registry.publish({ ...publication, version: '1.1.0', dependencies: ['greeter@1.0.0'] })
  expect(next.dependencies).toHaveLength(1)
  expect(await registry.verify('greeter', '1.0.0', facet!.address)).toBe(true)
  expect(await registry.verify('greeter', '1.0.0', await deployed.getAddress())).toBe(false)
  await registry.yank('greeter', '1.0.0')
  expect((await registry.resolve('greeter', '1.0.0')).yanked).toBe(true)
  await expect(registry.publish({ ...publication, version: '1.0.0' })).rejects.toMatchObject({ code: 'ZLIB_REGISTRY' })
  await expect(registry.resolve('greeter', '9.0.0')).rejects.toThrow('the registry refused: NotPublished')
  await expect(registry.publish({ ...publication, version: '2.0.0', dependencies: ['greeter'] })).rejects.toMatchObject(
    { code: 'ZLIB_INVALID_ARGUMENT' },
  )
})

test('publishes a module, brings it into another project after compiling its sources, and builds with it', async () => {
  const wallet = new NonceManager(new Wallet(key, provider))
  const { abi, creation } = compileShipped('registry/ZLibRegistry')
  const deployed = await new ContractFactory(abi as InterfaceAbi, creation, wallet).deploy()
  await deployed.deploymentTransaction()!.wait()
  const chain = ['--rpc', devnet.rpcUrl, '--registry', await deployed.getAddress()]
  writeFileSync(
    join(folder, 'Tally.sol'),
    'pragma solidity ^0.8.24; contract Tally { uint256 public tally; function raise() external { tally += 1; } }',
  )
  const published = await zlib('publish', 'Tally.sol', 'tally@1.0.0', ...chain, '--json')
  expect(published.stderr).toBe('')
  const { address } = JSON.parse(published.stdout)
  expect(await provider.getCode(address)).not.toBe('0x')
  expect((await zlib('verify', 'tally@1.0.0', ...chain)).stdout).toContain(
    `at ${address} is what its 1 sources compile to`,
  )
  expect((await zlib('add', 'tally@1.0.0', ...chain)).stdout).toContain('import "zlib_modules/tally/Tally.sol"')
  expect((await zlib('add', 'tally@2.0.0', ...chain)).stderr).toContain('NotPublished')
  const needing = await zlib('publish', 'Tally.sol', 'board@1.0.0', '--needs', 'tally@1.0.0', ...chain)
  expect(needing.stderr).toBe('')
  const added = JSON.parse((await zlib('add', 'board@1.0.0', ...chain, '--json')).stdout)
  expect(added.needs).toEqual([{ module: 'tally@1.0.0', address, import: 'zlib_modules/tally/Tally.sol' }])
  rmSync(join(folder, 'zlib_modules/board'), { recursive: true })
  writeFileSync(
    join(folder, 'Game.sol'),
    'pragma solidity ^0.8.24; import "zlib_modules/tally/Tally.sol"; contract Game is Tally { uint256 public level; function up() external { level += tally; } }',
  )
  const built = JSON.parse((await zlib('build', 'Game.sol', '--json', '--types')).stdout)
  expect(built.modules).toEqual([{ module: 'tally@1.0.0', shared: true }])
  expect(built.facets[0].address).toBe(address)
  // The module is there: only the rest is deployed.
  const first = JSON.parse((await zlib('deploy', 'Game', '--rpc', devnet.rpcUrl, '--json')).stdout)
  expect(first.newFacets).toBe(built.facets.length - 1)

  writeFileSync(
    join(folder, 'Game.sol'),
    'pragma solidity ^0.8.24; import "zlib_modules/tally/Tally.sol"; contract Game is Tally { uint256 public level; uint256 public best; function up() external { level += tally; best = level; } }',
  )
  const diff = await zlib('diff', 'Game.sol')
  expect(diff.stdout).toContain('+ best() view returns (uint256)')
  expect(diff.stdout).toContain('~ storage best: it is new at slot 2')
  expect(await zlib('check', 'Game.sol')).toMatchObject({ code: 0 })
  writeFileSync(
    join(folder, 'Game.sol'),
    'pragma solidity ^0.8.24; import "zlib_modules/tally/Tally.sol"; contract Game is Tally { address public owner; uint256 public level; }',
  )
  const broken = await zlib('check', 'Game.sol')
  expect(broken.code).toBe(1)
  expect(broken.stderr).toMatch(/Game breaks: level: it moved from slot 1 to slot 2/)
})

test('begins a project that builds at once', async () => {
  const empty = join(folder, 'empty')
  mkdirSync(empty)
  const begun = await exec(process.execPath, [CLI, 'init'], { cwd: empty })
  expect(begun.stdout).toContain('next: zlib build src/App.sol')
  const sized = JSON.parse(
    (await exec(process.execPath, [CLI, 'size', 'src/App.sol', '--json'], { cwd: empty })).stdout,
  )
  expect(sized.pieces.every(({ fits }: { fits: boolean }) => fits)).toBe(true)
  await expect(exec(process.execPath, [CLI, 'init'], { cwd: empty })).rejects.toMatchObject({ code: 1 })
})
