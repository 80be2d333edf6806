/** Foundry: forge compiles through the shim, and its tests run against the split application. */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'

const exec = promisify(execFile)
const require = createRequire(import.meta.url)
const FORGE = join(dirname(require.resolve('@foundry-rs/forge/package.json')), 'bin.mjs')
const here = new URL('..', import.meta.url).pathname
const cli = (name: string) => join(here, '../src', name)
let project: string

beforeAll(() => {
  project = mkdtempSync(join(here, '.foundry-'))
  mkdirSync(join(project, 'src'))
  mkdirSync(join(project, 'test'))
  writeFileSync(join(project, 'zlib-solc'), `#!/bin/sh\nexec ${process.execPath} ${cli('solc-shim.ts')} "$@"\n`, {
    mode: 0o755,
  })
  writeFileSync(
    join(project, 'foundry.toml'),
    '[profile.default]\nsrc = "src"\nout = "out"\nlibs = []\nsolc = "./zlib-solc"\noffline = true\nfs_permissions = [{ access = "read", path = "artifacts" }]\n',
  )
  writeFileSync(
    join(project, 'src/Box.sol'),
    'pragma solidity ^0.8.24; import "@openzeppelin/contracts/access/Ownable.sol"; contract Box is Ownable { uint256 public immutable least; uint256 public value; constructor(uint256 l) Ownable(msg.sender) { least = l; } function store(uint256 v) external onlyOwner { require(v >= least, "small"); value = v; } }',
  )
  writeFileSync(
    join(project, 'test/Box.t.sol'),
    `pragma solidity ^0.8.24; import "../src/Box.sol"; import "@zos/zlib-contracts/contracts/foundry/ZLibDeployer.sol";
contract BoxTest {
  Box box;
  function setUp() external { box = Box(ZLibDeployer.deploy("Box", abi.encode(uint256(5)))); }
  function testStores(uint128 v) external { box.store(uint256(v) + 5); require(box.value() == uint256(v) + 5 && box.least() == 5 && box.owner() == address(this)); }
 
  function testRefuses() external { try box.store(4) { revert("took it"); } catch Error(string memory why) { require(keccak256(bytes(why)) == keccak256("small")); } }
}`,
  )
})

afterAll(() => rmSync(project, { recursive: true, force: true }))

test('forge compiles with the shim and tests what zlib built', async () => {
  const zlib = (...args: string[]) => exec(process.execPath, [cli('cli.ts'), ...args], { cwd: project })
  const { stdout: remappings } = await zlib('remappings')
  expect(remappings).toMatch(/^@openzeppelin\/contracts\/=/m)
  writeFileSync(join(project, 'remappings.txt'), remappings)
  await zlib('build', 'src/Box.sol', '--max-bytes', '700')
  const { stdout } = await exec(process.execPath, [FORGE, 'test', '--json', '--root', project], { cwd: project })
  const [suite] = Object.values(JSON.parse(stdout.slice(stdout.indexOf('{')))) as {
    test_results: Record<string, { status: string }>
  }[]
  const results = Object.entries(suite!.test_results).map(([name, { status }]) => `${name} ${status}`)
  expect(results.toSorted()).toEqual(['testRefuses() Success', 'testStores(uint128) Success'])
})

test('the shim answers as solc does, and says what it is not for', async () => {
  const shim = (...args: string[]) => exec(join(project, 'zlib-solc'), args, { cwd: project })
  expect((await shim('--version')).stdout).toMatch(/^solc, .*\nVersion: 0\.8\.37\+commit\.[0-9a-f]{8}/)
  await expect(shim('--bin', 'src/Box.sol')).rejects.toMatchObject({ stderr: expect.stringContaining('there is zlib') })
})
