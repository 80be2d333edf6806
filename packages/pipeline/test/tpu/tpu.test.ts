import { Wallet } from 'ethers'
import { expect, test } from 'vitest'
import { Accounts, Bank } from '../../src/bank/index.ts'
import { isPipelineError, manualTimers } from '../../src/index.ts'
import { Journal } from '../../src/journal/index.ts'
import { signNativeTransfer } from '../../src/native/index.ts'
import {
  bankTransfers,
  createTpu,
  decodeAny,
  encodeFrame,
  FrameReader,
  type Receipt,
  replayTransactions,
  statusOf,
  verifyHere,
} from '../../src/tpu/index.ts'
import { createVerifier } from '../../src/verify/index.ts'
import { crashStorage } from '../journal/crash-storage.ts'
import { random } from '../random.ts'

const verifier = createVerifier()
const wallets = Array.from({ length: 6 }, (_, i) => new Wallet(`0x${(i + 1).toString(16).padStart(64, '0')}`))
const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex.slice(2), 'hex'))
const address = (i: number) => bytes(wallets[i]!.address)

function genesis(): Bank {
  const bank = new Bank(new Accounts())
  for (let i = 0; i < wallets.length; i++) bank.accounts.set(address(i), { nonce: 0n, balance: 10n ** 20n })
  return bank
}
const native = (from: number, nonce: number, over = {}) =>
  signNativeTransfer(
    { chainId: 7n, nonce: BigInt(nonce), amount: 1000n, fee: 1n, to: address((from + 1) % 6), ...over },
    wallets[from]!,
  )
const evm = async (from: number, nonce: number, over = {}) =>
  bytes(
    await wallets[from]!.signTransaction({
      type: 2,
      chainId: 7,
      nonce,
      gasLimit: 21_000,
      maxFeePerGas: 1n,
      maxPriorityFeePerGas: 1n,
      to: wallets[(from + 1) % 6]!.address,
      value: 5n,
      ...over,
    }),
  )
const brief = (receipt: Receipt) =>
  receipt.status === 'durable' ? `durable ${Buffer.from(receipt.from).toString('hex').slice(0, 6)}` : receipt.reason

async function unit(over = {}) {
  const disk = crashStorage()
  const journal = await Journal.open(disk.storage)
  const bank = genesis()
  const tpu = createTpu({
    chainId: 7n,
    verify: verifyHere(verifier),
    bank: bankTransfers(bank),
    write: (batch) => journal.appendMany(batch.map((tx) => tx.raw)),
    ...over,
  })
  return { tpu, bank, journal, disk }
}

test('good transactions of both kinds become durable, bad ones are refused with their reason, and a replay gives the same state', async () => {
  const { tpu, bank, journal, disk } = await unit()
  const who = (i: number) => `durable ${wallets[i]!.address.slice(2, 8).toLowerCase()}`
  const damaged = native(0, 1)
  damaged[150]! ^= 1
  const first = native(0, 0)
  const cases: [Uint8Array, string][] = [
    [first, who(0)],
    [first, 'duplicate'],
    // The same body with a false signature, sent first, does not stop the true one.
    [damaged, 'signature'],
    [native(0, 1), who(0)],
    [await evm(0, 2), who(0)],
    [await evm(1, 0), who(1)],
    [native(1, 0), 'nonce-used'],
    [native(1, 5), 'nonce-gap'],
    [native(2, 0, { amount: 10n ** 30n }), 'insufficient-funds'],
    [native(2, 0, { chainId: 8n }), 'chain-mismatch'],
    [await evm(2, 0, { data: '0x12' }), 'not-a-transfer'],
    [await evm(2, 0, { gasLimit: 20_999 }), 'gas'],
    [new Uint8Array(10), 'type-unsupported'],
    [native(3, 0, { to: address(3) }), who(3)],
  ]
  const receipts = await Promise.all(cases.map(([raw]) => tpu.submit(raw)))
  expect(receipts.map(brief)).toEqual(cases.map(([, expected]) => expected))
  // A refused transaction may come again, once its time has come.
  expect(brief(await tpu.submit(native(1, 1)))).toBe(who(1))
  await tpu.close()
  await journal.close()
  const again = genesis()
  const reopened = await Journal.open(disk.storage)
  async function* raws() {
    for await (const { payload } of reopened.replay()) yield payload
  }
  const replay = await replayTransactions(raws(), {
    chainId: 7n,
    verify: verifyHere(createVerifier({ backends: ['wasm'] })),
    bank: bankTransfers(again),
  })
  expect(replay).toEqual({ applied: 6, rejected: [] })
  expect(again.accounts.digest()).toEqual(bank.accounts.digest())
})

