import { RLP } from '@ethereumjs/rlp'
import { createUnit, MessageKind, signerFromPrivateKey, type Unit, type UnitId } from '@zos/dag'
import { type VerifyStage, verifyHere } from '@zos/pipeline/tpu'
import { createVerifier } from '@zos/pipeline/verify'
import { Transaction, Wallet } from 'ethers'
import { describe, expect, test } from 'vitest'
import { Tvu } from '../../src/tvu/tvu.ts'

const CHAIN = 7
const wallets = [1, 2, 3].map((n) => new Wallet(`0x${String(n).padStart(64, '0')}`))
const signer = signerFromPrivateKey(new Uint8Array(32).fill(9))
const checkHere = verifyHere(createVerifier())

async function transfer(wallet: Wallet, nonce: number, chainId = CHAIN): Promise<Uint8Array> {
  const signed = await wallet.signTransaction({
    type: 2,
    chainId,
    nonce,
    to: wallets[0]!.address,
    value: 1n,
    gasLimit: 21_000n,
    maxFeePerGas: 10n,
    maxPriorityFeePerGas: 1n,
  })
  return Buffer.from(signed.slice(2), 'hex')
}

/** A validator's unit with these raw transactions. */
function unitOf(raws: readonly Uint8Array[], round = 1): Promise<Unit> {
  const parent = `0x${String(round).padStart(64, '0')}` as UnitId
  return createUnit({
    networkId: CHAIN,
    parents: [parent],
    timestampMs: 0,
    lastFinal: { mci: 0, id: parent },
    validUntilMci: 10,
    validator: { round, selfParent: parent },
    messages: [{ kind: MessageKind.transactions, version: 1, body: RLP.encode([...raws]) }],
    signers: [signer],
  })
}

const notLoaded = () => {
  throw new Error('it was prepared')
}

describe('the TVU', () => {
  test('gives each unit its transactions in order with their senders, and leaves out what is not valid', async () => {
    const tvu = new Tvu({ chainId: CHAIN, verify: checkHere, known: () => undefined })
    const good = await Promise.all([0, 1, 2].map((nonce) => transfer(wallets[nonce]!, nonce)))
    const otherChain = await transfer(wallets[0]!, 5, CHAIN + 1)
    const broken = Uint8Array.from(good[0]!)
    broken[broken.length - 40]! ^= 1
    const first = await unitOf([good[2]!, Uint8Array.of(2, 0xc0), good[0]!, otherChain], 1)
    const second = await unitOf([good[1]!, broken], 2)
    tvu.prepare(first)
    tvu.prepare(second)
    expect(tvu.ahead).toBe(6)
    const senders = (await tvu.transactionsOf(first.id, notLoaded)).map(({ sender }) => sender)
    expect(senders).toEqual([wallets[2]!, wallets[0]!].map(({ address }) => address.toLowerCase()))
    const [one, ...rest] = await tvu.transactionsOf(second.id, notLoaded)
    expect(one).toMatchObject({
      sender: wallets[1]!.address.toLowerCase(),
      hash: Transaction.from(`0x${Buffer.from(good[1]!).toString('hex')}`).hash,
    })
    // A signature that was changed recovers to somebody else, or to nobody.
    for (const { sender } of rest) expect(sender).not.toBe(wallets[0]!.address.toLowerCase())
    for (const { id } of [first, second]) tvu.forget(id)
    expect(tvu.ahead).toBe(0)
    await tvu.close()
  })

  test('verifies a unit that was not prepared when its block comes', async () => {
    const tvu = new Tvu({ chainId: CHAIN, verify: checkHere, known: () => undefined })
    const unit = await unitOf([await transfer(wallets[1]!, 0)])
    expect(await tvu.transactionsOf(unit.id, () => unit)).toHaveLength(1)
    await tvu.close()
  })

  test('fills batches across units, and asks nothing about transactions that are known', async () => {
    const batches: number[] = []
    const verify: VerifyStage = (items, context) => {
      batches.push(items.length)
      return checkHere(items, context)
    }
    const raws = await Promise.all(Array.from({ length: 12 }, (_, nonce) => transfer(wallets[nonce % 3]!, nonce)))
    const unknown = new Tvu({ chainId: CHAIN, verify, known: () => undefined })
    const units = await Promise.all(raws.map((raw, round) => unitOf([raw], round + 1)))
    for (const unit of units) unknown.prepare(unit)
    const verified = await Promise.all(units.map(({ id }) => unknown.transactionsOf(id, notLoaded)))
    expect(verified.flat()).toHaveLength(12)
    expect(batches).toEqual([12])
    await unknown.close()

    const pool = new Map(verified.flat().map((one) => [one.hash, one]))
    const known = new Tvu({ chainId: CHAIN, verify, known: (hash) => pool.get(hash) })
    for (const unit of units) known.prepare(unit)
    expect(await known.transactionsOf(units[3]!.id, notLoaded)).toEqual(verified[3])
    expect(batches).toEqual([12])
    await known.close()
  })

  test('passes a verifier that fails on as a fault, never as a bad signature', async () => {
    const tvu = new Tvu({
      chainId: CHAIN,
      verify: () => Promise.reject(new Error('out of memory')),
      known: () => undefined,
    })
    const unit = await unitOf([await transfer(wallets[1]!, 0)])
    tvu.prepare(unit)
    await expect(tvu.transactionsOf(unit.id, notLoaded)).rejects.toThrow('out of memory')
  })
})
