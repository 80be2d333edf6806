import { Wallet } from 'ethers'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeNativeTransfer, encodeNativeTransfer, signNativeTransfer } from '../../src/native/index.ts'
import { createVerifier } from '../../src/verify/index.ts'

const verifier = createVerifier()
const seed = Number(process.env.ZOS_SEED ?? 20_261_123)

test("a transfer made with an ethers wallet verifies, and its key belongs to the wallet's address, whatever the parity", () => {
  for (let i = 1; i < 9; i++) {
    const wallet = new Wallet(`0x${i.toString(16).padStart(64, '0')}`)
    const raw = signNativeTransfer(
      { chainId: 7n, nonce: 3n, amount: 10n ** 18n, fee: 5n, to: new Uint8Array(20).fill(9) },
      wallet,
    )
    const decoded = decodeNativeTransfer(raw, { chainId: 7n })
    if (decoded.status !== 'ok') throw new Error(decoded.reason)
    const { tx } = decoded
    expect(tx).toMatchObject({ chainId: 7n, nonce: 3n, amount: 10n ** 18n, fee: 5n, validUntil: 0 })
    const [key] = verifier.liftMany([{ x: tx.publicKey, yParity: tx.yParity }])
    expect(`0x${Buffer.from(key!.address).toString('hex')}`).toBe(wallet.address.toLowerCase())
    const item = { publicKey: tx.publicKey, message: tx.id, signature: tx.signature }
    expect(verifier.verifyMany('bip340', [item])).toEqual([true])
    for (const at of [2, 4, 8, 16, 24, 40, 56, 80, 112, 175]) {
      const changed = decodeNativeTransfer(raw.with(at, raw[at]! ^ 1))
      if (changed.status !== 'ok') continue
      const { publicKey, id: message, signature } = changed.tx
      expect(verifier.verifyMany('bip340', [{ publicKey, message, signature }])).toEqual([false])
    }
  }
})

test('every value has one encoding and comes back', () => {
  const word = (bits: bigint) => fc.bigInt({ min: 0n, max: (1n << bits) - 1n })
  const bytes = (n: number) => fc.uint8Array({ minLength: n, maxLength: n })
  fc.assert(
    fc.property(
      fc.record({
        chainId: word(64n),
        nonce: word(64n),
        amount: word(128n),
        fee: word(128n),
        to: bytes(20),
        validUntil: fc.nat(0xffffffff),
      }),
      bytes(32),
      fc.constantFrom(0 as const, 1 as const),
      (fields, key, parity) => {
        const raw = encodeNativeTransfer(fields, key, parity)
        const decoded = decodeNativeTransfer(raw)
        if (decoded.status !== 'ok') throw new Error(decoded.reason)
        expect(decoded.tx).toMatchObject({ ...fields, publicKey: key, yParity: parity })
        expect(encodeNativeTransfer(decoded.tx, decoded.tx.publicKey, decoded.tx.yParity)).toEqual(raw)
      },
    ),
    { seed, numRuns: 200 },
  )
})

test('refuses other lengths, types, reserved bytes and chains', () => {
  const raw = encodeNativeTransfer(
    { chainId: 1n, nonce: 0n, amount: 0n, fee: 0n, to: new Uint8Array(20) },
    new Uint8Array(32),
    0,
  )
  const verdict = (bytes: Uint8Array, options = {}) => {
    const result = decodeNativeTransfer(bytes, options)
    return result.status === 'ok' ? 'ok' : result.code
  }
  expect(verdict(raw.subarray(1))).toBe('length')
  expect(verdict(raw.with(0, 2))).toBe('type')
  expect(verdict(raw.with(1, 2))).toBe('type')
  for (const at of [2, 3, 76, 79]) expect(verdict(raw.with(at, 2))).toBe('reserved')
  expect(verdict(raw, { chainId: 2n })).toBe('chain-mismatch')
  expect(() =>
    encodeNativeTransfer(
      { chainId: 1n << 64n, nonce: 0n, amount: 0n, fee: 0n, to: new Uint8Array(20) },
      new Uint8Array(32),
      0,
    ),
  ).toThrow(expect.objectContaining({ code: 'PIPELINE_INVALID_ARGUMENT' }))
})
