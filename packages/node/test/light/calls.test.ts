/** `eth_call` and `eth_estimateGas` of the light node: executed here on proved state. What a full node answers is what they are held against. */
import { Interface } from 'ethers'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createLightNode, type LightNode, type LightSource } from '../../src/light/index.ts'
import { type Compiled, compile } from '../native/compile.ts'
import { CONSENSUS, consensus, VALIDATOR } from '../native/world.ts'
import { createTestChain, type TestChain } from './chain.ts'

const TIMEOUT_MS = 120_000
const YEARS_MS = 100 * 365 * 86_400_000
/** Slots of the contract's chain: more than a call may discover one by one. */
const LENGTH = 80

let chain: TestChain
let shelf: Compiled
let contract: string
const open: LightNode[] = []

beforeAll(async () => {
  chain = await createTestChain()
  shelf = compile('Shelf.sol', 'Shelf', new URL('./contracts/', import.meta.url))
  const data = shelf.bytecode + shelf.abi.encodeDeploy([LENGTH]).slice(2)
  await chain.request('eth_sendRawTransaction', [
    await chain.sign(0, { to: null, data, nonce: 0, gasLimit: 10_000_000n }),
  ])
  await chain.mine()
  const [made] = await chain.request('eth_getBlockReceipts', ['0x1'])
  expect(made.status).toBe('0x1')
  contract = made.contractAddress
  for (let i = 0; i < 3; i++) await chain.mine()
  chain.endEpoch()
  await chain.mine()
}, TIMEOUT_MS)
afterEach(async () => {
  await Promise.all(open.splice(0).map((node) => node.close()))
})

const source = (id = 'honest'): LightSource => ({ id, request: (method, params) => chain.request(method, params) })
const liar = (change: (method: string, result: any) => any): LightSource => ({
  id: 'liar',
  request: async (method, params) => change(method, await chain.request(method, params)),
})

async function light(options: Partial<Parameters<typeof createLightNode>[0]> = {}): Promise<LightNode> {
  const node = await createLightNode({
    chain: chain.genesis,
    sources: [source()],
    maxTrustAge: YEARS_MS,
    evm: () => import('../../src/light/evm.ts'),
    ...options,
  })
  open.push(node)
  await node.ready({ timeoutMs: TIMEOUT_MS })
  return node
}

const call = (node: LightNode, method: string, ...params: unknown[]) => node.provider.request({ method, params })
const to = (name: string, ...args: unknown[]) => ({ to: contract, data: shelf.abi.encodeFunctionData(name, args) })
const failure = (answer: Promise<unknown>) =>
  answer.then(
    () => undefined,
    ({ code, message, data }) => ({ code, message, data }),
  )

