/**
 * How fast a node comes to where the network is. `blocks-s` (and `transfers-s`): a follower on disk joins from the genesis, from one node in a process
 * of its own that has made the blocks with three others and makes no more; it checks every signature and executes every transfer. `snapshot-mb-s`:
 * a snapshot file is imported, each chunk checked by its hash, the tries built anew and the signed state root compared; `snapshot-export-mb-s`: the
 * file is fetched from a running node. The median of three runs. No program that is installed here syncs a chain between two nodes, so there is no peer
 * to compare with.
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bytesToHex } from '@ethereumjs/util'
import { createNode } from '@zos/node'
import { startDevnet } from '@zos/node/devnet'
import { Wallet } from 'ethers'
import { printMetric } from '../../../scripts/metric.ts'
import { exportSnapshot, importSnapshotFile } from '../src/snapshot/offline.ts'

const quick = process.argv.includes('--quick')
const RUNS = 3
const BLOCKS = quick ? 60 : 600
const ROUND_INTERVAL_MS = 100
const TRANSFERS_A_BLOCK = 20
const STATE_ACCOUNTS = quick ? 20_000 : 200_000
const SNAPSHOT_EPOCH_ROUNDS = 200
const SNAPSHOT_ROUND_MS = 50
const RECIPIENT = `0x${'5a'.repeat(20)}`

const folder = mkdtempSync(join(tmpdir(), 'zos-sync-'))
const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1]!
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

async function rpc<T>(url: string, method: string, ...params: unknown[]): Promise<T> {
  const response = await fetch(url, { method: 'POST', body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }) })
  const { result, error } = (await response.json()) as { result?: T; error?: { message: string } }
  if (error) throw new Error(error.message)
  return result as T
}

async function measureBlocks(): Promise<void> {
  const devnet = await startDevnet({ port: 0, roundIntervalMs: ROUND_INTERVAL_MS, restart: false })
  try {
    const { rpcUrl, genesis, accounts, validators } = devnet
    const wallet = new Wallet(bytesToHex(accounts[0]!.privateKey))
    const head = async () => Number(await rpc<string>(rpcUrl, 'eth_blockNumber'))
    let sent = 0
    for (let number = await head(); number < BLOCKS; number = await head()) {
      // As many as blocks have come: a steady load, whatever the machine's pace.
      for (; sent < number * TRANSFERS_A_BLOCK; sent++) {
        const raw = await wallet.signTransaction({
          type: 2,
          chainId: genesis.chainId,
          nonce: sent,
          to: RECIPIENT,
          value: 1n,
          gasLimit: 21_000n,
          maxFeePerGas: 10n ** 11n,
          maxPriorityFeePerGas: 1n,
        })
        await rpc(rpcUrl, 'eth_sendRawTransaction', raw)
      }
      await sleep(50)
    }
    const [server, ...others] = validators
    await Promise.all(others.map((validator) => validator.kill('SIGKILL')))
    // What was on its way is executed; then the chain stands still.
    for (let before = -1, now = await head(); now !== before; now = await head()) {
      before = now
      await sleep(1_000)
    }
    const target = await rpc<{ number: string; hash: string; stateRoot: string }>(
      rpcUrl,
      'eth_getBlockByNumber',
      'latest',
      false,
    )
    const blocks = Number(target.number)
    const transfers = Number(await rpc<string>(rpcUrl, 'eth_getBalance', RECIPIENT, 'latest'))
    const seconds: number[] = []
    for (let run = 0; run < RUNS; run++) {
      const dataDir = join(folder, `follower-${run}`)
      const started = performance.now()
      const node = await createNode({ genesis, dataDir, p2p: { peers: [...server!.addresses] } })
      while (node.status().block < blocks) await sleep(2)
      seconds.push((performance.now() - started) / 1_000)
      const own = (await node.request('eth_getBlockByNumber', ['latest', false])) as typeof target
      if (own.hash !== target.hash || own.stateRoot !== target.stateRoot)
        throw new Error('the follower has another chain')
      await node.stop()
    }
    printMetric({ bench: 'sync', metric: 'blocks-s', value: blocks / median(seconds), unit: '1/s' })
    printMetric({ bench: 'sync', metric: 'transfers-s', value: transfers / median(seconds), unit: '1/s' })
  } finally {
    await devnet.stop()
  }
}

async function measureSnapshot(): Promise<void> {
  const state = join(folder, 'state.json')
  const accounts = Array.from({ length: STATE_ACCOUNTS }, (_, index) => ({
    address: `0x${(index + 1).toString(16).padStart(8, '0').repeat(5)}`,
    balance: String(10n ** 18n + BigInt(index)),
  }))
  writeFileSync(state, JSON.stringify({ accounts }))
  const devnet = await startDevnet({
    port: 0,
    validators: 1,
    roundIntervalMs: SNAPSHOT_ROUND_MS,
    epochRounds: SNAPSHOT_EPOCH_ROUNDS,
    state,
    restart: false,
  })
  try {
    const [validator] = devnet.validators
    while ((await validator!.status()).checkpoint === null) await sleep(100)
    const { genesis } = devnet
    const exports: number[] = []
    const imports: number[] = []
    for (let run = 0; run < RUNS; run++) {
      const file = join(folder, `snapshot-${run}.zos`)
      let started = performance.now()
      const { bytes } = await exportSnapshot({ genesis, peers: validator!.addresses, file })
      exports.push(bytes / 1_000 / (performance.now() - started))
      const dataDir = join(folder, `imported-${run}`)
      started = performance.now()
      const { start } = await importSnapshotFile({ genesis, file, dataDir })
      imports.push(bytes / 1_000 / (performance.now() - started))
      if (start.number < 1 || !existsSync(join(dataDir, 'db'))) throw new Error('the snapshot is not imported')
    }
    printMetric({ bench: 'sync', metric: 'snapshot-mb-s', value: median(imports), unit: 'MB/s' })
    printMetric({ bench: 'sync', metric: 'snapshot-export-mb-s', value: median(exports), unit: 'MB/s' })
  } finally {
    await devnet.stop()
  }
}

try {
  await measureBlocks()
  await measureSnapshot()
} finally {
  rmSync(folder, { recursive: true, force: true })
}
process.exit(0)
