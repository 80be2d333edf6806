import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { NodeOptions } from '../../src/node-api.ts'
import { checkStore } from '../../src/repair/check-store.ts'
import { repairStore } from '../../src/repair/repair-store.ts'
import { openLevelStore } from '../../src/store/level.ts'
import { Bench, flip, keysOf, shortGenesis, tamper, until } from './damaged-network.ts'

const bench = new Bench()
const { genesis, validatorKey, accounts } = shortGenesis(30)
const logger = { debug() {}, info() {}, warn() {}, error() {} }
let original: string

beforeAll(async () => {
  original = bench.folder()
  const dev = { accounts, faucet: accounts[0]!, setLinks: async () => {} } as unknown as NonNullable<NodeOptions['dev']>
  const node = await bench.start({ genesis, dataDir: original, validatorKey, dev, roundIntervalMs: 1 })
  // A contract with code and a slot, and a transfer.
  const [from, to] = [accounts[1]!.address, accounts[2]!.address]
  const deploy = await node.request('eth_sendTransaction', [{ from, data: '0x602a6000556001600c60003960016000f300' }])
  const transfer = await node.request('eth_sendTransaction', [{ from, to, value: '0x1' }])
  await until(
    async () =>
      (await node.request('eth_getTransactionReceipt', [transfer])) !== null &&
      (await node.request('eth_getTransactionReceipt', [deploy])) !== null,
    'the receipts',
  )
  await until(() => node.status().epoch >= 2, 'two epochs')
  await node.stop()
})
afterAll(() => bench.close())

function copy(): string {
  const folder = bench.folder()
  cpSync(join(original, 'db'), join(folder, 'db'), { recursive: true })
  return folder
}

async function withStore<T>(folder: string, use: (store: Awaited<ReturnType<typeof openLevelStore>>) => Promise<T>) {
  const store = await openLevelStore(join(folder, 'db'))
  try {
    return await use(store)
  } finally {
    await store.close()
  }
}

const check = (folder: string) => withStore(folder, (store) => checkStore(store))
const repair = (folder: string) => withStore(folder, (store) => repairStore(store, { logger }))

test('the database of a node that stopped holds, and the check counts what is in it', async () => {
  const { findings, head, kinds } = await check(copy())
  expect(findings).toEqual([])
  expect(head).toBeGreaterThan(10)
  expect(kinds.get('blocks')!.entries).toBe(head! + 1)
  expect(kinds.get('transactions')!.entries).toBe(2)
  expect(kinds.get('slots')!.entries).toBeGreaterThan(0)
  expect(kinds.has('unknown')).toBe(false)
})

/** One entry of each kind, and whether what it says can be made again from the rest. */
const ALL_KINDS: [kind: string, prefix: string, isMendable: boolean][] = [
  ['units', 'u', true],
  ['blocks', 'b', true],
  ['accounts', 'a', true],
  ['slots', 's', true],
  ['code', 'c', false],
  ['account trie', 'T', true],
  ['unit index', 'i', true],
  ['block index', 'h', true],
  ['index of units in blocks', 'n', true],
  ['transactions', 'x', true],
  ['slot tries', 'S', true],
  ['epoch starts', 'E', false],
  ['records', 'head', true],
]
const KINDS = process.env.ZOS_LONG ? ALL_KINDS : ALL_KINDS.slice(0, 6)

describe('a flipped bit', () => {
  test.each(KINDS)('in %s is found', async (kind, prefix, isMendable) => {
    const folder = copy()
    let key = ''
    await tamper(folder, async (level) => {
      const keys = await keysOf(
        level,
        prefix,
        prefix.length > 1 ? `${prefix}~` : String.fromCharCode(prefix.charCodeAt(0) + 1),
      )
      key = keys[Math.floor(keys.length / 2)]!
      await flip(level, key)
    })
    expect((await check(folder)).findings).toContainEqual({ kind, key, problem: 'damaged' })
    const { left } = await repair(folder)
    expect(left.length === 0).toBe(isMendable)
    if (isMendable) {
      const { findings } = await check(folder)
      expect(findings.filter(({ problem }) => problem !== 'missing')).toEqual([])
    }
  })
})

describe('a value that is gone', () => {
  test.each(KINDS)('from %s is found', async (kind, prefix) => {
    const folder = copy()
    await tamper(folder, async (level) => {
      const keys = await keysOf(
        level,
        prefix,
        prefix.length > 1 ? `${prefix}~` : String.fromCharCode(prefix.charCodeAt(0) + 1),
      )
      await level.del(keys[Math.floor(keys.length / 2)]!)
    })
    const { findings } = await check(folder)
    expect(findings.length).toBeGreaterThan(0)
    expect(findings.map((finding) => finding.kind)).toContain(kind)
  })
})

test('whole tries that are gone are made again from accounts and slots, and the root says that they are right', async () => {
  const folder = copy()
  await tamper(folder, async (level) => {
    for (const key of [...(await keysOf(level, 'T', 'U')), ...(await keysOf(level, 'S', 'T'))]) await level.del(key)
  })
  expect((await check(folder)).findings.length).toBeGreaterThan(0)
  expect((await repair(folder)).left).toEqual([])
  expect((await check(folder)).findings).toEqual([])
})

test('an account that is damaged on both sides is not made up', async () => {
  const folder = copy()
  await tamper(folder, async (level) => {
    for (const key of await keysOf(level, 'a', 'b')) await flip(level, key)
    for (const key of await keysOf(level, 'T', 'U')) await flip(level, key)
  })
  expect((await repair(folder)).left.length).toBeGreaterThan(0)
})