describe('a call of the light node', { timeout: TIMEOUT_MS }, () => {
  test('returns what a full node returns, and no source is asked to execute it', async () => {
    const asked: string[] = []
    const node = await light({
      sources: [
        {
          id: 'watched',
          request(method, params) {
            asked.push(method)
            return chain.request(method, params)
          },
        },
      ],
    })
    const { accounts, genesis } = chain
    for (const transaction of [
      to('follow', 5),
      to('follow', LENGTH + 3),
      to('next', 12),
      to('look', accounts[1]!.address),
      to('look', contract),
      to('look', `0x${'ab'.repeat(20)}`),
      to('ask', contract, 3),
      to('ancestor', 1),
      to('ancestor', 4),
      to('stake', genesis.validators[0]!.address),
      to('write', 7),
      { to: accounts[1]!.address, from: accounts[0]!.address, value: '0x1' },
      { data: shelf.bytecode + shelf.abi.encodeDeploy([2]).slice(2) },
    ])
      for (const block of ['latest', '0x4'])
        expect(await call(node, 'eth_call', transaction, block)).toEqual(
          await chain.request('eth_call', [transaction, block]),
        )
    expect(await call(node, 'eth_call', to('next', 1), 'latest')).not.toBe(`0x${'00'.repeat(32)}`)
    expect(asked.filter((method) => /eth_call|estimate/i.test(method))).toEqual([])
  })

  test('reverts with the reason and the data that a full node gives, and runs out of gas as it does', async () => {
    const node = await light()
    for (const transaction of [
      to('fail', 'not today'),
      { to: CONSENSUS, data: consensus.encodeFunctionData('delegate', [VALIDATOR]), value: '0x1' },
      { ...to('spin'), gas: '0x186a0' },
      { ...to('follow', 5), gas: '0x10' },
      { to: contract, data: '0x12345678' },
    ]) {
      const expected = await failure(chain.request('eth_call', [transaction, 'latest']))
      expect(expected).toBeDefined()
      expect(await failure(call(node, 'eth_call', transaction, 'latest'))).toEqual(expected)
    }
    const reason = await failure(call(node, 'eth_call', to('fail', 'not today'), 'latest'))
    expect(reason).toMatchObject({ code: 3, message: expect.stringContaining('not today') })
    expect(new Interface(['error Error(string)']).parseError(reason!.data)?.args[0]).toBe('not today')
  })

  test('estimates gas as a full node does, so that the transaction succeeds with it', async () => {
    const node = await light()
    const [, , sender] = chain.accounts
    for (const transaction of [
      { ...to('write', 9), from: sender!.address },
      { ...to('follow', 20), from: sender!.address },
      { to: chain.accounts[3]!.address, from: sender!.address, value: '0x5' },
      { from: sender!.address, data: shelf.bytecode + shelf.abi.encodeDeploy([2]).slice(2) },
    ])
      expect(await call(node, 'eth_estimateGas', transaction)).toBe(
        await chain.request('eth_estimateGas', [transaction, 'latest']),
      )
    const tooDear = { to: chain.accounts[3]!.address, from: `0x${'ab'.repeat(20)}`, value: '0x5', data: '0x01' }
    expect(await failure(call(node, 'eth_estimateGas', tooDear))).toEqual(
      await failure(chain.request('eth_estimateGas', [tooDear, 'latest'])),
    )
    expect(await failure(call(node, 'eth_estimateGas', to('fail', 'no')))).toMatchObject({ code: 3 })
  })

  const flip = (hex: string) => hex.slice(0, -1) + (hex.endsWith('0') ? '1' : '0')
  const last = (nodes: string[]) => nodes.map((node, i) => (i === nodes.length - 1 ? flip(node) : node))
  const lies: [string, (method: string, result: any) => any][] = [
    ['an account', (m, r) => (m === 'eth_getProof' ? { ...r, accountProof: last(r.accountProof) } : r)],
    [
      'a slot',
      (m, r) =>
        m === 'eth_getProof'
          ? { ...r, storageProof: r.storageProof.map((one: any) => ({ ...one, proof: last(one.proof) })) }
          : r,
    ],
    [
      'a slot that it leaves out',
      (m, r) => (m === 'eth_getProof' ? { ...r, storageProof: r.storageProof.slice(1) } : r),
    ],
    [
      'another slot',
      (m, r) => (m === 'eth_getProof' ? { ...r, storageProof: r.storageProof.map(() => r.storageProof[0]) } : r),
    ],
    ['the code', (m, r) => (m === 'eth_getCode' ? r.replace(/^0x6080/, '0x6081') : r)],
    ['the hash of an ancestor', (m, r) => (m === 'zos_getHeaders' ? r.map((one: string) => flip(one)) : r)],
  ]
  test.each(lies)(
    'shows nothing of a lie about %s: who told it is banned, and the answer is the true one',
    async (_, change) => {
      for (let attempt = 0; attempt < 10; attempt++) {
        const node = await light({ sources: attempt % 2 === 0 ? [liar(change), source()] : [source(), liar(change)] })
        for (const transaction of [to('follow', 12), to('ancestor', 4)])
          expect(await call(node, 'eth_call', transaction, 'latest')).toEqual(
            await chain.request('eth_call', [transaction, 'latest']),
          )
        const lied = node.status.sources.find(({ id }) => id === 'liar')!
        await node.close()
        if (lied.state === 'banned') return
      }
      throw new Error('the liar was never caught')
    },
  )

  test('with liars alone shows nothing', async () => {
    const node = await light({ sources: [liar(lies[1]![1])] })
    await expect(call(node, 'eth_call', to('follow', 3), 'latest')).rejects.toMatchObject({
      lightCode: 'LIGHT_NO_SOURCE',
    })
  })

  test.each<[string, unknown]>([
    ['nothing', null],
    ['no list', { accessList: 'all' }],
    [
      'what has no form',
      { accessList: [7, null, { address: 'me' }, { address: `0x${'ab'.repeat(20)}`, storageKeys: ['x'] }] },
    ],
    [
      'accounts that nobody needs',
      {
        accessList: Array.from({ length: 2_000 }, (_, i) => ({
          address: `0x${i.toString(16).padStart(40, '0')}`,
          storageKeys: [`0x${'00'.repeat(32)}`],
        })),
      },
    ],
  ])('is not misled by a source that says it will need %s', async (_, hint) => {
    const node = await light({
      sources: [liar((method, result) => (method === 'eth_createAccessList' ? hint : result))],
    })
    expect(await call(node, 'eth_call', to('follow', 6), 'latest')).toEqual(
      await chain.request('eth_call', [to('follow', 6), 'latest']),
    )
    expect(node.status.sources[0]!.state).toBe('good')
  })

  test('ends with a typed error when it needs more than it may look up', async () => {
    const node = await light({
      sources: [liar((method, result) => (method === 'eth_createAccessList' ? { accessList: [] } : result))],
    })
    await expect(call(node, 'eth_call', to('follow', LENGTH), 'latest')).rejects.toMatchObject({
      lightCode: 'LIGHT_UNAVAILABLE',
    })
    await expect(call(node, 'eth_call', to('host'), 'latest')).rejects.toMatchObject({
      lightCode: 'LIGHT_UNVERIFIABLE',
      code: 4200,
    })
  })

  test('is refused where there is no EVM, where it does not load, and with overrides', async () => {
    for (const evm of [false, '/nowhere/light-evm.js', () => Promise.reject(new Error('away'))] as const) {
      const node = await light({ evm })
      for (const method of ['eth_call', 'eth_estimateGas'])
        await expect(call(node, method, to('write', 1))).rejects.toMatchObject({ code: 4200 })
      expect(await call(node, 'eth_estimateGas', { to: chain.accounts[1]!.address })).toBe('0x5208')
    }
    const node = await light()
    await expect(call(node, 'eth_call', to('write', 1), 'latest', {})).rejects.toMatchObject({ code: 4200 })
    await expect(call(node, 'eth_call', { to: '0x1' })).rejects.toMatchObject({ code: -32602 })
    await expect(call(node, 'eth_call', to('write', 1), '0xffffff')).rejects.toMatchObject({
      lightCode: 'LIGHT_UNAVAILABLE',
    })
  })
})
