import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Devnet, startDevnet } from '@zos/node/devnet'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually, rpc } from './wait.ts'

let devnet: Devnet
let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'zos-devnet-e2e-'))
  devnet = await startDevnet({ port: 0, roundIntervalMs: 100 })
}, 240_000)

afterAll(async () => {
  await devnet?.stop()
  rmSync(folder, { recursive: true, force: true })
})

const block = async (index = 0) => Number(await rpc(devnet.validators[index]!.rpcUrl, 'eth_blockNumber'))

/** Waits until every validator has executed what the first one has. */
async function together(): Promise<void> {
  const head = await block()
  await eventually(async () => {
    const heads = await Promise.all(devnet.validators.map(({ index }) => block(index)))
    return heads.every((one) => one >= head)
  }, 'all validators')
}

test('four validators make the same change in the same block, and go back to a snapshot together', async () => {
  const address = `0x${'ab'.repeat(20)}`
  const balances = async () => {
    await together()
    return Promise.all(devnet.validators.map(({ rpcUrl }) => rpc(rpcUrl, 'eth_getBalance', address, 'latest')))
  }
  const id = await rpc(devnet.rpcUrl, 'evm_snapshot')
  await rpc(devnet.rpcUrl, 'anvil_setBalance', address, '0x63')
  expect(await balances()).toEqual(['0x63', '0x63', '0x63', '0x63'])
  // Any validator takes operations, not only the first.
  expect(await rpc(devnet.validators[2]!.rpcUrl, 'evm_revert', id)).toBe(true)
  expect(await balances()).toEqual(['0x0', '0x0', '0x0', '0x0'])
  const number = `0x${(await block()).toString(16)}`
  await together()
  const hashes = await Promise.all(
    devnet.validators.map(async ({ rpcUrl }) => (await rpc(rpcUrl, 'eth_getBlockByNumber', number, false)).hash),
  )
  expect(new Set(hashes).size).toBe(1)
})

test('many blocks at once are refused, as several validators keep their pace', async () => {
  await expect(rpc(devnet.rpcUrl, 'hardhat_mine', '0x2710')).rejects.toMatchObject({
    code: -32_000,
    data: { code: 'NODE_DEVNET_REFUSED' },
  })
})

test('two halves that do not reach each other make no block; healed, they go on', async () => {
  await rpc(devnet.rpcUrl, 'zos_dev_setLinks', {
    groups: [
      [0, 1],
      [2, 3],
    ],
  })
  await eventually(async () => (await devnet.validators[0]!.status()).peers === 1, 'the cut')
  // What was on its way may still become final; then nothing does: the number stands still while the node answers.
  let before = -1
  await eventually(async () => {
    const now = await block()
    const still = now === before
    before = now
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    return still
  }, 'standing still')
  await expect(rpc(devnet.rpcUrl, 'zos_dev_setLinks', { groups: [[0, 9]] })).rejects.toMatchObject({ code: -32_000 })
  await rpc(devnet.rpcUrl, 'zos_dev_setLinks', { groups: [] })
  await eventually(async () => (await block()) > before + 2, 'new blocks', 120_000)
})

test('with late and lossy links blocks still come', async () => {
  devnet.setLinks({ latencyMs: 40, loss: 0.05 })
  const before = await block()
  await eventually(async () => (await block()) > before + 5, 'five blocks', 120_000)
  devnet.setLinks({ latencyMs: 0, loss: 0 })
})

test('metrics say what the node does', async () => {
  // Those that were cut off dial again when their wait is over.
  await eventually(async () => (await devnet.validators[0]!.status()).peers === 3, 'all peers', 120_000)
  const text = await (await fetch(devnet.validators[0]!.metricsUrl)).text()
  expect(Number(/^zos_block (\d+)$/m.exec(text)?.[1])).toBeGreaterThan(5)
  expect(Number(/^zos_finality_seconds_count (\d+)$/m.exec(text)?.[1])).toBeGreaterThan(20)
  expect(text).toMatch(/^zos_peers 3$/m)
})

test('a network begins with the accounts that another one left, and leaves them in turn', async () => {
  const file = join(folder, 'state.json')
  const address = `0x${'cd'.repeat(20)}`
  await rpc(devnet.rpcUrl, 'anvil_setBalance', address, '0x2a')
  await devnet.saveState(file)
  for (const expected of ['0x2a', '0x2b']) {
    const next = await startDevnet({ port: 0, validators: 1, state: file })
    expect(await rpc(next.rpcUrl, 'eth_getBalance', address, 'latest')).toBe(expected)
    await rpc(next.rpcUrl, 'anvil_setBalance', address, '0x2b')
    await next.stop()
  }
}, 240_000)
