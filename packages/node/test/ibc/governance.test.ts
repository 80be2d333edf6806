/** What the governor of a network may do with its hub, and that nobody else may. */
import { bytesToHex } from '@ethereumjs/util'
import { TendermintHeader, TendermintMisbehaviour } from '@zos/hub-ibc'
import { connectV2, createClient, createMemoryCursors, createRelayer } from '@zos/hub-ibc/relayer'
import { Interface } from 'ethers'
import { beforeEach, expect, test } from 'vitest'
import { IBC_GATEWAY_ADDRESS, IBC_HOST_ADDRESS } from '../../src/ibc/addresses.ts'
import { GOVERNANCE_ABI } from '../../src/ibc/governance.ts'
import type { AddressHex } from '../../src/state/account.ts'
import { createEvmChain, type EvmChain, gatewayInterface, RELAYER, submit } from './evm-chain.ts'

const ALICE: AddressHex = `0x${'a1'.repeat(20)}`
const BOB: AddressHex = `0x${'b0'.repeat(20)}`
const GOVERNOR: AddressHex = `0x${'90'.repeat(20)}`
const abi = new Interface(GOVERNANCE_ABI)

let hub: EvmChain
let zone: EvmChain
let hubClient: string
let route: string
let relayer: ReturnType<typeof createRelayer>
const relay = async () => {
  while (await relayer.step());
}

beforeEach(async () => {
  hub = await createEvmChain('zoshub-1', { [ALICE]: 10_000n }, undefined, GOVERNOR)
  zone = await createEvmChain('zone-1', { [ALICE]: 10_000n })
  const path = await connectV2(hub.endpoint, zone.endpoint, RELAYER)
  hubClient = path.clientA
  route = `transfer/${hubClient}`
  relayer = createRelayer({
    a: { endpoint: hub.endpoint, clientId: hubClient },
    b: { endpoint: zone.endpoint, clientId: path.clientB },
    cursors: createMemoryCursors(),
    signer: RELAYER,
  })
})

const call = (name: string, ...args: unknown[]) => ({ to: IBC_HOST_ADDRESS, data: abi.encodeFunctionData(name, args) })
const govern = (name: string, ...args: unknown[]) => hub.send({ from: GOVERNOR, ...call(name, ...args) })
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1')
const send = async (value: bigint, chain = hub, client = hubClient, seconds = 600n) => {
  const data = gatewayInterface.encodeFunctionData('sendCoin', [client, BOB, chain.seconds() + seconds, ''])
  return (await chain.block([{ from: ALICE, to: IBC_GATEWAY_ADDRESS, value, data }]))[0]!
}
const reasonOf = (returned: Uint8Array) => String(gatewayInterface.parseError(bytesToHex(returned))?.args[0])
const coins = (chain: EvmChain, account: AddressHex) => chain.state.account(account)?.balance ?? 0n

test('only the governor governs, by calls of its own, until it names another', async () => {
  for (const [name, ...args] of [
    ['setLimit', route, 'azos', true, 1n, 0n],
    ['isolate', route, 'because'],
    ['setGovernor', ALICE],
  ] as const) {
    const { succeeded, returned } = await hub.call({ from: ALICE, ...call(name, ...args) })
    expect(succeeded).toBe(false)
    expect(text(returned)).toContain('only the governor')
  }
  expect((await hub.call({ from: GOVERNOR, value: 1n, ...call('isolate', route, 'x') })).succeeded).toBe(false)
  const { logs } = await govern('setGovernor', ALICE)
  expect(abi.parseLog({ topics: [...logs[0]!.topics], data: bytesToHex(logs[0]!.data) })?.args.toArray()).toEqual([
    'setGovernor',
    ALICE,
  ])
  expect((await hub.call({ from: GOVERNOR, ...call('isolate', route, 'x') })).succeeded).toBe(false)
  expect((await hub.call({ from: ALICE, ...call('isolate', route, 'x') })).succeeded).toBe(true)
})

test('a network without a governor has none', async () => {
  for (const from of [ALICE, GOVERNOR, `0x${'00'.repeat(20)}` as const])
    expect((await zone.call({ from, ...call('isolate', route, 'x') })).succeeded).toBe(false)
})

test('arguments that are no route, no number or too long change nothing', async () => {
  for (const bad of [
    call('isolate', 'transfer', 'x'),
    call('isolate', 'transfer/a/b', 'x'),
    call('isolate', `transfer/${'x'.repeat(600)}`, 'x'),
    { to: IBC_HOST_ADDRESS, data: `${call('isolate', route, 'x').data.slice(0, 40)}` },
    call('recoverClient', hubClient, hubClient),
    call('recoverClient', '07-tendermint-9', hubClient),
  ])
    expect((await hub.call({ from: GOVERNOR, ...bad })).succeeded).toBe(false)
})

