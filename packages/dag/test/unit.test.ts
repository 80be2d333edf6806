import * as dagCbor from '@ipld/dag-cbor'
import { CID } from 'multiformats/cid'
import { describe, expect, it } from 'vitest'
import {
  blake2b256,
  bytesToHex,
  createUnit,
  decodeHeader,
  decodePayload,
  decodeUnit,
  encodeHeader,
  encodePayload,
  encodeUnit,
  hexToBytes,
  isDagError,
  type Message,
  MessageKind,
  messageRoot,
  proveMessage,
  signerFromPrivateKey,
  toUnitId,
  type Unit,
  unitBlock,
  unitCid,
  unitId,
  unitIdOfCid,
  validateHeaderShape,
  validateUnitShape,
  verifyMessageProof,
  verifyUnitSignatures,
} from '../src/index.ts'
import { accountPath, signerFromSeed } from '../src/keys/index.ts'
import { genesis, NETWORK } from './ledger.ts'

const alice = signerFromPrivateKey(new Uint8Array(32).fill(1))
const bob = signerFromPrivateKey(new Uint8Array(32).fill(2))
const key = (...bytes: number[]) => Uint8Array.from(bytes)
const other = toUnitId(`0x${'ab'.repeat(32)}`)

function sample(overrides: Partial<Parameters<typeof createUnit>[0]> = {}): Promise<Unit> {
  return createUnit({
    networkId: NETWORK,
    parents: [other, genesis.id],
    timestampMs: 1_700_000_000_000,
    lastFinal: { mci: 3, id: genesis.id },
    validUntilMci: 100,
    messages: [
      { kind: MessageKind.transactions, version: 1, body: key(1, 2, 3), reads: [key(9), key(1), key(9)], writes: [] },
      { kind: 77_777, version: 2, body: key() },
    ],
    signers: [bob, alice],
    ...overrides,
  })
}

describe('a unit', () => {
  it('is the same after encoding and decoding, and so are its bytes', async () => {
    const unit = await sample()
    const bytes = encodeUnit(unit)
    expect(decodeUnit(bytes)).toEqual(unit)
    expect(encodeUnit(decodeUnit(bytes))).toEqual(bytes)
  })

  it('does not share memory with the bytes that it was decoded from', async () => {
    const unit = await sample()
    const bytes = Buffer.from(encodeUnit(unit))
    const decoded = decodeUnit(bytes)
    bytes.fill(0)
    expect(decoded).toEqual(unit)
  })

  it('has sorted parents, authors and keys', async () => {
    const { header, messages } = await sample()
    expect(header.parents).toEqual([genesis.id, other].sort())
    expect(header.authors).toEqual([alice.address, bob.address].sort())
    expect(messages[0]!.reads).toEqual([key(1), key(9)])
  })

  it('of a validator names its self-parent first', async () => {
    const high = toUnitId(`0x${'ff'.repeat(32)}`)
    const unit = await sample({ validator: { round: 4, selfParent: high }, signers: [alice] })
    expect(unit.header.parents[0]).toBe(high)
    expect(decodeUnit(encodeUnit(unit))).toEqual(unit)
  })

  it('has an id that hashes the header alone', async () => {
    const unit = await sample()
    expect(unit.id).toBe(unitId(unit.header))
    const forged = { ...unit, signatures: unit.signatures.map((s) => ({ ...s, signature: new Uint8Array(64) })) }
    expect(decodeUnit(encodeUnit(forged)).id).toBe(unit.id)
  })

  it('is a DAG-CBOR block whose links are its parents', async () => {
    const { header, id } = await sample()
    const { cid, bytes } = unitBlock(header, id)
    const decoded = dagCbor.decode<unknown[]>(bytes)
    expect(Uint8Array.from(dagCbor.encode(decoded))).toEqual(bytes)
    expect(String(decoded[3])).toBe(header.parents.map((parent) => unitCid(parent)).join())
    expect(cid.code).toBe(dagCbor.code)
    expect(cid.multihash.digest).toEqual(blake2b256(bytes))
    expect(unitIdOfCid(cid)).toBe(id)
    const raw = CID.createV1(0x55, cid.multihash)
    expect(() => unitIdOfCid(raw)).toThrow(/not the CID of a unit/)
  })

  it('carries one valid signature of each author', async () => {
    const unit = await sample()
    expect(await verifyUnitSignatures(unit)).toBeUndefined()
    const [first, second] = unit.signatures as [Unit['signatures'][0], Unit['signatures'][0]]
    const broken = { ...first, signature: first.signature.with(5, first.signature[5]! ^ 1) }
    expect(await verifyUnitSignatures({ ...unit, signatures: [broken, second] })).toMatchObject({
      code: 'UNIT_SIGNATURE',
    })
    expect(await verifyUnitSignatures({ ...unit, signatures: [second, first] })).toMatchObject({
      code: 'UNIT_SIGNATURE_KEY',
    })
    expect(await verifyUnitSignatures({ ...unit, signatures: [first] })).toMatchObject({ code: 'UNIT_SIGNATURE_COUNT' })
    const otherNetwork = { ...unit, header: { ...unit.header, networkId: 8 } }
    expect(await verifyUnitSignatures(otherNetwork)).toMatchObject({ code: 'UNIT_SIGNATURE' })
    const long = { ...first, publicKey: Uint8Array.of(...first.publicKey, 0) }
    expect(await verifyUnitSignatures({ ...unit, signatures: [long, second] })).toMatchObject({
      code: 'UNIT_SIGNATURE_KEY',
    })
    const short = { ...first, signature: first.signature.subarray(1) }
    expect(await verifyUnitSignatures({ ...unit, signatures: [short, second] })).toMatchObject({
      code: 'UNIT_SIGNATURE',
    })
    const swapped = { ...first, publicKey: first.publicKey.with(0, first.publicKey[0]! ^ 1) }
    expect(await verifyUnitSignatures({ ...unit, signatures: [swapped, second] })).toMatchObject({
      code: 'UNIT_SIGNATURE_KEY',
    })
  })

  it('can be verified through another verifier', async () => {
    const unit = await sample()
    const seen: number[] = []
    const verifier = { verify: (items: readonly unknown[]) => items.map((_, i) => seen.push(i) > 0) }
    expect(await verifyUnitSignatures(unit, verifier)).toBeUndefined()
    expect(seen).toEqual([0, 1])
  })
})

