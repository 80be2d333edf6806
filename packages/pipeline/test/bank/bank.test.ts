import { expect, test } from 'vitest'
import { Accounts, Bank, type Transfer } from '../../src/bank/index.ts'
import { random } from '../random.ts'

const who = (n: number) => new Uint8Array(20).fill(n)
const send = (from: number, to: number, nonce: number, amount: number, fee = 0): Transfer => ({
  from: who(from),
  to: who(to),
  nonce: BigInt(nonce),
  amount: BigInt(amount),
  fee: BigInt(fee),
})

test('a transfer moves money and the nonce, and every refusal changes nothing', () => {
  const bank = new Bank(new Accounts(), { feeCollector: who(9) })
  bank.accounts.set(who(1), { nonce: 0n, balance: 100n })
  expect(bank.apply(send(1, 2, 0, 30, 5))).toBe('ok')
  expect(bank.accounts.get(who(1))).toEqual({ nonce: 1n, balance: 65n })
  expect(bank.accounts.get(who(2))).toEqual({ nonce: 0n, balance: 30n })
  expect(bank.accounts.get(who(9))).toEqual({ nonce: 0n, balance: 5n })
  const before = bank.accounts.digest()
  expect(bank.apply(send(1, 2, 0, 1))).toBe('nonce-used')
  expect(bank.apply(send(1, 2, 2, 1))).toBe('nonce-gap')
  expect(bank.apply(send(1, 2, 1, 65, 1))).toBe('insufficient-funds')
  expect(bank.apply(send(7, 2, 0, 1))).toBe('insufficient-funds')
  expect(bank.apply({ ...send(1, 2, 1, 1), validUntil: 5 }, 6)).toBe('expired')
  bank.accounts.set(who(3), { nonce: 0n, balance: (1n << 128n) - 1n })
  expect(bank.apply(send(1, 3, 1, 1))).toBe('overflow')
  bank.accounts.set(who(3), { nonce: 0n, balance: 0n })
  const again = new Bank()
  for (const [address, state] of bank.accounts.entries()) if (address[0] !== 3) again.accounts.set(address, state)
  expect(again.accounts.digest()).toEqual(before)
  expect(bank.apply(send(1, 1, 1, 65))).toBe('ok') // to oneself
  expect(bank.accounts.get(who(1))).toEqual({ nonce: 2n, balance: 65n })
})

test('against a plain model over random transfers, and growing from the smallest table', () => {
  const { below, bytes, seed } = random()
  const bank = new Bank(new Accounts(1))
  const model = new Map<string, { nonce: bigint; balance: bigint }>()
  const addresses = Array.from({ length: 300 }, () => bytes(20))
  const key = (a: Uint8Array) => Buffer.from(a).toString('hex')
  for (const address of addresses.slice(0, 50)) {
    bank.accounts.set(address, { nonce: 0n, balance: 10n ** 24n })
    model.set(key(address), { nonce: 0n, balance: 10n ** 24n })
  }
  for (let i = 0; i < 5000; i++) {
    const from = addresses[below(300)]!
    const to = addresses[below(300)]!
    const state = model.get(key(from)) ?? { nonce: 0n, balance: 0n }
    const nonce = state.nonce + BigInt(below(12) === 0 ? 1 : 0)
    const amount = (10n ** 24n * BigInt(below(1000))) / 3000n
    const expected = nonce !== state.nonce ? 'nonce-gap' : amount > state.balance ? 'insufficient-funds' : 'ok'
    expect(bank.apply({ from, to, nonce, amount, fee: 0n }), `seed ${seed}, ${i}`).toBe(expected)
    if (expected !== 'ok') continue
    model.set(key(from), { nonce: nonce + 1n, balance: state.balance - amount })
    if (amount > 0n) {
      const target = model.get(key(to)) ?? { nonce: 0n, balance: 0n }
      model.set(key(to), { ...target, balance: target.balance + amount })
    }
  }
  expect(bank.accounts.count).toBe(model.size)
  for (const [address, state] of bank.accounts.entries()) expect(state).toEqual(model.get(key(address)))
  const sorted = [...bank.accounts.entries()].map(([address]) => key(address))
  expect(sorted).toEqual([...sorted].sort())
})
