import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import {
  createLightNode,
  isLightError,
  type LightNode,
  type LightSource,
  type LightStorage,
} from '../../src/light/index.ts'
import { createTestChain, type TestChain } from './chain.ts'

/** For a machine that has other work: what takes a second alone may take a minute. */
const TIMEOUT_MS = 180_000
const YEARS_MS = 100 * 365 * 86_400_000
/** PUSH1 7, PUSH1 0, MSTORE, PUSH1 1, PUSH1 32, PUSH1 0, LOG1: a log with topic 1 whenever it is called. */
const CODE = '6007600052600160206000a1'
/** Stores 5 in slot 0 and returns the code. */
const INIT = `0x6005600055600c6011600039600c6000f3${CODE}`
const TOPIC = `0x${'00'.repeat(31)}01`

let chain: TestChain
let contract: string
let emitted: { hash: string; block: number }
const open: LightNode[] = []

const source = (id = 'honest'): LightSource => ({ id, request: (method, params) => chain.request(method, params) })

/** Asks an honest node and changes what it says. */
const liar = (change: (method: string, result: any) => any): LightSource => ({
  id: 'liar',
  request: async (method, params) => change(method, await chain.request(method, params)),
})

async function light(options: Partial<Parameters<typeof createLightNode>[0]> = {}): Promise<LightNode> {
  const node = await createLightNode({ chain: chain.genesis, sources: [source()], maxTrustAge: YEARS_MS, ...options })
  open.push(node)
  return node
}

const call = (node: LightNode, method: string, ...params: unknown[]) => node.provider.request({ method, params })

beforeAll(async () => {
  chain = await createTestChain()
  await chain.request('eth_sendRawTransaction', [
    await chain.sign(0, { to: chain.accounts[1]!.address, value: 77n, nonce: 0 }),
  ])
  await chain.request('eth_sendRawTransaction', [await chain.sign(0, { to: null, data: INIT, nonce: 1 })])
  await chain.mine()
  const [, made] = await chain.request('eth_getBlockReceipts', ['0x1'])
  contract = made.contractAddress
  chain.endEpoch()
  for (let i = 0; i < 3; i++) await chain.mine()
  const hash = await chain.request('eth_sendRawTransaction', [await chain.sign(2, { to: contract, nonce: 0 })])
  emitted = { hash, block: await chain.mine() }
  chain.endEpoch()
  for (let i = 0; i < 4; i++) await chain.mine()
}, TIMEOUT_MS)
afterEach(async () => {
  await Promise.all(open.splice(0).map((node) => node.close()))
})

