import { Transaction as EthersTransaction, type Signature, Wallet } from 'ethers'
import fc from 'fast-check'
import { bytesToHex, type Hex, hexToBytes, type TransactionSerializable } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { describe, expect, test } from 'vitest'
import { decodeTransaction, type Transaction } from '../../src/transaction/index.ts'
import { createVerifier } from '../../src/verify/index.ts'

const KEY: Hex = '0x4646464646464646464646464646464646464646464646464646464646464646'
const account = privateKeyToAccount(KEY)
const verifier = createVerifier()
const seed = Number(process.env.ZOS_SEED ?? 20260911)

function decoded(raw: Hex | string): Transaction {
  const result = decodeTransaction(hexToBytes(raw as Hex))
  if (result.status !== 'ok') throw new Error(`${result.code}: ${result.reason}`)
  return result.tx
}

/** Every field as viem sees it, with the sender recovered. */
function compare(raw: Hex) {
  const theirs = EthersTransaction.from(raw)
  const ours = decoded(raw)
  expect(bytesToHex(ours.hash)).toBe(theirs.hash)
  expect(bytesToHex(ours.signingHash)).toBe(theirs.unsignedHash)
  expect(ours.type).toBe(theirs.type)
  expect(ours.chainId ?? 0n).toBe(theirs.chainId)
  expect(ours.nonce).toBe(BigInt(theirs.nonce))
  expect(ours.gasLimit).toBe(theirs.gasLimit)
  expect(ours.maxFeePerGas).toBe(theirs.maxFeePerGas ?? theirs.gasPrice)
  expect(ours.maxPriorityFeePerGas).toBe(theirs.maxPriorityFeePerGas ?? theirs.gasPrice)
  expect(ours.to && bytesToHex(ours.to)).toBe(theirs.to?.toLowerCase())
  expect(ours.value).toBe(theirs.value)
  expect(bytesToHex(ours.data)).toBe(theirs.data)
  expect(
    ours.accessList.map((entry) => ({
      address: bytesToHex(entry.address),
      storageKeys: entry.storageKeys.map((key) => bytesToHex(key)),
    })),
  ).toEqual((theirs.accessList ?? []).map((entry) => ({ ...entry, address: entry.address.toLowerCase() })))
  const signature = theirs.signature as Signature
  expect(ours.signature).toEqual({ r: BigInt(signature.r), s: BigInt(signature.s), yParity: signature.yParity })
}

test('reads the example of EIP-155 and finds its sender', () => {
  const raw =
    '0xf86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a76400008025a028ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276a067cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83'
  const tx = decoded(raw)
  expect(tx).toMatchObject({ type: 0, chainId: 1n, nonce: 9n, gasLimit: 21000n, value: 10n ** 18n })
  expect(bytesToHex(tx.signingHash)).toBe('0xdaf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53')
  const [sender] = verifier.recoverMany([{ hash: tx.signingHash, ...tx.signature }])
  expect(sender && bytesToHex(sender)).toBe('0x9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f')
})

test('agrees with ethers on random transactions of every type', async () => {
  const amount = fc.bigInt({ min: 0n, max: 1n << 120n })
  const hex = (bytes: number) => fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((b) => bytesToHex(b))
  const common = {
    nonce: fc.nat(2 ** 31),
    gas: fc.bigInt({ min: 0n, max: 30_000_000n }),
    to: fc.option(hex(20), { nil: undefined }),
    value: amount,
    data: fc.uint8Array({ maxLength: 300 }).map((b) => bytesToHex(b)),
  }
  const accessList = fc.array(fc.record({ address: hex(20), storageKeys: fc.array(hex(32), { maxLength: 3 }) }), {
    maxLength: 3,
  })
  const chainId = fc.integer({ min: 1, max: 2 ** 31 })
  const fees = fc.tuple(amount, amount).map(([a, b]) => (a < b ? [a, b] : [b, a]) as [bigint, bigint])
  const transaction = fc.oneof(
    fc.record({ type: fc.constant('legacy'), gasPrice: amount, ...common }),
    fc.record({ type: fc.constant('legacy'), gasPrice: amount, chainId, ...common }),
    fc.record({ type: fc.constant('eip2930'), gasPrice: amount, chainId, accessList, ...common }),
    fc
      .tuple(fees, fc.record({ type: fc.constant('eip1559'), chainId, accessList, ...common }))
      .map(([[maxPriorityFeePerGas, maxFeePerGas], tx]) => ({ ...tx, maxPriorityFeePerGas, maxFeePerGas })),
  )
  await fc.assert(
    fc.asyncProperty(transaction, async (tx) => compare(await account.signTransaction(tx as TransactionSerializable))),
    { seed, numRuns: 60 },
  )
})

