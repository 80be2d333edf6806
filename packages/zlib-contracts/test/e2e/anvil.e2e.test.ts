/** Another chain: with the standard factory, as anvil starts, and without it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { JsonRpcProvider, NonceManager, Wallet } from 'ethers'
import { afterEach, expect, test } from 'vitest'
import {
  CREATE2_FACTORY,
  compileContract,
  deployContract,
  ensureFactory,
  estimateDeployment,
  loadSolc,
  splitContract,
  verifyDeployment,
} from '../../src/index.ts'

const require = createRequire(import.meta.url)
const ANVIL = join(dirname(require.resolve('@foundry-rs/anvil/package.json')), 'bin.mjs')
/** The first of the accounts that anvil prints. */
const KEY = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80'
const solc = loadSolc()
const SOURCE = `pragma solidity ^0.8.24;
  contract Notes {
    string[] internal notes; event Noted(uint256 index, string note);
    function write(string calldata note) external { emit Noted(notes.length, note); notes.push(note); }
    function read(uint256 index) external view returns (string memory) { return notes[index]; }
  }`
const split = splitContract(compileContract({ sources: { 'Notes.sol': SOURCE }, contract: 'Notes', solc }), {
  solc,
  maxBytes: 1_000,
})

let child: ChildProcess | undefined
let provider: JsonRpcProvider | undefined

async function startAnvil(...flags: string[]): Promise<NonceManager> {
  const anvil = spawn(process.execPath, [ANVIL, '--port', '0', ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
    // A group of its own: what npm installs starts the binary as a child.
    detached: true,
  })
  child = anvil
  const port = await new Promise<string>((resolve, reject) => {
    let printed = ''
    anvil.stdout.on('data', (chunk) => {
      printed += chunk
      const found = /Listening on 127\.0\.0\.1:(\d+)/.exec(printed)
      if (found) resolve(found[1]!)
    })
    anvil.once('exit', (code) => reject(new Error(`anvil ended with ${code}: ${printed}`)))
  })
  provider = new JsonRpcProvider(`http://127.0.0.1:${port}`, undefined, { cacheTimeout: -1 })
  provider.pollingInterval = 50
  return new NonceManager(new Wallet(KEY, provider))
}

afterEach(async () => {
  provider?.destroy()
  if (child && child.exitCode === null) {
    const ended = new Promise((resolve) => child!.once('exit', resolve))
    process.kill(-child.pid!)
    await ended
  }
})

test.each([
  ['with its factory', [], false],
  ['without one, which is put there first', ['--disable-default-create2-deployer'], true],
] as const)('an application is deployed on anvil %s', async (_, flags, missing) => {
  const signer = await startAnvil(...flags)
  if (missing) await expect(deployContract(split, signer)).rejects.toMatchObject({ code: 'ZLIB_CHAIN' })
  expect(await ensureFactory(signer)).toBe(missing)
  expect(await ensureFactory(signer)).toBe(false)
  expect(await provider!.getCode(CREATE2_FACTORY)).not.toBe('0x')
  const { contract, address, newFacets, pieces } = await deployContract(split, signer)
  for (const [index, { what, gas, fits }] of estimateDeployment(split).entries()) {
    expect({ what, fits }).toEqual({ what: pieces[index]!.what, fits: true })
    expect(Math.abs(gas / Number(pieces[index]!.gasUsed) - 1), what).toBeLessThan(0.02)
  }
  expect(newFacets).toBe(split.facets.length)
  const notes = contract as any
  await (await notes.write('first')).wait()
  expect(await notes.read(0)).toBe('first')
  expect(await verifyDeployment(split, address, provider!)).toMatchObject({ status: 'verified' })
  expect((await deployContract(split, signer)).newFacets).toBe(0)
})
