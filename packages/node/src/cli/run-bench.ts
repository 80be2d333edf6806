import { bytesToHex } from '@ethereumjs/util'
import { startDevnet } from '../devnet/devnet.ts'
import { signTransaction } from '../devnet/unsigned-transaction.ts'
import { rpcCall } from './rpc-call.ts'

export interface BenchSettings {
  validators: number
  'round-interval': number
  transfers: number
  json: boolean
}

/** Calls in one batch. */
const BATCH = 100

/** Transfers of one account in batches over JSON-RPC, until the last one has its receipt. */
export async function runBench({ validators, transfers, json, ...rest }: BenchSettings): Promise<void> {
  const say = (text: string) => json || console.log(text)
  const devnet = await startDevnet({ validators, port: 0, roundIntervalMs: rest['round-interval'], onProgress: say })
  const stop = () => void devnet.stop().finally(() => process.exit(130))
  process.once('SIGINT', stop)
  try {
    const { rpcUrl, accounts, genesis } = devnet
    const [sender] = accounts
    const raws = Array.from({ length: transfers }, (_, nonce) =>
      bytesToHex(
        signTransaction(
          genesis.chainId,
          {
            nonce: BigInt(nonce),
            gasLimit: 21_000n,
            maxFeePerGas: 10n ** 11n,
            maxPriorityFeePerGas: 1n,
            to: `0x${'c'.repeat(40)}`,
            value: 1n,
            data: new Uint8Array(),
          },
          sender!.privateKey,
        ),
      ),
    )
    while (Number(await rpcCall<string>(rpcUrl, 'eth_blockNumber')) < 1) await pause(20)
    say(`sending ${transfers} transfers …`)
    const started = performance.now()
    let last = ''
    for (let from = 0; from < transfers; from += BATCH)
      last = await sendBatch(rpcUrl, raws.slice(from, from + BATCH), from)
    while (!(await rpcCall(rpcUrl, 'eth_getTransactionReceipt', last))) await pause(10)
    const seconds = (performance.now() - started) / 1_000
    const { rssBytes, lagP99Ms } = await devnet.validators[0]!.status()
    const result = {
      transfers,
      seconds: round(seconds),
      perSecond: Math.round(transfers / seconds),
      rssBytes,
      lagP99Ms,
    }
    console.log(
      json ? JSON.stringify(result) : `${result.perSecond} transfers/s (${transfers} final after ${result.seconds} s)`,
    )
  } finally {
    process.off('SIGINT', stop)
    await devnet.stop()
  }
}

async function sendBatch(url: string, raws: readonly string[], first: number): Promise<string> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(
      raws.map((raw, index) => ({
        jsonrpc: '2.0',
        id: first + index,
        method: 'eth_sendRawTransaction',
        params: [raw],
      })),
    ),
  })
  const answers = (await response.json()) as { id: number; result?: string; error?: { message: string } }[]
  const refused = answers.find(({ error }) => error)
  if (refused) throw new Error(`transfer ${refused.id} was refused: ${refused.error!.message}`)
  return answers.find(({ id }) => id === first + raws.length - 1)!.result!
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000
}