test('agrees with ethers on a set-code transaction (EIP-7702)', async () => {
  const wallet = new Wallet(KEY)
  const authorization = wallet.authorizeSync({ address: account.address, nonce: 3, chainId: 7 })
  const raw = (await wallet.signTransaction({
    type: 4,
    chainId: 7,
    nonce: 2,
    gasLimit: 100_000,
    maxFeePerGas: 10n,
    maxPriorityFeePerGas: 1n,
    to: account.address,
    authorizationList: [authorization],
  })) as Hex
  compare(raw)
  const [entry] = decoded(raw).authorizationList
  expect(entry).toMatchObject({ chainId: 7n, nonce: 3n, r: BigInt(authorization.signature.r) })
})

describe('refuses', () => {
  const transfer = () =>
    account.signTransaction({
      type: 'eip1559',
      chainId: 7,
      nonce: 1,
      gas: 21_000n,
      maxFeePerGas: 10n,
      maxPriorityFeePerGas: 1n,
      to: account.address,
      value: 5n,
    })
  const verdict = (raw: Uint8Array, options = {}) => {
    const result = decodeTransaction(raw, options)
    return result.status === 'ok' ? 'ok' : result.code
  }
  /** Minimal RLP writer that also writes what it should not. */
  const str = (...bytes: number[]) => [0x80 + bytes.length, ...bytes]
  const list = (...items: number[][]) => {
    const flat = items.flat()
    return flat.length < 56 ? [0xc0 + flat.length, ...flat] : [0xf8, flat.length, ...flat]
  }
  const bytes32 = (last: number) => str(...Array(31).fill(1), last)
  const legacy = (over: Record<string, number[]> = {}) =>
    Uint8Array.from(
      list(
        ...Object.values({
          nonce: [5],
          gasPrice: [9],
          gas: str(0x52, 0x08),
          to: str(...Array(20).fill(3)),
          value: [1],
          data: [0x80],
          v: [27],
          r: bytes32(1),
          s: bytes32(2),
          ...over,
        }),
      ),
    )

  test('nothing, too much, unknown types and blobs', () => {
    expect(verdict(legacy())).toBe('ok')
    expect(verdict(new Uint8Array(0))).toBe('empty')
    expect(verdict(new Uint8Array(128 * 1024 + 1))).toBe('too-large')
    expect(verdict(Uint8Array.of(3, 0xc0))).toBe('blob-unsupported')
    expect(verdict(Uint8Array.of(5, 0xc0))).toBe('type-unsupported')
    expect(verdict(Uint8Array.of(0, 0xc0))).toBe('type-unsupported')
  })

  test('every second encoding of a value', () => {
    expect(verdict(legacy({ nonce: [0x81, 5] }))).toBe('rlp-not-canonical')
    expect(verdict(legacy({ nonce: [0] }))).toBe('rlp-integer')
    expect(verdict(legacy({ gas: str(0, 0x52) }))).toBe('rlp-integer')
    expect(verdict(legacy({ gas: str(1, 2, 3, 4, 5, 6, 7, 8, 9) }))).toBe('rlp-integer')
    expect(verdict(legacy({ data: [0xb8, 3, 1, 2, 3] }))).toBe('rlp-not-canonical')
    expect(verdict(legacy({ data: [0xb9, 0, 60, ...Array(60).fill(1)] }))).toBe('rlp-not-canonical')
    expect(verdict(legacy({ data: [0xbf, 1, 1, 1, 1, 1, 1, 1, 1] }))).toBe('rlp-truncated')
    expect(verdict(legacy({ value: [0xc0] }))).toBe('rlp-type')
    expect(verdict(legacy({ s: [...bytes32(2), 1] }))).toBe('rlp-trailing')
    expect(verdict(Uint8Array.from([...legacy(), 0]))).toBe('rlp-trailing')
    expect(verdict(legacy().subarray(0, 60))).toBe('rlp-truncated')
    expect(verdict(legacy({ to: str(...Array(19).fill(1)) }))).toBe('address-length')
  })

  test('signatures out of range, in the upper half, or with another v', () => {
    const n = hexToBytes('0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141')
    const half = hexToBytes('0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a1')
    expect(verdict(legacy({ r: [0x80] }))).toBe('signature-range')
    expect(verdict(legacy({ r: str(...n) }))).toBe('signature-range')
    expect(verdict(legacy({ s: [0x80] }))).toBe('signature-range')
    expect(verdict(legacy({ s: str(...half) }))).toBe('signature-high-s')
    expect(verdict(legacy({ s: str(...half.slice(0, 31), 0xa0) }))).toBe('ok')
    for (const v of [0, 1, 26, 29, 34]) expect(verdict(legacy({ v: v === 0 ? [0x80] : [v] }))).toBe('signature-parity')
  })

  test('every truncation and, but for the signature and free fields, every changed byte gives a verdict and never throws', async () => {
    const raw = hexToBytes(await transfer())
    for (let i = 0; i < raw.length; i++) {
      expect(verdict(raw.subarray(0, i))).not.toBe('ok')
      for (const flip of [1, 0x80, 0xff]) verdict(raw.with(i, raw[i]! ^ flip))
    }
  })

  test('fees in the wrong order, gas beyond 256 bits, oversized init code, nonce 2^64 − 1', async () => {
    const sign = async (over: object) => {
      const tx = EthersTransaction.from({ type: 2, chainId: 7, gasLimit: 21000, to: account.address, ...over })
      tx.signature = new Wallet(KEY).signingKey.sign(tx.unsignedHash)
      return verdict(hexToBytes(tx.serialized as Hex))
    }
    const swapped = list([7], [1], [2], [1], [1], str(...Array(20).fill(3)), [1], [0x80], [0xc0], [1], [5], [5])
    expect(verdict(Uint8Array.of(2, ...swapped))).toBe('fee-order')
    expect(await sign({ maxFeePerGas: 1n << 255n, gasLimit: 2n })).toBe('gas-overflow')
    expect(await sign({ to: null, data: `0x${'00'.repeat(49_153)}` })).toBe('init-code-too-large')
    expect(verdict(legacy({ nonce: str(...Array(8).fill(255)) }))).toBe('rlp-integer')
  })

  test('other chains and missing replay protection when a chain id is asked for', async () => {
    const raw = hexToBytes(await transfer())
    expect(verdict(raw, { chainId: 7n })).toBe('ok')
    expect(verdict(raw, { chainId: 8n })).toBe('chain-mismatch')
    expect(verdict(legacy(), { chainId: 7n })).toBe('replay-unprotected')
    expect(verdict(legacy(), { chainId: 7n, requireReplayProtection: false })).toBe('ok')
  })

  test('malformed access and authorization lists', () => {
    const typed = (type: number, access: number[], rest: number[][] = []) => {
      const fees = type === 1 ? [[1]] : [[1], [1]]
      const body = [[7], [1], ...fees, [1], str(...Array(20).fill(3)), [1], [0x80], access, ...rest, [1], [5], [5]]
      const flat = body.flat()
      return Uint8Array.from([type, 0xf9, flat.length >> 8, flat.length & 255, ...flat])
    }
    const pad = { address: str(...Array(20).fill(3)) }
    const long = (items: number[]) => [0xf9, items.length >> 8, items.length & 255, ...items]
    const filler = long(list(pad.address, list()).concat(...Array(12).fill(list(pad.address, list()))))
    expect(verdict(typed(1, filler))).toBe('ok')
    expect(verdict(typed(1, long([...filler.slice(3), ...list(pad.address, list(str(...Array(31).fill(1))))])))).toBe(
      'storage-key-length',
    )
    expect(verdict(typed(1, long([...filler.slice(3), ...list(str(1, 2), list())])))).toBe('address-length')
    const entry = list(pad.address, list())
    const long3 = (items: number[]) => [
      0xfa,
      items.length >> 16,
      (items.length >> 8) & 255,
      items.length & 255,
      ...items,
    ]
    const body = [7, 1, 1, 1, ...pad.address, 1, 0x80, ...long3(Array(4097).fill(entry).flat()), 1, 5, 5]
    expect(verdict(Uint8Array.from([1, ...long3(body)]))).toBe('access-list-too-long')
    expect(verdict(typed(4, filler, [[0xc0]]))).toBe('authorization-list')
  })
})
