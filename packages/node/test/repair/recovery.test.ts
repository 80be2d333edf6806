import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { ZosNode } from '../../src/node-api.ts'
import { createMemoryStore, type KeyValueStore } from '../../src/store/kv.ts'
import { Bench, flip, keysOf, shortGenesis, tamper, until } from './damaged-network.ts'

const bench = new Bench()
afterEach(() => bench.close())

/** A validator alone, and a follower on disk that can be started. */
async function network(epochRounds = 40, keepEpochs = 100) {
  const { genesis, validatorKey } = shortGenesis(epochRounds)
  const validator = await bench.start({ genesis, validatorKey, pruning: { keepEpochs } })
  const dataDir = bench.folder()
  const faults: unknown[] = []
  const follow = (): Promise<ZosNode> =>
    bench.start({
      genesis,
      dataDir,
      pruning: { keepEpochs },
      p2p: { peers: validator.addresses() },
      onFault: (fault) => faults.push(fault),
    })
  const inStep = async (node: ZosNode) => {
    const { block } = validator.status()
    await until(() => node.status().block >= block && block > 0, 'the follower to be in step')
    const number = `0x${block.toString(16)}`
    const [own, theirs] = await Promise.all(
      [node, validator].map((one) => one.request('eth_getBlockByNumber', [number, false])),
    )
    expect(own).toEqual(theirs)
  }
  return { validator, dataDir, follow, inStep, faults }
}

const DAMAGES: [what: string, prefix: string][] = [
  ['a unit of the running epoch', 'u'],
  ['code', 'c'],
  ...(process.env.ZOS_LONG
    ? ([
        ['the newest block', 'b'],
        ['an account', 'a'],
        ['a trie node', 'T'],
        ['the number of the newest block', 'head'],
        ['whose store it is', 'genesis'],
      ] as [string, string][])
    : []),
]

describe('a node whose database is damaged', () => {
  test.each(DAMAGES)('at %s mends it, or begins anew from its peers, and is in step again', async (_, prefix) => {
    const { dataDir, follow, inStep, faults } = await network()
    const first = await follow()
    await until(() => first.status().epoch >= 1 && first.status().block > 5, 'an epoch')
    await first.stop()
    await tamper(dataDir, async (level) => {
      const end = prefix.length > 1 ? `${prefix}~` : String.fromCharCode(prefix.charCodeAt(0) + 1)
      await flip(level, (await keysOf(level, prefix, end)).at(-1)!)
    })
    await inStep(await follow())
    expect(faults).toEqual([])
  })

  test('in the files of LevelDB is in step again', async () => {
    const { dataDir, follow, inStep, faults } = await network()
    const first = await follow()
    await until(() => first.status().block > 20, 'some blocks')
    await first.stop()
    // The log: LevelDB leaves out what it cannot read, and says nothing.
    const database = join(dataDir, 'db')
    const log = join(database, readdirSync(database).find((name) => name.endsWith('.log'))!)
    const bytes = readFileSync(log)
    bytes[bytes.length >> 1]! ^= 0xff
    writeFileSync(log, bytes)
    await inStep(await follow())
    expect(faults).toEqual([])
  })

  test('while it runs starts anew by itself, on the same port, and its holder notices nothing', async () => {
    const { validator, dataDir, inStep, faults } = await network()
    const { genesis } = shortGenesis(40)
    let damaged = ''
    const { openLevelStore } = await import('../../src/store/level.ts')
    const node = await bench.start({
      genesis: { ...genesis },
      dataDir,
      rpc: { port: 0 },
      p2p: { peers: validator.addresses() },
      onFault: (fault) => faults.push(fault),
      openStore: async () => {
        const store = await openLevelStore(join(dataDir, 'db'))
        return {
          ...store,
          get(key) {
            if (damaged !== '' && key === damaged) {
              damaged = ''
              throw Object.assign(new Error('damaged'), { name: 'NodeError', code: 'NODE_STORE_CORRUPT', context: {} })
            }
            return store.get(key)
          },
        }
      },
    })
    await until(() => node.status().block > 3, 'some blocks')
    const url = node.rpcUrl
    const block = (await node.request('eth_getBlockByNumber', ['0x1', false])) as { hash: string }
    damaged = `h${block.hash}`
    await fetch(url!, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_getBlockByHash', params: [block.hash, false] }),
    })
    expect(damaged).toBe('')
    await inStep(node)
    expect(node.rpcUrl).toBe(url)
    expect(faults).toEqual([])
  })

  test('and that has no peers stops with the place of the damage, and changes nothing', async () => {
    const { genesis, validatorKey } = shortGenesis(1_000)
    const dataDir = bench.folder()
    const node = await bench.start({ genesis, validatorKey, dataDir, roundIntervalMs: 5 })
    await until(() => node.status().block > 5, 'some blocks')
    await node.stop()
    let key = ''
    await tamper(dataDir, async (level) => {
      key = (await keysOf(level, 'c', 'd')).at(-1)!
      await flip(level, key)
      await flip(level, 'head')
    })
    await expect(bench.start({ genesis, validatorKey, dataDir })).rejects.toMatchObject({
      code: 'NODE_STORE_CORRUPT',
      message: expect.stringContaining(key),
    })
    await tamper(dataDir, async (level) => {
      await flip(level, key)
    })
    const again = await bench.start({ genesis, validatorKey, dataDir, roundIntervalMs: 5 })
    expect(again.status().block).toBeGreaterThan(5)
  })
})