test('a limit holds what leaves until the bucket has filled again; a refund passes', async () => {
  await govern('setLimit', route, 'azos', true, 100n, 1n)
  expect((await send(90n, hub, hubClient, 30n)).succeeded).toBe(true)
  const refused = await send(20n)
  expect(refused.succeeded).toBe(false)
  expect(reasonOf(refused.returned)).toContain('HUB_RATE_LIMITED')
  // Even a limit of nothing does not hold a refund back.
  await govern('setLimit', route, 'azos', true, 0n, 0n)
  await govern('setLimit', route, 'azos', false, 0n, 0n)
  hub.wait(40)
  zone.wait(40)
  await hub.block([])
  await zone.block([])
  await relay()
  expect(relayer.progress).toMatchObject({ timedOut: 1, pending: 0 })
  expect(coins(hub, ALICE)).toBe(10_000n)
  await govern('clearLimit', route, 'azos', true)
  expect((await send(1_000n)).succeeded).toBe(true)
})

test('a limit on what comes in sends it back where it came from', async () => {
  const zoneCoin = hub.ibc.callMachine.read(hub.state, { number: 1, time: 1n }, ({ hub: { assets } }) =>
    assets.nameOf({ zone: assets.zoneAt([{ port: 'transfer', channel: hubClient }]), base: 'azos' }),
  )
  await govern('setLimit', route, zoneCoin, false, 50n, 0n)
  await send(60n, zone, '07-tendermint-0')
  await relay()
  expect(coins(zone, ALICE)).toBe(10_000n)
  await send(50n, zone, '07-tendermint-0')
  await relay()
  expect(coins(zone, ALICE)).toBe(9_950n)
})

test('a cap bounds what a zone may have outstanding of its own', async () => {
  const origin = hub.ibc.callMachine.read(hub.state, { number: 1, time: 1n }, ({ hub: { assets } }) =>
    assets.zoneAt([{ port: 'transfer', channel: hubClient }]),
  )
  await govern('setCap', origin, 'azos', 70n)
  for (const [amount, left] of [
    [50n, 9_950n],
    [30n, 9_950n],
    [20n, 9_930n],
  ] as const) {
    await send(amount, zone, '07-tendermint-0')
    await relay()
    expect(coins(zone, ALICE)).toBe(left)
  }
  await govern('clearCap', origin, 'azos')
  await send(500n, zone, '07-tendermint-0')
  await relay()
  expect(coins(zone, ALICE)).toBe(9_430n)
})

test('an isolated zone stands still until it is readmitted', async () => {
  await govern('isolate', route, 'under review')
  const refused = await send(10n)
  expect(reasonOf(refused.returned)).toContain('HUB_ISOLATED')
  await send(10n, zone, '07-tendermint-0')
  await relay()
  expect(coins(zone, ALICE)).toBe(10_000n)
  await govern('readmit', route)
  expect((await send(10n)).succeeded).toBe(true)
  await relay()
  expect(relayer.progress.pending).toBe(0)
})

test('one zone behind two clients has one asset once the governor says that it is one zone', async () => {
  const second = await connectV2(hub.endpoint, zone.endpoint, RELAYER)
  const nameBy = (client: string) =>
    hub.ibc.callMachine.read(hub.state, { number: 1, time: 1n }, ({ hub: { assets } }) =>
      assets.nameOf({ zone: assets.zoneAt([{ port: 'transfer', channel: client }]), base: 'azos' }),
    )
  expect(nameBy(second.clientA)).not.toBe(nameBy(hubClient))
  for (const client of [hubClient, second.clientA]) await govern('setAlias', `transfer/${client}`, 'teahouse')
  expect(nameBy(second.clientA)).toBe(nameBy(hubClient))
})

test('a frozen client goes on with the state of another that the governor trusts, and its packets with it', async () => {
  expect((await send(100n)).succeeded).toBe(true)
  await relay()
  // The zone's validator signs a second header for a block, under the client's eyes.
  const trusted = Number((await hub.endpoint.clientHeight(hubClient)).revisionHeight)
  await zone.block([])
  const fork = await createEvmChain('zone-1', { [BOB]: 1n })
  for (let i = 0; i <= trusted; i++) await fork.block([], (state) => state.setCode(BOB, Uint8Array.of(i)))
  const header = ({ ibc }: EvmChain) =>
    TendermintHeader.decode(ibc.checkpoints.updates(trusted + 1, trusted)![0]!.value)
  const misbehaviour = TendermintMisbehaviour.encode({
    clientId: hubClient,
    header1: header(zone),
    header2: header(fork),
  })
  const typeUrl = '/ibc.core.client.v1.MsgUpdateClient' as const
  const clientMessage = { typeUrl: '/ibc.lightclients.tendermint.v1.Misbehaviour', value: misbehaviour }
  expect(await submit(hub, RELAYER, [{ typeUrl, clientId: hubClient, clientMessage, signer: RELAYER }])).toMatchObject([
    { status: 'done' },
  ])
  expect(reasonOf((await send(5n)).returned)).toContain('HUB_CLIENT_INACTIVE')

  await zone.block([])
  const substitute = await createClient(hub.endpoint, zone.endpoint, RELAYER)
  expect((await hub.call({ from: ALICE, ...call('recoverClient', hubClient, substitute) })).succeeded).toBe(false)
  await govern('recoverClient', hubClient, substitute)
  expect((await send(5n)).succeeded).toBe(true)
  await relay()
  expect(relayer.progress).toMatchObject({ received: 2, acknowledged: 2, pending: 0 })
})
