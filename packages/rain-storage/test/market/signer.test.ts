/** The signer beside ethers, and what it does with nodes that are not as they should be. */
import { keccak_256 } from '@noble/hashes/sha3.js'
import { Transaction, Wallet } from 'ethers'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Hex, hexOf } from '../../src/market/abi.ts'
import { accountOf, createRpcProvider, createSigner, type Eip1193Port } from '../../src/market/index.ts'
import { signTransaction } from '../../src/market/signer.ts'

const secretKey = new Uint8Array(32).fill(7)
const account = accountOf(secretKey)
const TO: Hex = `0x${'b2'.repeat(20)}`

describe('a signed transaction', () => {
  const quantity = fc.bigInt({ min: 0n, max: (1n << 128n) - 1n })
  const small = fc.bigInt({ min: 0n, max: (1n << 53n) - 1n })
  test('is the one that ethers makes', async () => {
    const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
    const key = bytes(32).filter((one) => one.some((byte) => byte > 0) && one[0]! < 255)
    await fc.assert(
      fc.asyncProperty(
        key,
        fc.record({
          chainId: small,
          nonce: small,
          maxPriorityFeePerGas: quantity,
          maxFeePerGas: quantity,
          gas: small,
          to: bytes(20).map(hexOf),
          value: quantity,
          data: fc.uint8Array({ maxLength: 300 }).map(hexOf),
        }),
        async (secret, given) => {
          // ethers takes no priority fee above the whole fee.
          const [tip, fee] = [given.maxPriorityFeePerGas, given.maxFeePerGas].sort((a, b) => (a < b ? -1 : 1))
          const transaction = { ...given, maxPriorityFeePerGas: tip!, maxFeePerGas: fee! }
          const wallet = new Wallet(hexOf(secret))
          const { gas, ...rest } = transaction
          expect(accountOf(secret)).toBe(wallet.address.toLowerCase())
          expect(signTransaction(transaction, secret)).toBe(
            await wallet.signTransaction({ ...rest, nonce: Number(rest.nonce), gasLimit: gas, type: 2 }),
          )
        },
      ),
      { numRuns: 100 },
    )
  })

  test('comes from no key that is none', () => {
    for (const key of [new Uint8Array(32), new Uint8Array(32).fill(255), new Uint8Array(31).fill(1)])
      expect(() => accountOf(key)).toThrow(expect.objectContaining({ code: 'STORAGE_INVALID_ARGUMENT' }))
  })
})

/** A node that notes what it is sent. */
function createNode(answers: Record<string, unknown> = {}) {
  const sent: Transaction[] = []
  const node: Record<string, unknown> = {
    eth_chainId: '0x5',
    eth_getBlockByNumber: { baseFeePerGas: '0x64' },
    eth_maxPriorityFeePerGas: '0x3',
    eth_estimateGas: '0x3e8',
    ...answers,
  }
  const provider: Eip1193Port = {
    async request({ method, params = [] }) {
      if (method === 'eth_getTransactionCount') {
        const count = sent.length
        await new Promise((resolve) => setTimeout(resolve, 1))
        return `0x${count.toString(16)}`
      }
      if (method !== 'eth_sendRawTransaction') return node[method] ?? `${method}(${params})`
      sent.push(Transaction.from(String(params[0])))
      return hexOf(keccak_256(new Uint8Array(0)))
    },
  }
  return { provider, sent }
}

describe('a signer', () => {
  const call = { from: account, to: TO, data: '0x1234', value: '0x9' }
  const send = (port: Eip1193Port, given: object = call) =>
    port.request({ method: 'eth_sendTransaction', params: [given] })

  test('sends what it is asked to with the fees of the node and room for gas, and passes all else on', async () => {
    const { provider, sent } = createNode()
    const signer = createSigner({ provider, secretKey, chainId: 5n })
    expect(await signer.request({ method: 'eth_accounts' })).toEqual([account])
    expect(await signer.request({ method: 'eth_other', params: [1, 2] })).toBe('eth_other(1,2)')
    await send(signer)
    await send(signer, { ...call, gas: '0x64', data: undefined, value: undefined })
    expect(sent[0]!.toJSON()).toMatchObject({ chainId: '5', nonce: 0, gasLimit: '1250', value: '9', data: '0x1234' })
    expect(sent[0]).toMatchObject({ maxPriorityFeePerGas: 3n, maxFeePerGas: 203n })
    expect(sent[0]!.from!.toLowerCase()).toBe(account)
    expect(sent[1]!.toJSON()).toMatchObject({ nonce: 1, gasLimit: '100', value: '0', data: '0x' })
  })

  test('gives transactions that are sent at once nonces one after the other, also behind one that fails', async () => {
    const { provider, sent } = createNode()
    const signer = createSigner({ provider, secretKey, chainId: 5n })
    const failing = send(signer, { ...call, value: 'nothing' })
    await Promise.all([expect(failing).rejects.toThrow(), ...Array.from({ length: 5 }, () => send(signer))])
    expect(sent.map(({ nonce }) => nonce)).toEqual([0, 1, 2, 3, 4])
  })

  test('signs nothing for another chain or another account', async () => {
    const { provider, sent } = createNode({ eth_chainId: '0x6' })
    await expect(send(createSigner({ provider, secretKey, chainId: 5n }))).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
    })
    const signer = createSigner({ provider, secretKey, chainId: 6n })
    await expect(send(signer, { ...call, from: TO })).rejects.toMatchObject({ code: 'STORAGE_INVALID_ARGUMENT' })
    expect(sent).toEqual([])
  })
})

describe('JSON-RPC', () => {
  const answering = (body: string, status = 200) =>
    createRpcProvider({ url: 'http://node.example/', fetch: async () => new Response(body, { status }) })
  const ask = (port: Eip1193Port) => port.request({ method: 'eth_call', params: [1] })

  test('gives results, also null, and errors with their code and data whatever the status', async () => {
    const asked: unknown[] = []
    const provider = createRpcProvider({
      url: 'http://node.example/',
      async fetch(url, { body, method }) {
        asked.push([url, method, JSON.parse(new TextDecoder().decode(body as Uint8Array))])
        return Response.json({ result: null })
      },
    })
    expect(await ask(provider)).toBe(null)
    expect(asked).toEqual([
      ['http://node.example/', 'POST', { jsonrpc: '2.0', id: 1, method: 'eth_call', params: [1] }],
    ])
    const error = { code: 3, message: 'execution reverted', data: '0x12345678' }
    for (const status of [200, 400])
      await expect(ask(answering(JSON.stringify({ error }), status))).rejects.toMatchObject(error)
  })

  test('says when there is no node', async () => {
    for (const port of [answering('<html>', 502), answering('{}'), answering('not json')])
      await expect(ask(port)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
    const dead = createRpcProvider({
      url: 'http://node.example/',
      fetch: () => Promise.reject(new TypeError('refused')),
    })
    await expect(ask(dead)).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
      message: 'http://node.example does not answer',
    })
    for (const url of ['node.example', 'ws://node.example', 'file:///etc/passwd'])
      expect(() => createRpcProvider({ url, fetch })).toThrow(
        expect.objectContaining({ code: 'STORAGE_INVALID_ARGUMENT' }),
      )
  })
})