test('a running node that was cut off until its peers dropped what it lacks joins from a snapshot by itself', async () => {
  const { validator, follow, inStep, faults } = await network(40, 1)
  const node = await follow()
  await until(() => node.status().block > 3, 'some blocks')
  node.setLink({ latencyMs: 0, loss: 0, blocked: [validator.peerId] })
  const { epoch } = node.status()
  await until(() => validator.status().firstEpoch > epoch + 1, 'the epoch to be dropped')
  expect(node.status().epoch).toBe(epoch)
  node.setLink({ latencyMs: 0, loss: 0, blocked: [] })
  await until(() => node.status().epoch > epoch + 1, 'the snapshot')
  await inStep(node)
  expect(node.status().firstEpoch).toBeGreaterThan(epoch)
  expect(faults).toEqual([])
}, 60_000)

describe('a node whose disk is full', () => {
  /** A store that has no room from some moment on. */
  function limited(store: KeyValueStore) {
    const disk = { isFull: false }
    const full = () =>
      Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', syscall: 'write' })
    return {
      disk,
      store: {
        ...store,
        batch: async (changes, options) => {
          if (disk.isFull) throw full()
          await store.batch(changes, options)
        },
        close: async () => {},
      } satisfies KeyValueStore,
    }
  }

  test('stops with a typed error, sends nothing that is not stored, and goes on where it was when there is room', async () => {
    const { genesis, validatorKey, accounts } = shortGenesis(1_000)
    const { store, disk } = limited(createMemoryStore())
    const faults: unknown[] = []
    const open = () =>
      bench.start({
        genesis,
        validatorKey,
        roundIntervalMs: 5,
        openStore: async () => store,
        dev: { accounts, faucet: accounts[0]!, setLinks: async () => {} } as never,
        onFault: (fault) => faults.push(fault),
      })
    const node = await open()
    const follower = await bench.start({ genesis, p2p: { peers: node.addresses() } })
    const [from, to] = [accounts[1]!.address, accounts[2]!.address]
    const sent: string[] = []
    for (let i = 0; i < 5; i++) {
      const hash = (await node.request('eth_sendTransaction', [{ from, to, value: '0x1' }])) as string
      await until(async () => (await node.request('eth_getTransactionReceipt', [hash])) !== null, 'a receipt')
      sent.push(hash)
    }
    disk.isFull = true
    await until(() => faults.length > 0, 'the fault')
    expect(faults).toMatchObject([{ name: 'NodeError', code: 'NODE_DISK_FULL' }])
    const { block, round } = node.status()
    // Reading goes on until it is stopped; nothing new is sent.
    for (const hash of sent) expect(await node.request('eth_getTransactionReceipt', [hash])).not.toBeNull()
    expect(follower.status().round).toBeLessThanOrEqual(round)
    await node.stop()

    disk.isFull = false
    const again = await open()
    expect(again.status().block).toBeGreaterThanOrEqual(block)
    for (const hash of sent)
      expect(await again.request('eth_getTransactionReceipt', [hash])).toMatchObject({ status: '0x1' })
    await until(() => again.status().block > block + 2, 'the node to go on')
  })
})
