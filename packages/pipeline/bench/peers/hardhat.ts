// `hardhat node`: revm below a JavaScript server.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { CHAIN_ID } from '../generator.ts'
import { runEthereumNode, type Work } from './ethereum-node.ts'
import type { PeerResult } from './peer.ts'

/** Undefined where it is not installed. */
export async function hardhat(work: Work, count: number): Promise<PeerResult | undefined> {
  let program: string
  try {
    const require = createRequire(import.meta.url)
    program = join(dirname(require.resolve('hardhat/package.json')), 'dist/src/cli.js')
  } catch {
    return undefined
  }
  // The project has to stand where Node finds the package.
  const directory = mkdtempSync(join(process.cwd(), '.cache-hardhat-'))
  try {
    const network = {
      type: 'edr-simulated',
      chainId: Number(CHAIN_ID),
      accounts: { count: 1 },
      mining: { auto: false, mempool: { order: 'fifo' } },
      blockGasLimit: 1_000_000_000,
      initialBaseFeePerGas: 0,
      minGasPrice: 0,
    }
    writeFileSync(join(directory, 'package.json'), '{"type":"module"}')
    writeFileSync(
      join(directory, 'hardhat.config.js'),
      `const network = ${JSON.stringify(network)}\nexport default { solidity: '0.8.28', networks: { default: network, node: network } }\n`,
    )
    return await runEthereumNode(
      {
        command: process.execPath,
        args: [program, 'node', '--port', '0'],
        cwd: directory,
        listening: /http:\/\/[^:]*:(\d+)/,
        prefix: 'hardhat',
      },
      work,
      count,
    )
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
