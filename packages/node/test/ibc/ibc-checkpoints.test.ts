import { ed25519 } from '@noble/curves/ed25519.js'
import { type Message, signerFromPrivateKey, type Unit } from '@zos/dag'
import { TendermintHeader, validatorSetHash, verifyHeader } from '@zos/hub-ibc'
import { expect, test } from 'vitest'
import { IbcCheckpoints } from '../../src/ibc/ibc-checkpoints.ts'
import type { BlockFacts } from '../../src/ibc/ibc-ledger.ts'
import { ibcVoteKey } from '../../src/ibc/settings.ts'
import { VoterSet, VoterSets } from '../../src/ibc/voter-sets.ts'
import { encodeGossipedVote, type Vote, votesOf } from '../../src/ibc/votes-message.ts'
import type { AddressHex } from '../../src/state/account.ts'
import { createMemoryStore } from '../../src/store/kv.ts'

const keys = [1, 2, 3, 4].map((byte) => new Uint8Array(32).fill(byte))
const signers = keys.map((key) => signerFromPrivateKey(key))
const setOf = (powers: readonly bigint[]) =>
  new VoterSet(
    powers.flatMap((power, i) =>
      power === 0n
        ? []
        : [
            {
              address: signers[i]!.address as AddressHex,
              publicKey: ed25519.getPublicKey(ibcVoteKey(keys[i]!)),
              power,
            },
          ],
    ),
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

interface NodeOptions {
  powers?: readonly bigint[]
  store?: ReturnType<typeof createMemoryStore>
  publish?: (vote: Uint8Array) => void
}

/** Validator number `i`; its own sets follow what `begin` says. */
function node(i: number, { powers = [1n, 1n, 1n, 1n], store = createMemoryStore(), publish }: NodeOptions = {}) {
  const sets = new VoterSets(store, () => setOf(powers))
  const validator = { address: signers[i]!.address as AddressHex, signingKey: keys[i]! }
  return new IbcCheckpoints({ chainId: 'zone-1', sets, store, validator, publish })
}

const nodes = (powers?: readonly bigint[]) => keys.map((_, i) => node(i, powers ? { powers } : {}))

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
  const { signedHeader, validatorSet } = TendermintHeader.decode(first.updates(3, 1)![0]!.value)
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
  const open = () => node(0, { powers: [7n, 1n, 1n, 1n], store })
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

/** Validators 0 to 2 are one committee until block 2, validators 2 and 3 the next. */
function leavers() {
  const gossip: Uint8Array[] = []
  const stores = keys.map(() => createMemoryStore())
  const all = keys.map((_, i) => {
    const store = stores[i]!
    const sets = new VoterSets(store, () => setOf([1n, 1n, 1n]))
    const validator = { address: signers[i]!.address as AddressHex, signingKey: keys[i]! }
    const checkpoints = new IbcCheckpoints({
      chainId: 'zone-1',
      sets,
      store,
      validator,
      publish: (vote) => gossip.push(vote),
    })
    return { checkpoints, sets, store }
  })
  const execute = async (height: number) => {
    for (const { checkpoints, sets, store } of all) {
      if (height === 2) await store.batch(sets.begin(3, setOf([0n, 0n, 1n, 1n])))
      await checkpoints.blockDone(block(height))
    }
  }
  return { all, gossip, execute, checkpoints: all.map(({ checkpoints }) => checkpoints) }
}

test('who leaves the committee gossips the votes it owes, until the header has its quorum; those who stay carry them into the ledger', async () => {
  const { gossip, execute, checkpoints } = leavers()
  const [, , third, fourth] = checkpoints as [IbcCheckpoints, IbcCheckpoints, IbcCheckpoints, IbcCheckpoints]
  await execute(1)
  expect(gossip).toEqual([])
  await execute(2)
  // Of two blocks each: the one before has not found a unit either.
  expect(gossip).toHaveLength(4)
  for (const vote of gossip) expect(await third.takeGossip(vote)).toBe('accept')
  expect(third.newest).toBe(2)
  expect(await third.takeGossip(gossip[0]!)).toBe('ignore')

  // A node that has heard nothing of the gossip finds everything in the unit of one that has.
  const messages = third.takeMessages()
  await fourth.take(unitOf(2, messages))
  expect(fourth.newest).toBe(2)

  gossip.length = 0
  await execute(3)
  // Sent again as other messages: the two who left have not heard that they were counted.
  expect(gossip).toHaveLength(4)
  for (const vote of gossip) expect(await third.takeGossip(vote)).toBe('ignore')
})

test('a gossiped vote that nobody signed is its sender’s fault, one for a block to come is nobody’s', async () => {
  const { execute, checkpoints } = leavers()
  const third = checkpoints[2]!
  await execute(1)
  const forged: Required<Vote> = {
    height: 1,
    signature: new Uint8Array(64),
    voter: signers[0]!.address as AddressHex,
  }
  expect(await third.takeGossip(encodeGossipedVote(forged, 0))).toBe('reject')
  expect(await third.takeGossip(encodeGossipedVote({ ...forged, height: 9 }, 0))).toBe('ignore')
  expect(await third.takeGossip(Uint8Array.of(1, 2, 3))).toBe('reject')
})

test('a header names the set of the next block, and the last header of a committee is kept', async () => {
  const { execute, checkpoints, all, gossip } = leavers()
  for (const height of [1, 2, 3]) {
    await execute(height)
    for (const one of checkpoints) for (const vote of gossip) await one.takeGossip(vote)
    gossip.length = 0
    for (const [i, one] of checkpoints.entries()) {
      const messages = one.takeMessages()
      for (const other of checkpoints) await other.take(unitOf(i, messages))
    }
  }
  const { sets, checkpoints: last } = all[3]!
  const [old, young] = [sets.at(2)!.set, sets.at(3)!.set]
  expect(last.signed(1)!.header).toMatchObject({ validatorsHash: old.hash, nextValidatorsHash: old.hash })
  expect(last.signed(2)!.header).toMatchObject({ validatorsHash: old.hash, nextValidatorsHash: young.hash })
  expect(last.signed(3)!.header).toMatchObject({ validatorsHash: young.hash, nextValidatorsHash: young.hash })
  expect(sets.endsReign(2)).toBe(true)
  // One step while more than a third of the trusted set signs, two where it does not.
  expect(last.updates(3, 2)).toHaveLength(1)
  expect(last.updates(3, 1)).toHaveLength(2)
})

test('the stake of a member without a vote key counts against the quorum', async () => {
  const store = createMemoryStore()
  const { voters } = setOf([2n, 1n, 1n, 1n])
  const nobody = voters.map((voter, i) => (i === 0 ? { ...voter, publicKey: new Uint8Array(32).fill(0xcd) } : voter))
  const sets = new VoterSets(store, () => new VoterSet(nobody))
  const first = new IbcCheckpoints({ chainId: 'zone-1', sets, store })
  await first.blockDone(block(1))
  for (const i of [1, 2, 3]) {
    const voter = new IbcCheckpoints({
      chainId: 'zone-1',
      sets,
      store: createMemoryStore(),
      validator: { address: signers[i]!.address as AddressHex, signingKey: keys[i]! },
    })
    await voter.blockDone(block(1))
    await first.take(unitOf(i, voter.takeMessages()))
  }
  await first.take(unitOf(0, [{ kind: 7, version: 1, body: Uint8Array.of(0xc0) }]))
  expect(first.newest).toBe(0)
})
