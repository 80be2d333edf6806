/** Packets while the committees of the networks change under them, up to the last member. */
import { bytesToHex } from '@ethereumjs/util'
import { ed25519 } from '@noble/curves/ed25519.js'
import { signerFromPrivateKey } from '@zos/dag'
import {
  checkpointHeader,
  checkpointUpdate,
  checkpointVote,
  signedCheckpoint,
  TendermintHeader,
  TendermintMisbehaviour,
} from '@zos/hub-ibc'
import { connectV2, createMemoryCursors, createRelayer } from '@zos/hub-ibc/relayer'
import { expect, test } from 'vitest'
import { IBC_GATEWAY_ADDRESS, IBC_HOST_ADDRESS } from '../../src/ibc/addresses.ts'
import { ibcVoteKey } from '../../src/ibc/settings.ts'
import { encodeRegistration } from '../../src/ibc/vote-key-call.ts'
import { signVoteKey, voteKeyOf } from '../../src/ibc/vote-keys.ts'
import { readOnlyStorage } from '../../src/native/native-storage.ts'
import type { AddressHex } from '../../src/state/account.ts'
import { createEvmChain, type EvmChain, gatewayInterface, RELAYER, submit, validatorKey } from './evm-chain.ts'

const ALICE: AddressHex = `0x${'a1'.repeat(20)}`
const BOB: AddressHex = `0x${'b0'.repeat(20)}`
const [K1, K2, K3, K4, K5, K6] = [1, 2, 3, 4, 5, 6].map(validatorKey) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
  Uint8Array,
  Uint8Array,
  Uint8Array,
]

async function twoChains() {
  const hub = await createEvmChain('zoshub-1', { [ALICE]: 1_000n }, [K1, K2, K3])
  const zone = await createEvmChain('zone-1', { [ALICE]: 1_000n }, [K1])
  const { clientA: hubClient, clientB: zoneClient } = await connectV2(hub.endpoint, zone.endpoint, RELAYER)
  const relayer = createRelayer({
    a: { endpoint: hub.endpoint, clientId: hubClient },
    b: { endpoint: zone.endpoint, clientId: zoneClient },
    cursors: createMemoryCursors(),
    signer: RELAYER,
  })
  const relay = async () => {
    while (await relayer.step());
  }
  return { hub, zone, hubClient, zoneClient, relayer, relay }
}

const register = (name: string, key: Uint8Array, sequence = 1n) => ({
  from: ALICE,
  to: IBC_HOST_ADDRESS,
  data: encodeRegistration(signVoteKey(name, key, sequence)),
})

const sendCoin = (chain: EvmChain, client: string, value: bigint) => ({
  from: ALICE,
  to: IBC_GATEWAY_ADDRESS,
  value,
  data: gatewayInterface.encodeFunctionData('sendCoin', [client, BOB, chain.seconds() + 3_600n, '']),
})

const reason = (returned: Uint8Array) => Buffer.from(returned).toString('latin1')

test('packets go both ways while a committee is replaced member by member, and then all at once', {
  timeout: 60_000,
}, async () => {
  const { hub, zone, hubClient, zoneClient, relayer, relay } = await twoChains()
  await hub.block([K4, K5, K6].map((key) => register('zoshub-1', key)))

  // One leaves, one enters, while packets are on their way.
  await hub.send(sendCoin(hub, hubClient, 10n))
  await zone.send(sendCoin(zone, zoneClient, 7n))
  await hub.endEpoch([K2, K3, K4], [sendCoin(hub, hubClient, 11n)])
  await hub.block([])
  await relay()
  expect(relayer.progress).toMatchObject({ received: 3, acknowledged: 3, pending: 0, rejected: 0 })

  // Two epochs with nobody in common with the one that the zone's client knows.
  await hub.send(sendCoin(hub, hubClient, 12n))
  await hub.endEpoch([K4, K5, K6])
  await hub.block([])
  await hub.endEpoch([K1, K5, K6])
  await hub.block([])
  await zone.send(sendCoin(zone, zoneClient, 8n))
  const updates = relayer.progress.clientUpdates
  await relay()
  expect(relayer.progress).toMatchObject({ received: 5, acknowledged: 5, pending: 0, rejected: 0 })
  // {2,3,4} signs its last header, {4,5,6} is a third of it: not more than that, so the step in between is needed.
  expect(relayer.progress.clientUpdates - updates).toBeGreaterThan(2)
})

test('a header of the new committee alone is refused by a client that has not seen the change', async () => {
  const { hub, zone, zoneClient } = await twoChains()
  await hub.block([K4, K5, K6].map((key) => register('zoshub-1', key)))
  const trusted = hub.ibc.ledger.last!.height
  await hub.endEpoch([K4, K5, K6])
  await hub.block([])
  const { sets, checkpoints } = hub.ibc
  const target = hub.ibc.ledger.last!.height
  const { set: before } = sets.at(trusted)!
  const revisionNumber = 1n
  const short = checkpointUpdate(
    checkpoints.signed(target)!,
    sets.at(target)!.set.validators,
    { revisionNumber, revisionHeight: BigInt(trusted) },
    before.validators,
  )
  const message = (clientMessage: typeof short) => ({
    typeUrl: '/ibc.core.client.v1.MsgUpdateClient' as const,
    clientId: zoneClient,
    clientMessage,
    signer: RELAYER,
  })
  const known = Number((await zone.endpoint.clientHeight(zoneClient)).revisionHeight)
  for (const update of checkpoints.updates(trusted, known)!) await submit(zone, RELAYER, [message(update)])
  expect(await submit(zone, RELAYER, [message(short)])).toMatchObject([
    { status: 'rejected', reason: expect.stringContaining('too little of the trusted set') },
  ])
  for (const update of checkpoints.updates(target, trusted)!)
    expect(await submit(zone, RELAYER, [message(update)])).toMatchObject([{ status: 'done' }])
})

