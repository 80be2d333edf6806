import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Interface } from 'ethers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createDevnet, type InProcessDevnet } from '../../src/devnet/in-process.ts'
import { signTransaction } from '../../src/devnet/unsigned-transaction.ts'
import { postgresPrograms, startPostgres } from './postgres-server.ts'

const TRANSFER = 'ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef'
/** Every call emits `Transfer(caller, 0x…01, 5)`. Assembled by hand, so that no compiler is needed here. */
const TOKEN = `0x${'602f600c600039602f6000f3'}6005600052600133${'7f'}${TRANSFER}60206000a300`
/** Emits what it is called with: four topics, then data. */
const ECHO = '0x6018600c60003960186000f3608036038060805f376060356040356020355f35845fa400'
const erc1155 = new Interface([
  'event TransferSingle(address indexed operator, address indexed from, address indexed to, uint256 id, uint256 value)',
  'event TransferBatch(address indexed operator, address indexed from, address indexed to, uint256[] ids, uint256[] values)',
])
const RECEIVER = `0x${'00'.repeat(19)}01`

const programs = postgresPrograms()
const databases: [name: string, skip: boolean][] = [
  ['node:sqlite', false],
  [programs ? 'PostgreSQL' : 'PostgreSQL (skipped: it is not installed in /usr/lib/postgresql)', !programs],
]

