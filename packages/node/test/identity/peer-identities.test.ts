import { afterAll, expect, test } from 'vitest'
import { devnetGenesis } from '../../src/genesis/devnet-genesis.ts'
import { createIsogeny } from '../../src/identity/isogeny.ts'
import { PeerIdentities } from '../../src/identity/peer-identities.ts'

const { genesis, validatorKeys } = devnetGenesis({ validators: 2, timestampMs: 0 })
const members = genesis.validators.map(({ address, publicKey, isogenyKey, stake }) => ({
  address: address as never,
  publicKey: new Uint8Array(Buffer.from(publicKey.slice(2), 'hex')),
  isogenyKey: new Uint8Array(Buffer.from(isogenyKey!.slice(2), 'hex')),
  stake: BigInt(stake),
}))
const NETWORK = new Uint8Array(32).fill(7)
const DAY_MS = 86_400_000
const isogeny = createIsogeny()
afterAll(() => isogeny.close())

const identitiesOf = (
  classical: number,
  second = classical,
  { genesisHash = NETWORK, now = () => 100 * DAY_MS, known = members } = {},
) =>
  new PeerIdentities({
    isogeny,
    genesisHash,
    now,
    members: () => known,
    keys: { secretKey: validatorKeys[classical]!.privateKey, isogenyKey: validatorKeys[second]!.isogenyKey },
  })

/** The record, once it is signed. */
async function recordOf(identities: PeerIdentities, peerId: string): Promise<Uint8Array> {
  expect(identities.own(peerId)).toBeUndefined()
  await identities.signed()
  return identities.own(peerId)!
}

test('a record under both keys of a validator shows whose network key it is', async () => {
  const record = await recordOf(identitiesOf(1), 'peer-b')
  const ours = identitiesOf(0)
  expect(await ours.take('peer-b', record)).toBeUndefined()
  expect(ours.validators(['peer-a', 'peer-b'])).toEqual([members[1]!.address])
  expect(ours.validators(['peer-a'])).toEqual([])
}, 60_000)

test('a record for another network key, network or time, with the isogeny key of another, or changed, is a fault', async () => {
  const record = await recordOf(identitiesOf(1), 'peer-b')
  const ours = identitiesOf(0)
  expect(await ours.take('peer-c', record)).toMatch(/another network key/)
  expect(await ours.take('peer-b', await recordOf(identitiesOf(1, 0), 'peer-b'))).toMatch(/not its own/)
  expect(await identitiesOf(0, 0, { genesisHash: new Uint8Array(32) }).take('peer-b', record)).toMatch(/network/)
  expect(await identitiesOf(0, 0, { now: () => 200 * DAY_MS }).take('peer-b', record)).toMatch(/expired/)
  for (const at of [5, 60, 120, record.length - 250, record.length - 5]) {
    const changed = record.slice()
    changed[at]! ^= 1
    expect(await ours.take('peer-b', changed), `byte ${at}`).toBeDefined()
  }
  expect(await ours.take('peer-b', new Uint8Array())).toMatch(/malformed/)
  expect(ours.validators(['peer-b', 'peer-c'])).toEqual([])
}, 60_000)

test('a node without a stake shows none, and a record of somebody who is no validator says nothing', async () => {
  const follower = new PeerIdentities({
    isogeny,
    genesisHash: NETWORK,
    now: () => 0,
    members: () => members,
    keys: undefined,
  })
  expect(follower.own('peer-a')).toBeUndefined()
  const ours = identitiesOf(0, 0, { known: members.slice(0, 1) })
  expect(await ours.take('peer-b', await recordOf(identitiesOf(1), 'peer-b'))).toBeUndefined()
  expect(ours.validators(['peer-b'])).toEqual([])
}, 60_000)

test('a peer is asked until it has shown a record, but not for ever', async () => {
  const ours = identitiesOf(0)
  const record = await recordOf(identitiesOf(1), 'peer-b')
  expect(ours.toAsk(['peer-b', 'peer-c'])).toEqual(['peer-b', 'peer-c'])
  await ours.take('peer-b', record)
  expect(ours.toAsk(['peer-b', 'peer-c'])).toEqual(['peer-c'])
  for (let i = 0; i < 6; i++) ours.toAsk(['peer-b', 'peer-c'])
  expect(ours.toAsk(['peer-b', 'peer-c'])).toEqual([])
  ours.toAsk(['peer-b'])
  expect(ours.toAsk(['peer-b', 'peer-c'])).toEqual(['peer-c'])
}, 60_000)
