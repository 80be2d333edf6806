/** The pool's content by JSON-RPC. */

import { decodeTransaction } from '@zos/pipeline/transaction'
import { Wallet } from 'ethers'
import { describe, expect, test } from 'vitest'
import { Mempool } from '../../src/mempool/mempool.ts'
import type { RpcContext } from '../../src/rpc/context.ts'
import { txpoolMethods } from '../../src/rpc/methods/txpool.ts'
import { EMPTY_ACCOUNT } from '../../src/state/account.ts'

const wallet = new Wallet(`0x${'11'.repeat(32)}`)
const other = new Wallet(`0x${'22'.repeat(32)}`)
const mempool = new Mempool(() => ({
  account: () => ({ ...EMPTY_ACCOUNT, balance: 10n ** 20n }),
  nextBaseFee: 7n,
  blockGasLimit: 30_000_000n,
}))
const context = { mempool } as unknown as RpcContext
const told = (method: string, ...params: unknown[]): any => txpoolMethods[method]!(params, context)

async function add(from: Wallet, nonce: number): Promise<void> {
  const raw = await from.signTransaction({
    chainId: 1,
    nonce,
    to: other.address,
    value: 1,
    gasLimit: 21_000,
    gasPrice: 9,
  })
  const decoded = decodeTransaction(Buffer.from(raw.slice(2), 'hex'))
  if (decoded.status !== 'ok') throw new Error(decoded.reason)
  const hash = `0x${Buffer.from(decoded.tx.hash).toString('hex')}` as const
  expect(mempool.add({ tx: decoded.tx, hash, sender: from.address.toLowerCase() as `0x${string}` })).toBeUndefined()
}

describe('the content of the pool', () => {
  test('is told by sender and nonce, apart what can go and what waits for an earlier one', async () => {
    for (const nonce of [1, 0, 5]) await add(wallet, nonce)
    await add(other, 0)
    const { pending, queued } = told('txpool_content')
    expect(Object.keys(pending).sort()).toEqual([other.address, wallet.address].sort())
    expect(Object.keys(pending[wallet.address])).toEqual(['0', '1'])
    expect(Object.keys(queued)).toEqual([wallet.address])
    expect(queued[wallet.address]['5']).toMatchObject({
      nonce: '0x5',
      blockHash: null,
      from: wallet.address.toLowerCase(),
    })
    expect(told('txpool_inspect').pending[other.address]).toEqual({
      '0': `${other.address}: 1 wei + 21000 gas × 9 wei`,
    })
    expect(told('txpool_contentFrom', other.address)).toEqual({ pending: pending[other.address], queued: {} })
    expect(told('txpool_contentFrom', `0x${'00'.repeat(20)}`)).toEqual({ pending: {}, queued: {} })
    expect(told('txpool_status')).toEqual({ pending: '0x3', queued: '0x1' })
  })
})