describe('addresses', () => {
  it('are those of Ethereum', () => {
    // Private key 1: the address of the generator, known to every wallet.
    const one = signerFromPrivateKey(new Uint8Array(32).with(31, 1))
    expect(one.address).toBe('0x7e5f4552091a69125d5dfcb7b8c2659029395bdf')
  })

  it('derive by BIP-44 as wallets do', () => {
    // Seed of "test test test test test test test test test test test junk", the accounts that Hardhat and Anvil print.
    const seed = hexToBytes(
      '0x9dfc3c64c2f8bede1533b6a79f8570e5943e0b8fd1cf77107adf7b72cef42185d564a3aee24cab43f80e3c4538087d70fc824eabbad596a23c97b6ee8322ccc0',
    )
    expect(accountPath({ index: 1 })).toBe("m/44'/60'/0'/0/1")
    expect(signerFromSeed(seed).address).toBe('0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266')
    expect(signerFromSeed(seed, { index: 1 }).address).toBe('0x70997970c51812dc3a010c7d01b50e0d17dc79c8')
    expect(() => signerFromSeed(new Uint8Array(3))).toThrow(/no account/)
  })
})

describe('header rules', () => {
  const codeOf = (header: Parameters<typeof validateHeaderShape>[0]) => validateHeaderShape(header)?.code

  it('each have their code', async () => {
    const { header } = await sample()
    const validator = (await sample({ validator: { round: 4, selfParent: other }, signers: [alice] })).header
    const many = Array.from({ length: 17 }, (_, i) => toUnitId(`0x${i.toString(16).padStart(64, '0')}`))
    expect(codeOf(header)).toBeUndefined()
    expect(codeOf(validator)).toBeUndefined()
    expect(codeOf({ ...header, networkId: -1 })).toBe('UNIT_FIELD')
    expect(codeOf({ ...header, timestampMs: 0.5 })).toBe('UNIT_FIELD')
    expect(codeOf({ ...header, parents: ['0x12' as never] })).toBe('UNIT_FIELD')
    expect(codeOf({ ...header, parents: many })).toBe('UNIT_PARENT_LIMIT')
    expect(codeOf({ ...header, parents: [...header.parents].reverse() })).toBe('UNIT_PARENT_ORDER')
    expect(codeOf({ ...header, parents: [other, other] })).toBe('UNIT_PARENT_DUPLICATE')
    expect(codeOf({ ...validator, parents: [other, genesis.id, other] })).toMatch(/UNIT_PARENT_(DUPLICATE|ORDER)/)
    expect(codeOf({ ...header, authors: [...header.authors].reverse() })).toBe('UNIT_AUTHOR_ORDER')
    expect(codeOf({ ...header, authors: [] })).toBe('UNIT_AUTHOR_MISSING')
    const crowd = Array.from({ length: 17 }, (_, i) => `0x${i.toString(16).padStart(40, '0')}` as typeof alice.address)
    expect(codeOf({ ...header, authors: crowd })).toBe('UNIT_AUTHOR_LIMIT')
    expect(codeOf({ ...validator, authors: header.authors })).toBe('UNIT_VALIDATOR_AUTHORS')
    expect(codeOf({ ...validator, parents: [genesis.id] })).toBe('UNIT_SELF_PARENT')
    expect(codeOf({ ...validator, validator: { ...validator.validator!, round: 0 } })).toBe('UNIT_ROUND')
    expect(codeOf({ ...header, payloadLength: 2_000_000 })).toBe('UNIT_PAYLOAD_LIMIT')
    expect(codeOf({ ...header, validUntilMci: 2 })).toBe('UNIT_VALIDITY')
  })

  it('bind header, payload and signatures of a unit together', async () => {
    const unit = await sample()
    const problem = (changed: Unit) => validateUnitShape(changed)?.code
    expect(problem(unit)).toBeUndefined()
    expect(problem({ ...unit, id: other })).toBe('UNIT_ID')
    expect(problem({ ...unit, messages: [] })).toBe('UNIT_PAYLOAD_LENGTH')
    const swapped = { ...unit.messages[0]!, body: key(3, 2, 1) }
    expect(problem({ ...unit, messages: [swapped, unit.messages[1]!] })).toBe('UNIT_MESSAGE_ROOT')
    expect(problem({ ...unit, signatures: [] })).toBe('UNIT_SIGNATURE_COUNT')
    const wrong = encodeUnit({ ...unit, messages: [swapped, unit.messages[1]!] })
    expect(() => decodeUnit(wrong)).toThrow(/messages hash to/)
  })

  it('refuse to make an invalid unit', async () => {
    const error = await sample({
      messages: Array.from({ length: 129 }, () => ({ kind: 9, version: 1, body: key() })),
    }).catch((e: unknown) => e)
    expect(isDagError(error, 'DAG_UNIT_INVALID')).toBe(true)
    expect(error).toMatchObject({ context: { problem: 'UNIT_MESSAGE_LIMIT' } })
    await expect(sample({ messages: [{ kind: 9, version: 1, body: new Uint8Array(1_048_577) }] })).rejects.toThrow(
      /payload of/,
    )
    await expect(
      sample({ messages: [{ kind: 9, version: 1, body: key(), reads: [new Uint8Array(257)] }] }),
    ).rejects.toThrow(/key of/)
  })
})

