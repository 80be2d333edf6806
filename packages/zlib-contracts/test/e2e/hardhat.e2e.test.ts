/** Hardhat 3: the plugin on its simulated chain, and `hardhat node` as another chain to deploy on. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { JsonRpcProvider, NonceManager } from 'ethers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  compileContract,
  deployContract,
  ensureFactory,
  loadSolc,
  splitContract,
  verifyDeployment,
} from '../../src/index.ts'

const here = new URL('..', import.meta.url).pathname
const HARDHAT = join(here, '../node_modules/hardhat/dist/src/cli.js')
const env = { ...process.env, HARDHAT_DISABLE_TELEMETRY_PROMPT: 'true', CI: 'true', NO_COLOR: '1' }
const SOURCE = `// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;
contract Box { uint256 public immutable born; uint256 public value; event Stored(uint256 value); error Small(uint256 value);
  constructor(uint256 b) { born = b; }
  function store(uint256 v) external { if (v < born) revert Small(v); value = v; emit Stored(v); } }`
let project: string
let node: ChildProcess | undefined

beforeAll(() => {
  // Inside the package, so that hardhat and zlib resolve.
  project = mkdtempSync(join(here, '.hardhat-'))
  mkdirSync(join(project, 'contracts'))
  mkdirSync(join(project, 'scripts'))
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }')
  mkdirSync(join(project, 'node_modules/@zos'), { recursive: true })
  symlinkSync(join(here, '..'), join(project, 'node_modules/@zos/zlib-contracts'))
  writeFileSync(join(project, 'contracts/Box.sol'), SOURCE)
  writeFileSync(
    join(project, 'hardhat.config.js'),
    `import { zlibPlugin } from '@zos/zlib-contracts/hardhat'\nexport default { plugins: [zlibPlugin] }\n`,
  )
  writeFileSync(
    join(project, 'scripts/deploy.js'),
    `import hre from 'hardhat'
const { zlib } = await hre.network.create()
const { contract, address, newFacets } = await zlib.deploy('contracts/Box.sol', { args: [5n], maxBytes: 400 })
await (await contract.store(77n)).wait()
const refused = await contract.store.staticCall(1n).catch((error) => error.revert?.name ?? String(error))
const again = await zlib.deploy('contracts/Box.sol', { args: [6n], maxBytes: 400 })
const verified = await zlib.verify('contracts/Box.sol', address, { maxBytes: 400 })
console.log(JSON.stringify({ value: Number(await contract.value()), born: Number(await contract.born()), refused, newFacets, again: again.newFacets, status: verified.status }))
`,
  )
})

afterAll(async () => {
  if (node && node.exitCode === null) {
    const ended = new Promise((resolve) => node!.once('exit', resolve))
    node.kill()
    await ended
  }
  rmSync(project, { recursive: true, force: true })
})

test('the plugin builds, deploys, calls and verifies on the simulated chain', async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [HARDHAT, 'run', '--no-compile', 'scripts/deploy.js'],
    { cwd: project, env },
  )
  const told = JSON.parse(stdout.trim().split('\n').at(-1)!)
  expect(told).toEqual({
    value: 77,
    born: 5,
    refused: 'Small',
    newFacets: expect.any(Number),
    again: 0,
    status: 'verified',
  })
  expect(told.newFacets).toBeGreaterThan(0)
})

test('an application is deployed on hardhat node', async () => {
  const child = spawn(process.execPath, [HARDHAT, 'node', '--hostname', '127.0.0.1', '--port', '0'], {
    cwd: project,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  node = child
  const url = await new Promise<string>((resolve, reject) => {
    let printed = ''
    child.stdout.on('data', (chunk) => {
      printed += chunk
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(printed)
      if (found) resolve(found[0])
    })
    child.once('exit', (code) => reject(new Error(`hardhat node ended with ${code}: ${printed}`)))
  })
  const provider = new JsonRpcProvider(url, undefined, { cacheTimeout: -1 })
  provider.pollingInterval = 50
  const signer = new NonceManager(await provider.getSigner())
  const solc = loadSolc()
  const split = splitContract(compileContract({ sources: { 'Box.sol': SOURCE }, contract: 'Box', solc }), {
    solc,
    maxBytes: 400,
  })
  await ensureFactory(signer)
  const { contract, address } = await deployContract(split, signer, { args: [5n] })
  const box = contract as any
  await (await box.store(9n)).wait()
  expect([await box.value(), await box.born()]).toEqual([9n, 5n])
  expect(await verifyDeployment(split, address, provider)).toMatchObject({ status: 'verified' })
  expect((await deployContract(split, signer, { args: [6n] })).newFacets).toBe(0)
  provider.destroy()
})