describe.each(databases)('the index in %s', (name, skip) => {
  let devnet: InProcessDevnet
  let where: string
  let clean: () => Promise<void>
  const call = (method: string, ...params: unknown[]) => devnet.request({ method, params })

  beforeAll(async () => {
    if (skip) return
    if (name === 'PostgreSQL') {
      const server = await startPostgres(programs!)
      where = server.url
      clean = server.stop
    } else {
      const folder = mkdtempSync(join(tmpdir(), 'zos-index-'))
      where = join(folder, 'index.sqlite')
      clean = async () => rmSync(folder, { recursive: true })
    }
    devnet = await createDevnet({ index: where })
  }, 60_000)

  afterAll(async () => {
    await devnet?.stop()
    await clean?.()
  })

  async function receipt(hash: string): Promise<any> {
    for (;;) {
      const found = await call('eth_getTransactionReceipt', hash)
      const { last } = await call('zos_indexStatus')
      if (found && last >= Number(found.blockNumber)) return found
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }

  test.skipIf(skip)('lists an account’s transactions newest first, page by page', async () => {
    const from = devnet.accounts[0]!.address
    const to = `0x${'a1'.repeat(20)}`
    const hashes: string[] = []
    for (let value = 1; value <= 5; value++) {
      const hash = await call('eth_sendTransaction', { from, to, value: `0x${value}` })
      hashes.push(hash)
    }
    for (const hash of hashes) await receipt(hash)
    const newest = [...hashes].reverse()
    const first = await call('zos_getTransactionsOf', to, { limit: 3 })
    expect(first.entries.map(({ hash }: any) => hash)).toEqual(newest.slice(0, 3))
    const second = await call('zos_getTransactionsOf', to, { before: first.next, limit: 3 })
    expect(second.entries.map(({ hash }: any) => hash)).toEqual(newest.slice(3))
    expect(second.next).toBeNull()
    expect((await call('zos_getTransactionsOf', from)).entries).toHaveLength(5)
    expect((await call('zos_getTransactionsOf', `0x${'a2'.repeat(20)}`)).entries).toEqual([])
  })

  test.skipIf(skip)('knows who made a contract, and its transfers by sender, receiver and token', async () => {
    const from = devnet.accounts[1]!.address
    const made = await receipt(await call('eth_sendTransaction', { from, data: TOKEN, gas: '0x30d40' }))
    const token = made.contractAddress
    expect(await call('zos_getContractCreation', token)).toMatchObject({ creator: from, hash: made.transactionHash })
    expect(await call('zos_getContractCreation', from)).toBeNull()
    const { transactionHash } = await receipt(await call('eth_sendTransaction', { from, to: token, gas: '0x30d40' }))
    for (const address of [from, RECEIVER, token]) {
      const { entries } = await call('zos_getTransfersOf', address)
      expect(entries).toEqual([
        expect.objectContaining({ hash: transactionHash, token, standard: 'erc20', from, to: RECEIVER, amount: '5' }),
      ])
    }
  })

  test.skipIf(skip)('lists ERC-1155 transfers kind by kind, single and in batches, page by page', async () => {
    const [operator, from, to] = [devnet.accounts[4]!.address, `0x${'e1'.repeat(20)}`, `0x${'e2'.repeat(20)}`]
    const made = await receipt(await call('eth_sendTransaction', { from: operator, data: ECHO, gas: '0x30d40' }))
    const token = made.contractAddress
    const emit = async (event: string, values: unknown[]) => {
      const { topics, data } = erc1155.encodeEventLog(event, [operator, from, to, ...values])
      const input = `0x${topics.map((topic) => topic.slice(2)).join('')}${data.slice(2)}`
      return receipt(await call('eth_sendTransaction', { from: operator, to: token, data: input, gas: '0x30d40' }))
    }
    const single = await emit('TransferSingle', [7n, 1_000n])
    const batch = await emit('TransferBatch', [
      [1n, 2n, 2n ** 200n],
      [10n, 20n, 30n],
    ])
    const empty = await emit('TransferBatch', [[], []])
    // Data that is no pair of lists of one length is nobody's transfer.
    const crooked = await receipt(
      await call('eth_sendTransaction', {
        from: operator,
        to: token,
        gas: '0x30d40',
        data: `0x${erc1155
          .encodeEventLog('TransferBatch', [operator, from, to, [1n], [2n]])
          .topics.map((topic) => topic.slice(2))
          .join('')}${['40', 'ffffffff', '1', '5'].map((word) => word.padStart(64, '0')).join('')}`,
      }),
    )
    for (const { status } of [single, batch, empty, crooked]) expect(status).toBe('0x1')
    const entry = (id: bigint, amount: string, { transactionHash: hash }: any) =>
      expect.objectContaining({ hash, token, standard: 'erc1155', from, to, id: String(id), amount })
    const expected = [
      entry(2n ** 200n, '30', batch),
      entry(2n, '20', batch),
      entry(1n, '10', batch),
      entry(7n, '1000', single),
    ]
    for (const address of [from, to, token]) {
      expect((await call('zos_getTransfersOf', address)).entries).toEqual(expected)
      const first = await call('zos_getTransfersOf', address, { limit: 2 })
      expect(first.entries).toEqual(expected.slice(0, 2))
      expect((await call('zos_getTransfersOf', address, { before: first.next })).entries).toEqual(expected.slice(2))
    }
    expect((await call('zos_getTransfersOf', operator)).entries).toEqual([])
  })

  test.skipIf(skip)('tells conflicts with what won and why', async () => {
    const { address, privateKey } = devnet.accounts[2]!
    const fields = (value: bigint) => ({
      nonce: 0n,
      gasLimit: 21_000n,
      maxFeePerGas: 10n ** 10n,
      maxPriorityFeePerGas: 1n,
      to: `0x${'b1'.repeat(20)}` as `0x${string}`,
      value,
      data: new Uint8Array(),
    })
    const chainId = Number(await call('eth_chainId'))
    const raw = signTransaction(chainId, fields(1n), privateKey)
    const won = await call('eth_sendRawTransaction', `0x${Buffer.from(raw).toString('hex')}`)
    await receipt(won)
    // The pool refuses the second use of a nonce; an impersonated one takes another way into the ledger.
    await call('hardhat_impersonateAccount', `0x${'b3'.repeat(20)}`)
    await call('anvil_setBalance', `0x${'b3'.repeat(20)}`, '0xde0b6b3a7640000')
    const first = await call('eth_sendTransaction', {
      from: `0x${'b3'.repeat(20)}`,
      to: address,
      value: '0x1',
      nonce: '0x0',
    })
    await receipt(first)
    await call('eth_sendTransaction', { from: `0x${'b3'.repeat(20)}`, to: address, value: '0x2', nonce: '0x0' })
    let conflicts: any
    do conflicts = (await call('zos_getConflicts')).entries
    while (conflicts.length === 0)
    expect(conflicts[0]).toMatchObject({
      sender: `0x${'b3'.repeat(20)}`,
      nonce: 0,
      reason: 'nonce-too-low',
      winner: first,
    })
    expect(conflicts[0].decided.rule).toBe('smaller-index')
    expect(conflicts[0].decided.winner.mci).toBeLessThan(conflicts[0].decided.loser.mci)
  })

  test.skipIf(skip)('what a snapshot undid is not listed any more', async () => {
    const to = `0x${'c1'.repeat(20)}`
    const id = await call('evm_snapshot')
    await receipt(await call('eth_sendTransaction', { from: devnet.accounts[3]!.address, to, value: '0x1' }))
    expect((await call('zos_getTransactionsOf', to)).entries).toHaveLength(1)
    await call('evm_revert', id)
    expect((await call('zos_getTransactionsOf', to)).entries).toEqual([])
  })

  test.skipIf(skip)('pages that are no pages are refused', async () => {
    const address = devnet.accounts[0]!.address
    for (const page of [{ limit: 0 }, { limit: 101 }, { limit: 1.5 }, { before: { block: 'x', position: 0 } }, 'x'])
      await expect(call('zos_getTransactionsOf', address, page)).rejects.toMatchObject({ code: -32_602 })
  })
})

test('an index whose tables are of an earlier version is dropped, and builds itself from the chain', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'zos-index-'))
  const index = join(folder, 'index.sqlite')
  const old = new DatabaseSync(index)
  old.exec(`CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
    INSERT INTO meta VALUES ('schema', '1'), ('cursor', '900');
    CREATE TABLE transfers (address TEXT NOT NULL, block BIGINT NOT NULL, log BIGINT NOT NULL)`)
  old.close()
  const devnet = await createDevnet({ index })
  const call = (method: string, ...params: unknown[]) => devnet.request({ method, params })
  const from = devnet.accounts[0]!.address
  await call('eth_sendTransaction', { from, data: TOKEN, gas: '0x30d40' })
  const token = `0x${'00'.repeat(20)}`
  for (let last = -1; last < 1; last = (await call('zos_indexStatus')).last)
    await new Promise((resolve) => setTimeout(resolve, 5))
  expect((await call('zos_getTransactionsOf', from)).entries).toHaveLength(1)
  expect((await call('zos_getTransfersOf', token)).entries).toEqual([])
  await devnet.stop()
  rmSync(folder, { recursive: true })
})

test('an index of another network is dropped, and builds itself from the chain', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'zos-index-'))
  const index = join(folder, 'index.sqlite')
  const to = `0x${'d1'.repeat(20)}`
  for (const timestampMs of [1_700_000_000_000, 1_700_000_100_000]) {
    const devnet = await createDevnet({ index, timestampMs })
    const call = (method: string, ...params: unknown[]) => devnet.request({ method, params })
    const hash = await call('eth_sendTransaction', { from: devnet.accounts[0]!.address, to, value: '0x1' })
    for (let entries = []; entries.length === 0; entries = (await call('zos_getTransactionsOf', to)).entries)
      await new Promise((resolve) => setTimeout(resolve, 5))
    const { entries } = await call('zos_getTransactionsOf', to)
    expect(entries.map((entry: any) => entry.hash)).toEqual([hash])
    await devnet.stop()
  }
  rmSync(folder, { recursive: true })
})