test('two headers of one height by a committee that is long gone freeze the client', async () => {
  const { hub, zone, zoneClient } = await twoChains()
  const trusted = Number((await zone.endpoint.clientHeight(zoneClient)).revisionHeight)
  await hub.block([])
  const doubled = hub.ibc.ledger.last!
  await hub.block([K4, K5, K6].map((key) => register('zoshub-1', key)))
  await hub.endEpoch([K4, K5, K6])
  for (let i = 0; i < 3; i++) await hub.block([])
  const update = (clientMessage: { typeUrl: string; value: Uint8Array }) =>
    submit(zone, RELAYER, [
      { typeUrl: '/ibc.core.client.v1.MsgUpdateClient', clientId: zoneClient, clientMessage, signer: RELAYER },
    ])
  for (const step of hub.ibc.checkpoints.updates(hub.ibc.ledger.last!.height, trusted)!)
    expect(await update(step)).toMatchObject([{ status: 'done' }])

  const { set } = hub.ibc.sets.at(doubled.height)!
  const signedBy = (keys: readonly Uint8Array[], appHash: Uint8Array) => {
    const header = checkpointHeader({
      chainId: 'zoshub-1',
      height: BigInt(doubled.height),
      time: doubled.time,
      appHash,
      validators: set.validators,
      nextValidators: set.validators,
      unit: new Uint8Array(32),
      mainChainIndex: 1n,
    })
    const secretAt = new Map(keys.map((key) => [set.positionOf(signerFromPrivateKey(key).address), ibcVoteKey(key)]))
    const signatures = set.validators.map((_, i) => {
      const secret = secretAt.get(i)
      return secret && ed25519.sign(checkpointVote(header, set.validators, i).signBytes, secret)
    })
    const height = { revisionNumber: 1n, revisionHeight: BigInt(trusted) }
    return TendermintHeader.decode(
      checkpointUpdate(signedCheckpoint(header, set.validators, signatures), set.validators, height, set.validators)
        .value,
    )
  }
  const evidence = (keys: readonly Uint8Array[]) => ({
    typeUrl: '/ibc.lightclients.tendermint.v1.Misbehaviour',
    value: TendermintMisbehaviour.encode({
      clientId: zoneClient,
      header1: signedBy(keys, new Uint8Array(32).fill(1)),
      header2: signedBy(keys, new Uint8Array(32).fill(2)),
    }),
  })
  // Two of three are no quorum; the new committee's word is worth nothing about the old one's blocks.
  for (const keys of [
    [K1, K2],
    [K4, K5, K6],
  ])
    expect(await update(evidence(keys))).toMatchObject([{ status: 'rejected' }])
  expect(await update(evidence([K1, K2, K3]))).toMatchObject([{ status: 'done' }])
  const status = zone.ibc.callMachine.read(zone.state, { number: 1, time: BigInt(zone.seconds()) * 10n ** 9n }, (at) =>
    at.host.clientStatus(zoneClient),
  )
  expect(status).toBe('frozen')
})

test('a vote key is registered by whoever holds both keys, once a sequence, and no two validators have the same', async () => {
  const hub = await createEvmChain('zoshub-1', { [ALICE]: 1n }, [K1, K2])
  const call = async (registration: Parameters<typeof encodeRegistration>[0]) =>
    hub.call({ from: BOB, to: IBC_HOST_ADDRESS, data: encodeRegistration(registration) })
  const good = signVoteKey('zoshub-1', K3, 1n)
  expect((await call(good)).succeeded).toBe(true)
  expect(reason((await call(signVoteKey('other-1', K3, 1n))).returned)).toContain('signing key did not sign')
  expect(reason((await call({ ...good, possession: new Uint8Array(64) })).returned)).toContain('vote key did not sign')
  expect(reason((await call({ ...good, sequence: 2n })).returned)).toContain('did not sign')
  expect(reason((await call(signVoteKey('zoshub-1', K1, 0n))).returned)).toContain('registered already')
  // A point of small order, under which the zero signature holds for everything where cofactors are ignored.
  const smallOrder = { ...good, voteKey: Uint8Array.of(1, ...new Uint8Array(31)) }
  expect((await call(smallOrder)).succeeded).toBe(false)

  await hub.send(register('zoshub-1', K3, 5n))
  const storage = readOnlyStorage(hub.state, IBC_HOST_ADDRESS)
  const stored = voteKeyOf(storage, signerFromPrivateKey(K3).address as AddressHex)!
  expect(bytesToHex(stored.voteKey)).toBe(bytesToHex(good.voteKey))
  expect(stored.sequence).toBe(5n)
  expect(reason((await call(signVoteKey('zoshub-1', K3, 5n))).returned)).toContain('registered already')
  expect((await call(signVoteKey('zoshub-1', K3, 6n))).succeeded).toBe(true)
})
