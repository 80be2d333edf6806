import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bytesToHex } from '@ethereumjs/util'
import { type Devnet, startDevnet } from '@zos/node/devnet'
import { JsonRpcProvider, Wallet } from 'ethers'
import { afterEach, describe, expect, test } from 'vitest'
import { eventually, rpc } from './wait.ts'

const CRASHES = process.env.ZOS_LONG ? 20 : 2

let devnet: Devnet | undefined
let dataDir: string | undefined

afterEach(async () => {
  await devnet?.stop()
  if (dataDir) rmSync(dataDir, { recursive: true, force: true })
})

/** Sends transfers one after the other until stopped; remembers those that were confirmed. */
function startTraffic(rpcUrl: string, privateKey: string) {
  const provider = new JsonRpcProvider(rpcUrl, undefined, { cacheTimeout: -1 })
  provider.pollingInterval = 50
  const wallet = new Wallet(privateKey, provider)
  const confirmed: string[] = []
  let running = true
  const loop = (async () => {
    while (running) {
      const sent = await wallet.sendTransaction({ to: `0x${'00'.repeat(19)}77`, value: 1n }).catch(() => undefined)
      const receipt = await sent?.wait(1, 20_000).catch(() => null)
      if (receipt) confirmed.push(receipt.hash)
    }
  })()
  return {
    confirmed,
    async stop() {
      running = false
      await loop
      provider.destroy()
    },
    abandon() {
      running = false
      provider.destroy()
    },
  }
}

/** Rounds that the validator claimed, from its signing journal: each once, ascending, whatever crashed in between. */
function claimedRounds(directory: string, index: number): number[] {
  return readFileSync(join(directory, `validator-${index}`, 'signing-journal'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line.slice(9)).round)
}

describe('kill -9', () => {
  test('of one validator of four: the others go on, it catches up and signs nothing twice', async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'zos-test-'))
    devnet = await startDevnet({ port: 0, roundIntervalMs: 100, dataDir, restart: false })
    const [first, , , victim] = devnet.validators
    const traffic = startTraffic(first!.rpcUrl, bytesToHex(devnet.accounts[0]!.privateKey))
    for (let crash = 0; crash < CRASHES; crash++) {
      await eventually(async () => traffic.confirmed.length >= 3 * (crash + 1), 'confirmed transactions')
      await victim!.kill('SIGKILL')
      const before = await first!.status()
      await eventually(async () => (await first!.status()).block >= before.block + 5, 'five blocks without it')
      await victim!.start()
      const target = (await first!.status()).round
      await eventually(async () => {
        const { round, producing } = await victim!.status()
        return round >= target && producing
      }, 'it to catch up')
    }
    await traffic.stop()
    const last = traffic.confirmed.at(-1)!
    await eventually(
      () => rpc(victim!.rpcUrl, 'eth_getTransactionReceipt', last),
      'the last receipt at the restarted validator',
    )
    const receipts = await Promise.all(
      devnet.validators.map(({ rpcUrl }) =>
        eventually(() => rpc(rpcUrl, 'eth_getTransactionReceipt', last), 'the receipt'),
      ),
    )
    expect(new Set(receipts.map(({ blockHash }) => blockHash)).size).toBe(1)

    const rounds = claimedRounds(dataDir, victim!.index)
    expect(rounds).toEqual([...new Set(rounds)].sort((a, b) => a - b))
    // What its peers hold of it: one unit a round.
    const units = new Map<number, Set<string>>()
    for (const { rpcUrl } of devnet.validators) {
      const head = Number(await rpc(rpcUrl, 'eth_blockNumber'))
      for (let block = 1; block <= head; block++) {
        for (const { id } of (await rpc(rpcUrl, 'zos_getBlockUnits', `0x${block.toString(16)}`)).units) {
          const unit = await rpc(rpcUrl, 'zos_getUnit', id)
          if (unit.author !== victim!.address) continue
          units.set(unit.round, (units.get(unit.round) ?? new Set()).add(id))
        }
        if (rpcUrl !== first!.rpcUrl) break
      }
    }
    expect(units.size).toBeGreaterThan(10)
    for (const [round, ids] of units) expect(ids.size, `units of round ${round}`).toBe(1)
  })

  test('of all four: every transaction that had a receipt is still there', async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'zos-test-'))
    devnet = await startDevnet({ port: 0, roundIntervalMs: 100, dataDir, restart: false })
    const traffic = startTraffic(devnet.rpcUrl, bytesToHex(devnet.accounts[0]!.privateKey))
    await eventually(async () => traffic.confirmed.length >= 8, 'confirmed transactions')
    const confirmed = [...traffic.confirmed]
    const receipts = await Promise.all(confirmed.map((hash) => rpc(devnet!.rpcUrl, 'eth_getTransactionReceipt', hash)))
    await Promise.all(devnet.validators.map((validator) => validator.kill('SIGKILL')))
    traffic.abandon()

    await Promise.all(devnet.validators.map((validator) => validator.start()))
    for (const [index, hash] of confirmed.entries()) {
      expect(await rpc(devnet.rpcUrl, 'eth_getTransactionReceipt', hash)).toEqual(receipts[index])
    }
    const { block } = await devnet.validators[0]!.status()
    await eventually(
      async () => (await devnet!.validators[0]!.status()).block >= block + 5,
      'new blocks after the restart',
    )
    for (const { index } of devnet.validators) {
      const rounds = claimedRounds(dataDir, index)
      expect(rounds).toEqual([...new Set(rounds)].sort((a, b) => a - b))
    }
  })

  test('a clean stop keeps the state, and the network goes on from there', async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'zos-test-'))
    devnet = await startDevnet({ port: 0, roundIntervalMs: 100, dataDir })
    const traffic = startTraffic(devnet.rpcUrl, bytesToHex(devnet.accounts[0]!.privateKey))
    await eventually(async () => traffic.confirmed.length >= 3, 'confirmed transactions')
    await traffic.stop()
    const started = Date.now()
    await devnet.stop()
    expect(Date.now() - started).toBeLessThan(5_000)
    devnet = await startDevnet({ port: 0, roundIntervalMs: 100, dataDir })
    for (const hash of traffic.confirmed)
      expect(await rpc(devnet.rpcUrl, 'eth_getTransactionReceipt', hash)).not.toBeNull()
    const before = (await devnet.validators[0]!.status()).block
    await eventually(async () => (await devnet!.validators[0]!.status()).block > before + 3, 'new blocks')
    await expect(startDevnet({ port: 0, validators: 3, dataDir })).rejects.toMatchObject({
      code: 'NODE_INVALID_ARGUMENT',
    })
    await expect(startDevnet({ port: 0, dataDir })).rejects.toMatchObject({ code: 'NODE_DATA_DIR_LOCKED' })
  })
})
