/** Hardhat 3 against a ZOS network: compiles with the compiler from npm, deploys through its own network manager, calls and reads. */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { bytesToHex } from '@ethereumjs/util'
import { type Devnet, startDevnet } from '@zos/node/devnet'
import { afterAll, beforeAll, expect, test } from 'vitest'

const here = new URL('..', import.meta.url).pathname
let devnet: Devnet
let project: string

beforeAll(async () => {
  devnet = await startDevnet({ validators: 1, port: 0, roundIntervalMs: 100 })
  // Inside the package, so that hardhat and solc resolve.
  project = mkdtempSync(join(here, '.hardhat-'))
  mkdirSync(join(project, 'contracts'))
  mkdirSync(join(project, 'scripts'))
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }')
  writeFileSync(
    join(project, 'contracts/Box.sol'),
    '// SPDX-License-Identifier: Apache-2.0\npragma solidity ^0.8.0;\ncontract Box { uint256 public value; event Stored(uint256 value); function store(uint256 v) external { value = v; emit Stored(v); } }\n',
  )
  writeFileSync(
    join(project, 'hardhat.config.js'),
    `export default {
  solidity: { compilers: [{ version: '0.8.37', path: ${JSON.stringify(createRequire(import.meta.url).resolve('solc/soljson.js'))} }] },
  networks: { zos: { type: 'http', url: '${devnet.rpcUrl}', chainId: ${devnet.genesis.chainId}, accounts: ['${bytesToHex(devnet.accounts[2]!.privateKey)}'] } },
}\n`,
  )
  writeFileSync(
    join(project, 'scripts/deploy.js'),
    `import hre from 'hardhat'
const { provider } = await hre.network.create('zos')
const artifact = await hre.artifacts.readArtifact('Box')
const [from] = await provider.request({ method: 'eth_accounts' })
const wait = async (hash) => {
  for (;;) {
    const receipt = await provider.request({ method: 'eth_getTransactionReceipt', params: [hash] })
    if (receipt) return receipt
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
const deployed = await wait(await provider.request({ method: 'eth_sendTransaction', params: [{ from, data: artifact.bytecode }] }))
const to = deployed.contractAddress
const stored = await wait(await provider.request({ method: 'eth_sendTransaction', params: [{ from, to, data: '0x6057361d' + (77).toString(16).padStart(64, '0') }] }))
const value = await provider.request({ method: 'eth_call', params: [{ to, data: '0x3fa4f245' }, 'latest'] })
console.log(JSON.stringify({ value: Number(value), logs: stored.logs.length, status: stored.status }))
`,
  )
})

afterAll(async () => {
  await devnet?.stop()
  if (project) rmSync(project, { recursive: true, force: true })
})

test('hardhat compiles, deploys, calls and reads', async () => {
  const run = (...args: string[]) =>
    promisify(execFile)(join(here, '../node_modules/.bin/hardhat'), args, {
      cwd: project,
      env: { ...process.env, HARDHAT_DISABLE_TELEMETRY_PROMPT: 'true', CI: 'true' },
    })
  const { stdout } = await run('run', '--network', 'zos', 'scripts/deploy.js')
  expect(JSON.parse(stdout.trim().split('\n').at(-1)!)).toEqual({ value: 77, logs: 1, status: '0x1' })
})
