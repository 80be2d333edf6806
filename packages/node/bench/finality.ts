/**
 * Milliseconds from sending a transfer to its receipt, and to the block that `finalized` names, at rounds of 100 and 1000 ms: a network
 * of four validators, one transfer at a time at random moments of a round. Peers with one node that mines at once have no finality to
 * compare with.
 */

import { bytesToHex } from '@ethereumjs/util'
import { startDevnet } from '@zos/node/devnet'
import { JsonRpcProvider, parseEther, Wallet } from 'ethers'
import { printMetric } from '../../../scripts/metric.ts'

const quick = process.argv.includes('--quick')

/** A small seeded generator: the moments of sending are the same in every run. */
function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

async function measure(roundIntervalMs: number, transfers: number): Promise<{ receipt: number[]; final: number[] }> {
  const devnet = await startDevnet({ port: 0, roundIntervalMs })
  const provider = new JsonRpcProvider(devnet.rpcUrl, undefined, { cacheTimeout: -1 })
  const wallet = new Wallet(bytesToHex(devnet.accounts[0]!.privateKey), provider)
  const random = createRandom(roundIntervalMs)
  const receipt: number[] = []
  const final: number[] = []
  const to = `0x${'c'.repeat(40)}`
  try {
    while (Number(await provider.send('eth_blockNumber', [])) < 2) await sleep(20)
    for (let nonce = 0; nonce < transfers; nonce++) {
      await sleep(random() * roundIntervalMs)
      const raw = await wallet.signTransaction({
        type: 2,
        chainId: devnet.genesis.chainId,
        nonce,
        to,
        value: 1n,
        gasLimit: 21_000n,
        maxFeePerGas: 10n ** 11n,
        maxPriorityFeePerGas: 1n,
      })
      const started = performance.now()
      const hash = await provider.send('eth_sendRawTransaction', [raw])
      let mined: { blockNumber: string; status: string } | null = null
      while (!mined) {
        await sleep(5)
        mined = await provider.send('eth_getTransactionReceipt', [hash])
      }
      receipt.push(performance.now() - started)
      if (mined.status !== '0x1') throw new Error('a transfer failed')
      while (
        Number((await provider.send('eth_getBlockByNumber', ['finalized', false])).number) < Number(mined.blockNumber)
      )
        await sleep(5)
      final.push(performance.now() - started)
    }
    if ((await provider.getBalance(to)) !== BigInt(transfers)) throw new Error('the transfers do not add up')
    if ((await provider.getBalance(wallet.address)) >= parseEther('10000')) throw new Error('nothing was paid')
  } finally {
    provider.destroy()
    await devnet.stop()
  }
  return { receipt, final }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function percentile(values: number[], rank: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * rank) / 100))]!)
}

for (const [roundIntervalMs, transfers] of [
  [100, quick ? 12 : 200],
  [1_000, quick ? 3 : 40],
] as const) {
  const { receipt, final } = await measure(roundIntervalMs, transfers)
  for (const [kind, values] of [
    ['final', final],
    ['receipt', receipt],
  ] as const) {
    for (const rank of [50, 99]) {
      printMetric({
        bench: 'finality',
        metric: `${kind}-p${rank}-ms-${roundIntervalMs}`,
        value: percentile(values, rank),
        unit: 'ms',
      })
    }
  }
}
process.exit(0)
