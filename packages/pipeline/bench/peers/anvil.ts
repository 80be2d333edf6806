// anvil, the native node of Foundry.
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { CHAIN_ID } from '../generator.ts'
import { runEthereumNode, type Work } from './ethereum-node.ts'
import type { PeerResult } from './peer.ts'

/** Undefined where the binary is not installed. */
export async function anvil(work: Work, count: number): Promise<PeerResult | undefined> {
  const command = binary()
  if (!command) return undefined
  const settings = {
    port: 0,
    'chain-id': CHAIN_ID,
    'gas-limit': 100_000_000_000,
    'base-fee': 0,
    'gas-price': 0,
    order: 'fifo',
    accounts: 1,
  }
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, `${value}`])
  return await runEthereumNode(
    { command, args: ['--no-mining', ...args], listening: /Listening on [^:]*:(\d+)/, prefix: 'anvil' },
    work,
    count,
  )
}

/** npm's launcher would stay between us and the process whose time is measured. */
function binary(): string | undefined {
  try {
    const require = createRequire(import.meta.url)
    const wrapper = require.resolve('@foundry-rs/anvil/package.json')
    const name = `@foundry-rs/anvil-${process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}`
    const found = join(dirname(createRequire(wrapper).resolve(`${name}/package.json`)), 'bin', 'anvil')
    return existsSync(found) ? found : undefined
  } catch {
    return undefined
  }
}