describe('payloads', () => {
  const messages: Message[] = Array.from({ length: 7 }, (_, i) => ({ kind: 9, version: 1, body: key(i) }))

  it('prove each message under the root, and nothing else', () => {
    for (let count = 1; count <= 7; count++) {
      const some = messages.slice(0, count)
      const root = messageRoot(some)
      for (let i = 0; i < count; i++) {
        const path = proveMessage(some, i)
        expect(verifyMessageProof(some[i]!, i, count, path, root)).toBe(true)
        expect(verifyMessageProof(messages[(i + 1) % 7]!, i, count, path, root)).toBe(false)
        if (count > 1) expect(verifyMessageProof(some[i]!, (i + 1) % count, count, path, root)).toBe(false)
        expect(verifyMessageProof(some[i]!, i, count, [...path, root], root)).toBe(false)
      }
    }
    expect(() => proveMessage(messages, 7)).toThrow(/no message 7/)
  })

  it('hash leaves and nodes apart, as RFC 6962 does', () => {
    const leaf = (message: Message) => blake2b256(Uint8Array.of(0, ...encodePayload([message]).subarray(1)))
    const [a, b] = [messages[0]!, messages[1]!]
    expect(messageRoot([a])).toBe(bytesToHex(leaf(a)))
    expect(messageRoot([a, b])).toBe(bytesToHex(blake2b256(Uint8Array.of(1, ...leaf(a), ...leaf(b)))))
  })

  it('decode from their one encoding only', () => {
    const declared: Message[] = [{ kind: 1, version: 1, body: key(1), writes: [key(1), key(2)] }]
    const bytes = encodePayload(declared)
    expect(decodePayload(bytes)).toEqual(declared)
    expect(encodePayload(decodePayload(bytes))).toEqual(bytes)
    expect(() => decodePayload(Uint8Array.of(...bytes, 0))).toThrow(/expected the end/)
    expect(() => decodePayload(bytes.subarray(1))).toThrow(/not canonical/)
    expect(() => encodePayload([{ kind: 1, version: 1, body: key(), writes: [key(2), key(1)] }])).toThrow(/not after/)
  })
})

describe('a header', () => {
  it('decodes from its one encoding only', () => {
    const bytes = encodeHeader(genesis.header)
    expect(decodeHeader(bytes)).toEqual(genesis.header)
    // 0x18 0x07 is the longer form of 7, which networkId has here.
    const at = bytes.indexOf(7, 10)
    const longer = Uint8Array.of(...bytes.subarray(0, at), 0x18, 7, ...bytes.subarray(at + 1))
    expect(() => decodeHeader(longer)).toThrow(/the shortest form/)
  })
})
