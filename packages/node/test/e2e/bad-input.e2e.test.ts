import { connect } from 'node:net'
import { bytesToHex } from '@ethereumjs/util'
import { type Devnet, startDevnet } from '@zos/node/devnet'
import { parseEther, Transaction, type TransactionRequest, Wallet } from 'ethers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { rpc } from './wait.ts'

let devnet: Devnet
let wallet: Wallet

beforeAll(async () => {
  devnet = await startDevnet({ port: 0, validators: 1, roundIntervalMs: 50 })
  wallet = new Wallet(bytesToHex(devnet.accounts[3]!.privateKey))
})

afterAll(() => devnet?.stop())

async function post(body: string): Promise<{ status: number; answer: any }> {
  const response = await fetch(devnet.rpcUrl, { method: 'POST', body })
  const text = await response.text()
  return { status: response.status, answer: text === '' ? undefined : JSON.parse(text) }
}

async function send(fields: TransactionRequest): Promise<string> {
  const transaction = {
    type: 2,
    chainId: devnet.genesis.chainId,
    nonce: 0,
    to: wallet.address,
    value: 1n,
    gasLimit: 21_000n,
    maxFeePerGas: 10n ** 10n,
    maxPriorityFeePerGas: 1n,
    ...fields,
  }
  return rpc(devnet.rpcUrl, 'eth_sendRawTransaction', await wallet.signTransaction(transaction))
}

describe('JSON-RPC errors that Ethereum clients know', () => {
  test('malformed JSON, requests and batches', async () => {
    expect((await post('{')).answer.error.code).toBe(-32700)
    expect((await post('{"id":1}')).answer.error.code).toBe(-32600)
    expect((await post('[]')).answer.error.code).toBe(-32600)
    expect((await post('[1]')).answer[0].error.code).toBe(-32600)
    expect((await post('{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":{"a":1}}')).answer.error.code).toBe(
      -32600,
    )
    expect((await post('{"jsonrpc":"2.0","method":"eth_chainId"}')).answer).toBeUndefined()
    const calls = Array.from({ length: 1_001 }, (_, id) => ({ jsonrpc: '2.0', id, method: 'eth_chainId', params: [] }))
    expect((await post(JSON.stringify(calls))).answer.error.code).toBe(-32005)
  })

  test('unknown methods and wrong parameters', async () => {
    await expect(rpc(devnet.rpcUrl, 'eth_noSuchMethod')).rejects.toMatchObject({ code: -32601 })
    await expect(rpc(devnet.rpcUrl, 'constructor')).rejects.toMatchObject({ code: -32601 })
    for (const [method, ...params] of [
      ['eth_getBalance', '0x12', 'latest'],
      ['eth_getBalance', `0x${'00'.repeat(20)}`, 'newest'],
      ['eth_getBlockByNumber', '0x01', false],
      ['eth_getTransactionReceipt', '0x'],
      ['eth_call', 7],
      ['eth_sendRawTransaction', '0xzz'],
      ['eth_getLogs', { topics: 'x' }],
      ['eth_feeHistory', '0x0', 'latest', []],
    ] as [string, ...unknown[]][]) {
      await expect(rpc(devnet.rpcUrl, method, ...params), `${method} ${JSON.stringify(params)}`).rejects.toMatchObject({
        code: -32602,
      })
    }
  })

  test('a body that is too large is refused before it is read', async () => {
    const { port } = new URL(devnet.rpcUrl)
    const status = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), '127.0.0.1', () =>
        socket.write(`POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 999999999\r\n\r\n`),
      )
      socket.on('data', (data) => {
        resolve(String(data).split('\r\n')[0]!)
        socket.destroy()
      })
      socket.on('error', reject)
    })
    expect(status).toContain('413')
    expect((await post('x'.repeat(6 * 1024 * 1024)).catch(() => ({ status: 413 }))).status).toBe(413)
  })

  test('transactions that cannot be taken', async () => {
    const code = -32000
    const other = Transaction.from(
      await wallet.signTransaction({
        type: 2,
        chainId: 1,
        nonce: 0,
        to: wallet.address,
        gasLimit: 21_000n,
        maxFeePerGas: 10n ** 10n,
        maxPriorityFeePerGas: 1n,
      }),
    )
    await expect(rpc(devnet.rpcUrl, 'eth_sendRawTransaction', other.serialized)).rejects.toMatchObject({
      code,
      message: expect.stringContaining('invalid chain id'),
    })
    await expect(rpc(devnet.rpcUrl, 'eth_sendRawTransaction', '0x02c0')).rejects.toMatchObject({ code })
    await expect(send({ maxFeePerGas: 1n })).rejects.toMatchObject({
      code,
      message: expect.stringContaining('max fee per gas less than block base fee'),
    })
    await expect(send({ gasLimit: 20_000n })).rejects.toMatchObject({
      code,
      message: expect.stringContaining('intrinsic gas too low'),
    })
    await expect(send({ gasLimit: 20_000_000n })).rejects.toMatchObject({
      code,
      message: expect.stringContaining('gas limit too high'),
    })
    await expect(send({ value: parseEther('20000') })).rejects.toMatchObject({
      code,
      message: expect.stringContaining('insufficient funds'),
    })
    await expect(send({ nonce: 1_000 })).rejects.toMatchObject({
      code,
      message: expect.stringContaining('nonce too high'),
    })
    await send({ nonce: 5 }) // a small gap waits
    await expect(send({ nonce: 5 })).rejects.toMatchObject({ code, message: 'already known' })
    await expect(send({ nonce: 5, value: 2n })).rejects.toMatchObject({
      code,
      message: expect.stringContaining('underpriced'),
    })
    expect(BigInt(await rpc(devnet.rpcUrl, 'eth_getTransactionCount', wallet.address, 'pending'))).toBe(0n)
    const hash = await send({ nonce: 0 })
    while ((await rpc(devnet.rpcUrl, 'eth_getTransactionReceipt', hash)) === null)
      await new Promise((resolve) => setTimeout(resolve, 50))
    await expect(send({ nonce: 0, value: 3n })).rejects.toMatchObject({
      code,
      message: expect.stringContaining('nonce too low'),
    })
    const tampered = Transaction.from(
      await wallet.signTransaction({
        type: 2,
        chainId: devnet.genesis.chainId,
        nonce: 1,
        to: wallet.address,
        gasLimit: 21_000n,
        maxFeePerGas: 10n ** 10n,
        maxPriorityFeePerGas: 1n,
      }),
    )
    tampered.value = 5n // the signature now recovers to somebody without funds
    await expect(rpc(devnet.rpcUrl, 'eth_sendRawTransaction', tampered.serialized)).rejects.toMatchObject({ code })
  })

  test('a WebSocket with garbage stays open and answers', async () => {
    const socket = new WebSocket(devnet.rpcUrl.replace('http', 'ws'))
    await new Promise((resolve) => socket.once('open', resolve))
    const answer = new Promise((resolve) => socket.once('message', (data) => resolve(JSON.parse(String(data)))))
    socket.send('not json')
    expect(await answer).toMatchObject({ error: { code: -32700 } })
    socket.close()
  })
})
