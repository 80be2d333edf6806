/**
 * What a validator of a local network needs: milliseconds from starting the processes to the first block (`cold-start-ms`), and the
 * resident and heap memory of each of four validators after 100,000 transfers (10,000 with --quick), which arrive through JSON-RPC in
 * batches. Every transfer is counted at the end.
 */
import { bytesToHex } from '@ethereumjs/util'
import { deriveAccounts, TEST_MNEMONIC } from '@zos/node'
import { startDevnet } from '@zos/node/devnet'
import { Transaction, Wallet } from 'ethers'
import { printMetric } from '../../../scripts/metric.ts'

const quick = process.argv.includes('--quick')
const TRANSFERS = quick ? 10_000 : 100_000
const SENDERS = 100
const BATCH = 100
const RECIPIENT = `0x${'d'.repeat(40)}`

const started = performance.now()
const devnet = await startDevnet({ port: 0, roundIntervalMs: 250, accounts: SENDERS })
while ((await devnet.validators[0]!.status()).block < 1) await new Promise((resolve) => setTimeout(resolve, 10))
const coldStartMs = performance.now() - started

async function rpc(body: unknown): Promise<any> {
  const response = await fetch(devnet.rpcUrl, { method: 'POST', body: JSON.stringify(body) })
  return response.json()
}

try {
  const wallets = deriveAccounts(TEST_MNEMONIC, SENDERS).map(({ privateKey }) => new Wallet(bytesToHex(privateKey)))
  for (let nonce = 0; nonce < TRANSFERS / SENDERS; nonce++) {
    const calls = wallets.map((wallet, id) => {
      const transaction = Transaction.from({
        type: 2,
        chainId: devnet.genesis.chainId,
        nonce,
        to: RECIPIENT,
        value: 1n,
        gasLimit: 21_000n,
        maxFeePerGas: 10n ** 11n,
        maxPriorityFeePerGas: 1n,
      })
      transaction.signature = wallet.signingKey.sign(transaction.unsignedHash)
      return { jsonrpc: '2.0', id, method: 'eth_sendRawTransaction', params: [transaction.serialized] }
    })
    for (let from = 0; from < calls.length; from += BATCH)
      for (const { error } of await rpc(calls.slice(from, from + BATCH))) if (error) throw new Error(error.message)
  }
  for (;;) {
    const { result } = await rpc({ jsonrpc: '2.0', id: 1, method: 'eth_getBalance', params: [RECIPIENT, 'latest'] })
    if (BigInt(result) === BigInt(TRANSFERS)) break
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  const all = await Promise.all(devnet.validators.map((validator) => validator.status()))
  const worst = (values: number[]) => Math.round(Math.max(...values) / 1e6)
  const print = (metric: string, value: number, unit: string) =>
    printMetric({ bench: 'node-resources', metric, value, unit })
  print('cold-start-ms', Math.round(coldStartMs), 'ms')
  print(`rss-mb-${TRANSFERS}`, worst(all.map(({ rssBytes }) => rssBytes)), 'MB')
  print(`heap-mb-${TRANSFERS}`, worst(all.map(({ heapBytes }) => heapBytes)), 'MB')
} finally {
  await devnet.stop()
}
process.exit(0)
