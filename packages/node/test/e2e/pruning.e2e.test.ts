/** A network with tiny epochs, run over many of them: what a node holds must not grow. `ZOS_LONG` makes it run for half an hour. */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bytesToHex } from '@ethereumjs/util'
import { type Devnet, startDevnet } from '@zos/node/devnet'
import { JsonRpcProvider, Wallet } from 'ethers'
import { afterAll, expect, test } from 'vitest'
import { eventually, rpc } from './wait.ts'

/** Epochs between two looks; the first look comes when the window is full. */
const EPOCHS = process.env.ZOS_LONG ? 1_500 : 5
const EPOCH_ROUNDS = 16
const KEEP = 2
/** Snapshots held at a time, an epoch each. */
const MAX_HELD = 4
/** What the returning validator joins at stays for a minute after it was last asked for, however many epochs end meanwhile. */
const LEASE_MS = 60_000

let devnet: Devnet | undefined
const dataDir = mkdtempSync(join(tmpdir(), 'zos-pruning-'))

afterAll(async () => {
  await devnet?.stop()
  rmSync(dataDir, { recursive: true, force: true })
})

function bytesIn(folder: string): number {
  let bytes = 0
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    // LevelDB removes files while we look.
    if (entry.isFile()) bytes += statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0
  }
  return bytes
}

test(
  'memory and disk stay as they are while epochs go by, and old blocks are said to be pruned',
  async () => {
    devnet = await startDevnet({
      port: 0,
      roundIntervalMs: 20,
      epochRounds: EPOCH_ROUNDS,
      ticketHashes: 0,
      pruning: { keepEpochs: KEEP },
      dataDir,
      restart: false,
    })
    const [first, victim] = devnet.validators
    const provider = new JsonRpcProvider(devnet.rpcUrl, undefined, { cacheTimeout: -1 })
    const wallet = new Wallet(bytesToHex(devnet.accounts[0]!.privateKey), provider)
    let sent: string | undefined
    let nonce = 0
    const send = async () => {
      const transaction = await wallet.sendTransaction({
        to: `0x${'00'.repeat(19)}77`,
        value: 1n,
        nonce: nonce++,
        gasLimit: 21_000n,
      })
      sent ??= transaction.hash
    }

    const look = async () => {
      const { units, epoch, block, firstEpoch } = await first!.status()
      return { units, epoch, block, firstEpoch, disk: bytesIn(join(dataDir, 'validator-0', 'db')) }
    }
    const reach = (epoch: number) =>
      eventually(
        async () => {
          await send()
          return (await first!.status()).epoch >= epoch
        },
        `epoch ${epoch}`,
        EPOCHS * 30_000,
      )
    await reach(KEEP + 2)
    const before = await look()
    await victim!.kill('SIGKILL')
    await reach(before.epoch + 1)
    await victim!.start()
    await reach(before.epoch + EPOCHS)
    const after = await look()

    const epochUnits = 4 * (EPOCH_ROUNDS + 8)
    expect(after.units).toBeLessThan(epochUnits)
    await eventually(
      async () => {
        await send()
        const { epoch, firstEpoch } = await first!.status()
        return firstEpoch >= epoch - KEEP - MAX_HELD
      },
      'pruning up to the newest snapshots',
      LEASE_MS + 60_000,
    )
    expect(after.disk).toBeLessThan(2 * before.disk + 8 * 1024 * 1024)

    const head = Number(await rpc(devnet.rpcUrl, 'eth_blockNumber'))
    if (head > 400) {
      // Reached by the long run: 256 blocks stay for BLOCKHASH.
      await expect(rpc(devnet.rpcUrl, 'eth_getBlockByNumber', '0x1', false)).rejects.toMatchObject({ code: 4444 })
      await expect(rpc(devnet.rpcUrl, 'eth_getLogs', { fromBlock: '0x1', toBlock: '0x2' })).rejects.toMatchObject({
        code: 4444,
      })
      expect(await rpc(devnet.rpcUrl, 'eth_getTransactionReceipt', sent)).toBeNull()
    }
    expect((await rpc(devnet.rpcUrl, 'eth_getBlockByNumber', '0x0', false)).number).toBe('0x0')
    expect(Number(await rpc(devnet.rpcUrl, 'eth_getBalance', `0x${'00'.repeat(19)}77`, 'latest'))).toBeGreaterThan(0)
    provider.destroy()
  },
  EPOCHS * 60_000 + LEASE_MS + 60_000,
)