test("the sender's hint gives the same answers: right, wrong, for known and unknown keys", async () => {
  const { tpu } = await unit()
  for (let round = 0; round < 3; round++) {
    const batch = await Promise.all([0, 1, 2, 3].map((from) => evm(from, round)))
    const hints = [address(0), address(3), undefined, new Uint8Array(20)]
    const receipts = await Promise.all(batch.map((raw, i) => tpu.submit(raw, hints[i] && { sender: hints[i] })))
    expect(
      receipts.map((receipt) => receipt.status === 'durable' && Buffer.from(receipt.from).toString('hex')),
    ).toEqual([0, 1, 2, 3].map((i) => wallets[i]!.address.slice(2).toLowerCase()))
  }
  const forged = await evm(4, 0)
  forged[forged.length - 1]! ^= 1
  expect(brief(await tpu.submit(forged, { sender: address(4) }))).not.toMatch(
    `durable ${wallets[4]!.address.slice(2, 8).toLowerCase()}`,
  )
  await tpu.close()
})

test('a source has a quota, and one that sends bad signatures is quarantined for a while; others are not', async () => {
  const timers = manualTimers()
  const { tpu } = await unit({ timers, limits: { perSource: 3, badSignatures: 2, quarantineMs: 1000 } })
  const spoilt = (i: number) => {
    const raw = native(0, i)
    raw[130]! ^= 1
    return raw
  }
  const out: string[] = []
  const note = (label: string) => (receipt: Receipt) => void out.push(`${label} ${brief(receipt).slice(0, 11)}`)
  for (let i = 0; i < 4; i++) tpu.trySubmit(spoilt(i), note('mallory'), { source: 'mallory' })
  tpu.trySubmit(native(1, 0), note('alice'), { source: 'alice' })
  await timers.advance(5)
  expect(out).toEqual([
    'mallory quota',
    'mallory signature',
    'mallory signature',
    'mallory signature',
    'alice durable 2b5',
  ])
  tpu.trySubmit(native(2, 0), note('mallory'), { source: 'mallory' })
  expect(out.at(-1)).toBe('mallory quarantined')
  await timers.advance(1000)
  tpu.trySubmit(native(2, 0), note('mallory'), { source: 'mallory' })
  await timers.advance(5)
  expect(out.at(-1)).toMatch(/^mallory durable/)
  await tpu.close()
})

test('nothing is acknowledged before it is durable, and a failed write acknowledges nothing', async () => {
  let release = () => {}
  let written = 0
  const { tpu } = await unit({
    write: (batch: unknown[]) =>
      new Promise<void>(
        (resolve) =>
          (release = () => {
            written += batch.length
            resolve()
          }),
      ),
  })
  let receipt: Receipt | undefined
  tpu.trySubmit(native(0, 0), (r) => (receipt = r))
  await new Promise((resolve) => setTimeout(resolve, 30))
  expect([receipt, written]).toEqual([undefined, 0])
  release()
  await tpu.close()
  expect(receipt?.status).toBe('durable')
  const broken = await unit({ write: () => Promise.reject(new Error('disk full')) })
  expect(await broken.tpu.submit(native(0, 0))).toEqual({ status: 'refused', reason: 'failed' })
  await expect(broken.tpu.submit(native(0, 1))).rejects.toSatisfy((e) => isPipelineError(e, 'PIPELINE_ABORTED'))
})

test('frames survive any cutting of the stream; malformed ones end it', () => {
  const { below, bytes: some, seed } = random()
  const sent = Array.from({ length: 40 }, (_, i) => ({
    raw: some(1 + below(300)),
    sender: i % 3 ? undefined : some(20),
  }))
  const stream = Buffer.concat(sent.map(({ raw, sender }) => encodeFrame(raw, sender)))
  for (let round = 0; round < 50; round++) {
    const reader = new FrameReader()
    const got = []
    for (let at = 0; at < stream.length; ) {
      const size = 1 + below(200)
      got.push(...reader.push(stream.subarray(at, at + size)))
      at += size
    }
    expect(
      got.map(({ raw, sender }) => ({ raw: Uint8Array.from(raw), sender: sender && Uint8Array.from(sender) })),
      `seed ${seed}`,
    ).toEqual(sent)
  }
  for (const bad of [
    [0, 0, 0, 0, 0],
    [255, 255, 255, 255, 0],
    [2, 0, 0, 0, 2],
    [21, 0, 0, 0, 1],
    [1, 0, 0, 0, 0],
  ])
    expect(() => new FrameReader().push(Uint8Array.from(bad))).toThrow(
      expect.objectContaining({ code: 'PIPELINE_FRAME' }),
    )
  expect(['rlp-type', 'quota', 'duplicate', 'failed'].map(statusOf)).toEqual([
    'malformed',
    'busy',
    'duplicate',
    'failed',
  ])
})

test('decodeAny tells the two kinds apart', async () => {
  expect(decodeAny(native(0, 0), 7n)).toMatchObject({ status: 'ok', tx: { kind: 'native' } })
  expect(decodeAny(await evm(0, 0), 7n)).toMatchObject({ status: 'ok', tx: { kind: 'evm' } })
  expect(decodeAny(new Uint8Array(0), 7n)).toMatchObject({ status: 'invalid', code: 'empty' })
})
