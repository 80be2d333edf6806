import { beforeEach, describe, expect, test } from 'vitest'
import { Mempool, Rejection } from '../../src/mempool/mempool.ts'
import { type AccountState, type AddressHex, EMPTY_ACCOUNT } from '../../src/state/account.ts'
import { accounts, signed } from '../sign.ts'

const LIMITS = { maxBytes: 1_000_000, maxGas: 150_000_000n, block: 0, epoch: 0 }
let state: Map<AddressHex, AccountState>
let pool: Mempool

beforeEach(() => {
  state = new Map(accounts.map(({ address }) => [address, { ...EMPTY_ACCOUNT, balance: 10n ** 18n }]))
  pool = new Mempool(() => ({
    account: (address) => state.get(address),
    nextBaseFee: 10n ** 9n,
    blockGasLimit: 150_000_000n,
  }))
})

const nonces = (taken: { tx: { nonce: bigint } }[]) => taken.map(({ tx }) => Number(tx.nonce))

describe('the mempool', () => {
  test('hands out each sender in nonce order and nothing behind a gap', async () => {
    for (const nonce of [2, 0, 4, 1]) expect(pool.add(await signed(0, { nonce }))).toBeUndefined()
    expect(pool.counts()).toEqual({ pending: 3, queued: 1 })
    expect(nonces(pool.take(LIMITS))).toEqual([0, 1, 2])
    expect(pool.take(LIMITS)).toEqual([])
    pool.add(await signed(0, { nonce: 3 }))
    expect(nonces(pool.take(LIMITS))).toEqual([3, 4])
    expect(pool.pendingNonce(accounts[0]!.address)).toBe(5n)
  })

  test('stops at the size and gas of a unit', async () => {
    for (let nonce = 0; nonce < 5; nonce++) pool.add(await signed(0, { nonce }))
    expect(pool.take({ ...LIMITS, maxGas: 42_000n })).toHaveLength(2)
    expect(pool.take({ ...LIMITS, maxBytes: 1 })).toHaveLength(1)
    expect(pool.take(LIMITS)).toHaveLength(2)
  })

  test('replaces a waiting transaction for ten percent more, and only then', async () => {
    pool.add(await signed(0, { nonce: 0, value: 1n }))
    const cheap = pool.add(
      await signed(0, {
        nonce: 0,
        value: 2n,
        maxFeePerGas: (10n ** 10n * 109n) / 100n,
        maxPriorityFeePerGas: 2n * 10n ** 9n,
      }),
    )
    expect(cheap).toBeInstanceOf(Rejection)
    expect(
      pool.add(
        await signed(0, {
          nonce: 0,
          value: 3n,
          maxFeePerGas: (10n ** 10n * 11n) / 10n,
          maxPriorityFeePerGas: 2n * 10n ** 9n,
        }),
      ),
    ).toBeUndefined()
    expect(pool.take(LIMITS).map(({ tx }) => tx.value)).toEqual([3n])
    expect(pool.size).toBe(1)
    expect(
      pool.add(
        await signed(0, { nonce: 0, value: 4n, maxFeePerGas: 2n * 10n ** 10n, maxPriorityFeePerGas: 2n * 10n ** 10n }),
      )?.message,
    ).toContain('already used')
  })

  test('holds no more bytes of one sender, and of all, than it has memory for', async () => {
    const raw = new Uint8Array(120_000)
    const own = accounts[0]!.address
    const template = await signed(0, { nonce: 0 })
    const from = (sender: AddressHex, nonce: number) => ({
      ...template,
      tx: { ...template.tx, raw, nonce: BigInt(nonce) },
      hash: `0x${`${sender.slice(10)}${nonce.toString(16).padStart(8, '0')}`.padEnd(64, '0')}` as const,
      sender,
    })
    const fill = (sender: AddressHex) => {
      state.set(sender, { ...EMPTY_ACCOUNT, balance: 10n ** 24n })
      for (let nonce = 0; ; nonce++) {
        const refused = pool.add(from(sender, nonce))
        if (refused) return { count: nonce, refused }
      }
    }
    const { count, refused } = fill(own)
    expect(refused).toMatchObject({ code: 'busy', message: expect.stringContaining('account limit') })
    expect(count * 120_000).toBeLessThan(16 * 1024 * 1024)
    const strangers = Array.from({ length: 17 }, (_, i) => fill(`0x${i.toString(16).padStart(40, 'a')}`))
    expect(strangers.at(-1)!.refused).toMatchObject({ code: 'busy', message: 'txpool is full' })
    expect(pool.size * 120_000).toBeLessThan(256 * 1024 * 1024)
    // What a block took makes room.
    const [next] = pool.take({ ...LIMITS, maxBytes: 1, maxGas: 150_000_000n })
    state.set(next!.sender, { ...state.get(next!.sender)!, nonce: 1n })
    pool.settle(1, [next!], [])
    expect(pool.add(from(own, count))).toBeUndefined()
  })

  test('counts what a sender already owes', async () => {
    state.set(accounts[0]!.address, { ...EMPTY_ACCOUNT, balance: 21_000n * 10n ** 10n * 2n })
    expect(pool.add(await signed(0, { nonce: 0 }))).toBeUndefined()
    expect(pool.add(await signed(0, { nonce: 1 }))).toBeUndefined()
    expect(pool.add(await signed(0, { nonce: 2 }))?.message).toContain('insufficient funds')
  })

  test('forgets what a block took and offers again what it had no room for', async () => {
    const [first, second, third] = await Promise.all([0, 1, 2].map((nonce) => signed(0, { nonce })))
    for (const transaction of [first!, second!, third!]) pool.add(transaction)
    pool.take(LIMITS)
    state.set(accounts[0]!.address, { ...EMPTY_ACCOUNT, balance: 10n ** 18n, nonce: 1n })
    pool.settle(
      1,
      [first!],
      [
        { hash: second!.hash, reason: 'block-full' },
        { hash: third!.hash, reason: 'nonce-too-high' },
      ],
    )
    expect(pool.size).toBe(2)
    expect(nonces(pool.take(LIMITS))).toEqual([1, 2])
  })

  test('forgets a proposed transaction that another one of the same nonce overtook', async () => {
    const mine = await signed(0, { nonce: 0 })
    pool.add(mine)
    pool.take(LIMITS)
    state.set(accounts[0]!.address, { ...EMPTY_ACCOUNT, balance: 10n ** 18n, nonce: 1n })
    pool.settle(1, [await signed(0, { nonce: 0, value: 9n })], [{ hash: mine.hash, reason: 'nonce-too-low' }])
    expect(pool.size).toBe(0)
    expect(pool.add(await signed(0, { nonce: 1 }))).toBeUndefined()
    expect(nonces(pool.take(LIMITS))).toEqual([1])
  })

  test('bounds what one sender can leave behind a gap', async () => {
    expect(pool.add(await signed(0, { nonce: 64 }))).toBeUndefined()
    expect(pool.add(await signed(0, { nonce: 65 }))?.message).toContain('nonce too high')
  })
})