describe('a light node', { timeout: TIMEOUT_MS }, () => {
  test('answers what a full node answers, word for word, from proofs alone', async () => {
    const node = await light()
    await node.ready({ timeoutMs: TIMEOUT_MS })
    const block = `0x${emitted.block.toString(16)}`
    const { hash } = chain.chain.block(emitted.block)!
    for (const [method, ...params] of [
      ['eth_chainId'],
      ['eth_blockNumber'],
      ['eth_getBalance', chain.accounts[1]!.address, 'latest'],
      ['eth_getBalance', `0x${'ab'.repeat(20)}`, 'latest'],
      ['eth_getTransactionCount', chain.accounts[0]!.address, 'latest'],
      ['eth_getCode', contract, 'latest'],
      ['eth_getStorageAt', contract, '0x0', 'latest'],
      ['eth_getStorageAt', contract, '0x1', 'latest'],
      ['eth_getProof', contract, ['0x0', '0x1'], 'latest'],
      ['eth_getTransactionReceipt', emitted.hash],
      ['eth_getTransactionReceipt', `0x${'12'.repeat(32)}`],
      ['eth_getTransactionByHash', emitted.hash],
      ['eth_getBlockByNumber', block, true],
      ['eth_getBlockByNumber', '0x0', false],
      ['eth_getBlockByHash', hash, false],
      ['eth_getBlockReceipts', '0x1'],
      ['eth_getTransactionByBlockNumberAndIndex', '0x1', '0x1'],
      ['eth_getLogs', { fromBlock: '0x0', toBlock: 'latest' }],
      ['eth_getLogs', { blockHash: hash, topics: [TOPIC] }],
      ['eth_getLogs', { fromBlock: '0x0', address: chain.accounts[0]!.address }],
      ['eth_gasPrice'],
    ] as [string, ...unknown[]][])
      expect(await call(node, method, ...params), method).toEqual(await chain.request(method, params))
    expect(await call(node, 'eth_getLogs', { fromBlock: '0x0', address: contract })).toHaveLength(1)
    expect(await node.getBalance(chain.accounts[1]!.address)).toEqual({ value: 10n ** 22n + 77n, proof: 'verified' })
    const finalized = await call(node, 'eth_getBlockByNumber', 'finalized', false)
    expect(Number(finalized.number)).toBe(emitted.block)
    expect(node.status).toMatchObject({ phase: 'ready', epoch: 2, head: { number: chain.chain.head!.header.number } })
  })

  test('proves at the block that it has verified, also when the network is some blocks further', async () => {
    let heads = 0
    const frozen = await chain.request('zos_getHead', [])
    const behind = liar((method, result) => (method === 'zos_getHead' && heads++ >= 0 ? frozen : result))
    const node = await light({ sources: [behind] })
    await node.ready({ timeoutMs: TIMEOUT_MS })
    await chain.request('eth_sendRawTransaction', [
      await chain.sign(3, { to: chain.accounts[4]!.address, value: 5n, nonce: 0 }),
    ])
    for (let i = 0; i < 3; i++) await chain.mine()
    expect((await node.getBalance(chain.accounts[4]!.address)).value).toBe(10n ** 22n)
    const fresh = await light()
    await fresh.ready({ timeoutMs: TIMEOUT_MS })
    expect((await fresh.getBalance(chain.accounts[4]!.address)).value).toBe(10n ** 22n + 5n)
  })

  test('sends through every source, and knows the next nonce before the transaction is executed', async () => {
    const node = await light({
      sources: [liar((method, result) => (method === 'eth_sendRawTransaction' ? emitted.hash : result)), source()],
    })
    await node.ready({ timeoutMs: TIMEOUT_MS })
    const sender = chain.accounts[6]!.address
    expect(await call(node, 'eth_estimateGas', { to: sender, value: '0x1' })).toBe('0x5208')
    const raw = await chain.sign(6, { to: sender, nonce: 0, gasLimit: 21_000n })
    const hash = await call(node, 'eth_sendRawTransaction', raw)
    expect(await call(node, 'eth_getTransactionCount', sender, 'pending')).toBe('0x1')
    expect(await call(node, 'eth_getTransactionByHash', hash)).toMatchObject({ hash, from: sender, blockNumber: null })
    expect(await call(node, 'eth_getTransactionReceipt', hash)).toBeNull()
    await chain.mine()
    await expect
      .poll(() => call(node, 'eth_getTransactionReceipt', hash), { timeout: TIMEOUT_MS / 3 })
      .toMatchObject({ status: '0x1', from: sender })
    expect(node.status.sources[0]).toMatchObject({ state: 'banned' })
    await expect(call(node, 'eth_sendRawTransaction', '0x02')).rejects.toMatchObject({
      lightCode: 'LIGHT_INVALID_ARGUMENT',
    })
  })

  test('refuses what it cannot verify with code 4200, and passes nothing of it on', async () => {
    const asked: string[] = []
    const watched: LightSource = {
      id: 'watched',
      request(method, params) {
        asked.push(method)
        return chain.request(method, params)
      },
    }
    const node = await light({ sources: [watched] })
    await node.ready({ timeoutMs: TIMEOUT_MS })
    for (const method of ['eth_call', 'debug_traceTransaction', 'eth_newFilter', 'toString', 'eth_sign'])
      await expect(call(node, method, {}), method).rejects.toMatchObject({
        code: 4200,
        lightCode: 'LIGHT_UNVERIFIABLE',
      })
    await expect(call(node, 'eth_estimateGas', { to: contract })).rejects.toMatchObject({ code: 4200 })
    await expect(call(node, 'eth_feeHistory', '0x2', 'latest', [50])).rejects.toMatchObject({ code: 4200 })
    expect(asked.filter((method) => /call|trace|Filter|sign|estimate|fee/.test(method))).toEqual([])
    await expect(call(node, 'eth_getBalance', '0x12')).rejects.toMatchObject({ code: -32602 })
    await expect(node.provider.request({ method: 'eth_chainId', params: {} })).rejects.toMatchObject({ code: -32602 })
  })

  const flip = (hex: string) => hex.slice(0, -1) + (hex.endsWith('0') ? '1' : '0')
  const lies: [string, (method: string, result: any) => any][] = [
    [
      'a forged balance',
      (m, r) =>
        m === 'eth_getProof'
          ? {
              ...r,
              accountProof: r.accountProof.map((n: string, i: number) =>
                i === r.accountProof.length - 1 ? flip(n) : n,
              ),
            }
          : r,
    ],
    ['a proof cut short', (m, r) => (m === 'eth_getProof' ? { ...r, accountProof: r.accountProof.slice(0, -1) } : r)],
    ['an empty proof', (m, r) => (m === 'eth_getProof' ? { ...r, accountProof: [] } : r)],
    ['nonsense for a proof', (m, r) => (m === 'eth_getProof' ? { accountProof: 7 } : r)],
    [
      'a forged head',
      (m, r) =>
        m === 'zos_getHead'
          ? { ...r, header: `${r.header.slice(0, 190)}${flip(r.header.slice(190, 200))}${r.header.slice(200)}` }
          : r,
    ],
    ['a head without a quorum', (m, r) => (m === 'zos_getHead' ? { ...r, shares: r.shares.slice(1) } : r)],
    ['a share twice', (m, r) => (m === 'zos_getHead' ? { ...r, shares: [r.shares[0], ...r.shares.slice(0, 2)] } : r)],
    ['headers of its own', (m, r) => (m === 'zos_getHeaders' ? r.map((h: string) => h.replace('0xf9', '0xf8')) : r)],
    ['headers of another place', (m, r) => (m === 'zos_getHeaders' ? r.map(() => r[0]) : r)],
    [
      'another committee',
      (m, r) => (m === 'zos_getCheckpoints' ? r.map((one: any) => ({ ...one, next: one.next.slice(1) })) : r),
    ],
    [
      'a certificate of other bytes',
      (m, r) =>
        m === 'zos_getCheckpoints' ? r.map((one: any) => ({ ...one, certificate: flip(one.certificate) })) : r,
    ],
    [
      'a log left out',
      (m, r) =>
        m === 'zos_getBlockBody'
          ? { ...r, receipts: r.receipts.map((hex: string) => hex.replace(/^0xf8../, '0xf8')) }
          : r,
    ],
    [
      'a transaction left out',
      (m, r) =>
        m === 'zos_getBlockBody' ? { transactions: r.transactions.slice(1), receipts: r.receipts.slice(1) } : r,
    ],
    ['another code', (m, r) => (m === 'eth_getCode' ? `${r}00` : r)],
  ]
  test.each(lies)('shows nothing of %s, bans its source and goes on with the next', async (_, change) => {
    // Which source is asked for what is the node's choice: begin anew until the liar had its turn.
    for (let attempt = 0; attempt < 10; attempt++) {
      const sources = attempt % 2 === 0 ? [liar(change), source()] : [source(), liar(change)]
      const node = await light({ sources })
      await node.ready({ timeoutMs: TIMEOUT_MS })
      expect((await node.getBalance(chain.accounts[5]!.address)).value).toBe(10n ** 22n)
      expect(await call(node, 'eth_getCode', contract)).toBe(`0x${CODE}`)
      expect(await call(node, 'eth_getLogs', { fromBlock: '0x1', address: contract })).toHaveLength(1)
      const [lied, told] = [...node.status.sources].sort((a, b) => (a.id < b.id ? 1 : -1))
      await node.close()
      if (lied!.state !== 'banned') continue
      expect(told).toMatchObject({ id: 'honest', state: 'good' })
      return
    }
    throw new Error('the liar was never caught')
  })

  test('with liars alone fails, and says what each of them did', async () => {
    const node = await light({ sources: [liar((m, r) => (m === 'zos_getHead' ? { ...r, shares: [] } : r))] })
    await expect(node.ready({ timeoutMs: TIMEOUT_MS })).rejects.toMatchObject({
      lightCode: 'LIGHT_NO_SOURCE',
      context: { sources: [{ id: 'liar', state: 'banned', reason: expect.stringMatching(/two thirds/) }] },
    })
  })

  test('counts the shares of a committee that a source has written in capitals, and takes no scheme that is not a byte', async () => {
    const renamed = (change: (member: any) => any) => (method: string, result: any) =>
      method === 'zos_getCheckpoints'
        ? result.map((one: any) => ({ ...one, next: one.next.map(change) }))
        : method === 'zos_getHead'
          ? null
          : result
    const kept = new Map<string, Uint8Array>()
    const storage: LightStorage = {
      get: async (key) => kept.get(key),
      set: async (key, value) => void kept.set(key, value),
    }
    const capitals = liar(renamed((one) => ({ ...one, address: `0x${one.address.slice(2).toUpperCase()}` })))
    const node = await light({ sources: [capitals, source()], storage })
    await node.ready({ timeoutMs: TIMEOUT_MS })
    expect(node.status.sources.map(({ state }) => state)).not.toContain('banned')
    const schemes = liar(
      renamed((one) => ({ ...one, keys: one.keys.map((key: any) => ({ ...key, scheme: key.scheme + 256 })) })),
    )
    const other = await light({ sources: [schemes, source()] })
    await other.ready({ timeoutMs: TIMEOUT_MS })
    expect(other.status.sources.map(({ id, state }) => [id, state])).toEqual([
      ['liar', 'banned'],
      ['honest', 'good'],
    ])
  })

  test('begins at a named checkpoint, and after a restart where it was', async () => {
    const kept = new Map<string, Uint8Array>()
    const storage: LightStorage = {
      get: async (key) => kept.get(key),
      set: async (key, value) => void kept.set(key, value),
    }
    const epochs: unknown[] = []
    const watched: LightSource = {
      id: 'watched',
      request(method, params) {
        if (method === 'zos_getCheckpoints') epochs.push(params[0])
        return chain.request(method, params)
      },
    }
    const { id } = await chain.request('zos_getCheckpoint', [0])
    const first = await light({ sources: [watched], storage, checkpoint: { epoch: 0, id } })
    await first.ready({ timeoutMs: TIMEOUT_MS })
    expect(epochs[0]).toBe(1)
    await first.close()
    epochs.length = 0
    const second = await light({ sources: [watched], storage })
    await second.ready({ timeoutMs: TIMEOUT_MS })
    expect(epochs[0]).toBe(2)
    expect((await second.getBalance(chain.accounts[5]!.address)).value).toBe(10n ** 22n)
    const offline = await light({ sources: ['http://127.0.0.1:9'], storage })
    expect(await call(offline, 'eth_blockNumber')).toBe(await call(second, 'eth_blockNumber'))
    const wrong = await light({ checkpoint: { epoch: 0, id: `0x${'12'.repeat(32)}` } })
    await expect(wrong.ready({ timeoutMs: TIMEOUT_MS })).rejects.toSatisfy((error) =>
      isLightError(error, 'LIGHT_NO_SOURCE'),
    )
  })

  test('says so when its trust is too old, when nobody answers in time, when it is closed, and when an option is wrong', async () => {
    const stale = await light({ maxTrustAge: 1 })
    await expect(stale.ready({ timeoutMs: TIMEOUT_MS })).rejects.toMatchObject({ lightCode: 'LIGHT_CHECKPOINT_STALE' })
    await expect(stale.getBalance(contract)).rejects.toMatchObject({ lightCode: 'LIGHT_CHECKPOINT_STALE' })
    const alone = await light({ sources: ['http://127.0.0.1:9'] })
    await expect(alone.ready({ timeoutMs: 300 })).rejects.toMatchObject({ lightCode: 'LIGHT_TIMEOUT' })
    await alone.close()
    await expect(alone.getBalance(contract)).rejects.toMatchObject({ lightCode: 'LIGHT_CLOSED' })
    const wrong = [
      { sources: [] },
      { sources: ['ftp://x'] },
      { maxTrustAge: 0 },
      { chain: { ...chain.genesis, validators: [] } },
    ]
    for (const options of wrong)
      await expect(light(options)).rejects.toMatchObject({ lightCode: 'LIGHT_INVALID_ARGUMENT' })
  })

  test('goes on by itself when the network comes back, and tells subscribers of new blocks', async () => {
    let away = false
    const cut: LightSource = {
      id: 'cut',
      request: (method, params) => (away ? Promise.reject(new Error('cut')) : chain.request(method, params)),
    }
    const node = await light({ sources: [cut] })
    await node.ready({ timeoutMs: TIMEOUT_MS })
    const messages: any[] = []
    const events: string[] = []
    node.provider.on('message', ((message: unknown) => messages.push(message)) as never)
    node.provider.on('disconnect', (() => events.push('disconnect')) as never)
    node.provider.on('connect', (() => events.push('connect')) as never)
    const subscription = await call(node, 'eth_subscribe', 'newHeads')
    away = true
    await expect.poll(() => node.status.phase, { timeout: TIMEOUT_MS / 3 }).toBe('offline')
    const number = await chain.mine()
    away = false
    await expect.poll(() => node.status.head!.number, { timeout: TIMEOUT_MS / 3 }).toBe(number)
    await expect
      .poll(() => messages.at(-1)?.data, { timeout: TIMEOUT_MS / 3 })
      .toMatchObject({
        subscription,
        result: { number: `0x${number.toString(16)}`, hash: chain.chain.head!.hash },
      })
    expect(events).toEqual(['disconnect', 'connect'])
    for await (const head of node.heads()) {
      expect(head.number).toBe(number)
      break
    }
  })
})
