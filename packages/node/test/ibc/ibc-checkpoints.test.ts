import { bytesToHex } from '@ethereumjs/util'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { type Message, signerFromPrivateKey, type Unit } from '@zos/dag'
import { Header, validatorSetHash, verifyHeader } from '@zos/hub-ibc'
import { expect, test } from 'vitest'
import { IbcCheckpoints } from '../../src/ibc/ibc-checkpoints.ts'
import type { BlockFacts } from '../../src/ibc/ibc-ledger.ts'
import { ibcSettings } from '../../src/ibc/settings.ts'
import { votesOf } from '../../src/ibc/votes-message.ts'
import { createMemoryStore } from '../../src/store/kv.ts'

const COIN = 10n ** 18n
const keys = [1, 2, 3, 4].map((byte) => new Uint8Array(32).fill(byte))
const signers = keys.map((key) => signerFromPrivateKey(key))
const validators = (stakes: readonly bigint[]) =>
  signers.map(({ address }, i) => ({
    address,
    publicKey: bytesToHex(secp256k1.getPublicKey(keys[i]!, true)),
    stake: (stakes[i]! * COIN).toString(),
  }))
const settings = ibcSettings(
  'zone-1',
  signers.map(({ address }, i) => ({ address, privateKey: keys[i]! })),
)
const block = (height: number, mark = 0): BlockFacts => ({
  height,
  time: 1_767_225_600_000_000_000n + BigInt(height),
  appHash: new Uint8Array(32).fill(mark),
  unit: `0x${'ab'.repeat(32)}`,
  mci: height,
})

/** Only what a unit's reader looks at. */
const unitOf = (author: number, messages: Message[]) =>
  ({ header: { authors: [signers[author]!.address] }, messages }) as unknown as Unit

function nodes(stakes = [1n, 1n, 1n, 1n]) {
  return keys.map(
    (validatorKey) =>
      new IbcCheckpoints({ settings, validators: validators(stakes), store: createMemoryStore(), validatorKey }),
  )
}

test('a header is signed when validators with more than two thirds of the stake have voted for it, not before', async () => {
  const [first, second, third] = nodes() as [IbcCheckpoints, IbcCheckpoints, IbcCheckpoints]
  for (const node of [first, second, third]) await node.blockDone(block(1))
  await first.take(unitOf(1, second.takeMessages()))
  expect(first.newest).toBe(0)
  expect(first.signed(1)).toBeUndefined()
  await first.take(unitOf(2, third.takeMessages()))
  expect(first.newest).toBe(1)
  expect(first.signed(1)?.header.height).toBe(1n)
})

test('a light client of the package follows the signed headers', async () => {
  const [first, second, third] = nodes([2n, 1n, 1n, 1n]) as [IbcCheckpoints, IbcCheckpoints, IbcCheckpoints]
  for (const height of [1, 2, 3]) {
    for (const node of [first, second, third]) await node.blockDone(block(height))
    await first.take(unitOf(1, second.takeMessages()))
    await first.take(unitOf(2, third.takeMessages()))
  }
  const { signedHeader, validatorSet } = Header.decode(first.update(3, 1)!.value)
  const members = validatorSet!.validators as Parameters<typeof validatorSetHash>[0]
  const verdict = verifyHeader(
    {
      height: 1n,
      time: block(1).time,
      nextValidatorsHash: validatorSetHash(members),
      nextValidators: members,
    },
    { signedHeader: signedHeader as never, validators: members },
    {
      chainId: 'zone-1',
      trustingPeriod: 10n ** 15n,
      maxClockDrift: 10n ** 10n,
      trustLevel: { numerator: 1n, denominator: 3n },
      now: block(3).time,
    },
  )
  expect(verdict).toMatchObject({ status: 'valid' })
})

test('votes that came before the block are counted when it is there', async () => {
  const [first, second, third] = nodes() as [IbcCheckpoints, IbcCheckpoints, IbcCheckpoints]
  await second.blockDone(block(1))
  await third.blockDone(block(1))
  await first.take(unitOf(1, second.takeMessages()))
  await first.take(unitOf(2, third.takeMessages()))
  expect(first.newest).toBe(0)
  await first.blockDone(block(1))
  expect(first.newest).toBe(1)
})

test('a vote for another header, one under another author, and bytes that are no votes count for nothing', async () => {
  const [first, second, third, fourth] = nodes() as [IbcCheckpoints, IbcCheckpoints, IbcCheckpoints, IbcCheckpoints]
  await first.blockDone(block(1))
  await second.blockDone(block(1, 9))
  await third.blockDone(block(1))
  await fourth.blockDone(block(1))
  await first.take(unitOf(1, second.takeMessages()))
  const votes = third.takeMessages()
  await first.take(unitOf(1, votes))
  await first.take(unitOf(2, [{ kind: 7, version: 1, body: Uint8Array.of(0xff, 1, 2) }]))
  expect(first.newest).toBe(0)
  await first.take(unitOf(2, votes))
  expect(first.newest).toBe(0)
  await first.take(unitOf(3, fourth.takeMessages()))
  expect(first.newest).toBe(1)
})

test('what was signed is there after a restart', async () => {
  const store = createMemoryStore()
  const open = () =>
    new IbcCheckpoints({ settings, validators: validators([7n, 1n, 1n, 1n]), store, validatorKey: keys[0] })
  await open().blockDone(block(5))
  const again = open()
  expect(again.newest).toBe(5)
  expect(again.clientStates()?.clientState.typeUrl).toBe('/ibc.lightclients.tendermint.v1.ClientState')
})

test('a vote goes out once, in the next unit', async () => {
  const [first] = nodes() as [IbcCheckpoints]
  await first.blockDone(block(1))
  await first.blockDone(block(2))
  const [message, ...others] = first.takeMessages()
  expect(others).toEqual([])
  expect(votesOf(unitOf(0, [message!])).map(({ height }) => height)).toEqual([1, 2])
  expect(first.takeMessages()).toEqual([])
})
