import { bytesToHex } from '@ethereumjs/util'
import {
  ATTESTATION_TYPE_URLS,
  AttestationProof,
  AttestationsClientState,
  AttestationsConsensusState,
  attest,
  attestorAddress,
  encodeStateAttestation,
  type IbcMessage,
} from '@zos/hub-ibc'
import { connectV2, createMemoryCursors, createRelayer } from '@zos/hub-ibc/relayer'
import { keccak256 } from '@zos/pipeline/hash'
import { expect, test } from 'vitest'
import { NodeError } from '../../src/errors.ts'
import { IBC_GATEWAY_ADDRESS, IBC_HOST_ADDRESS } from '../../src/ibc/addresses.ts'
import { writeRecord } from '../../src/ibc/byte-records.ts'
import { GATEWAY_CODE } from '../../src/ibc/bytecode.ts'
import { encodeSubmit } from '../../src/ibc/gateway-logs.ts'
import { STORE_POSITION } from '../../src/ibc/host-records.ts'
import { encodeMessage } from '../../src/ibc/ibc-host.ts'
import { SIGNATURE_GAS } from '../../src/native/gas-meter.ts'
import { slotAt, slotValue, systemStorage } from '../../src/native/native-storage.ts'
import type { AddressHex } from '../../src/state/account.ts'
import {
  createEvmChain,
  type EvmChain,
  gatewayInterface,
  gatewayLog,
  RELAYER,
  submit,
  tokenInterface,
} from './evm-chain.ts'

const ALICE: AddressHex = `0x${'a1'.repeat(20)}`
const BOB: AddressHex = `0x${'b0'.repeat(20)}`
const COIN_DENOM = 'azos'

async function twoChains() {
  const hub = await createEvmChain('zoshub-1', { [ALICE]: 1_000n })
  const zone = await createEvmChain('zone-1', { [ALICE]: 1_000n })
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

const sendCoin = (chain: EvmChain, client: string, receiver: string, value: bigint, seconds = 600n) =>
  chain.send({
    from: ALICE,
    to: IBC_GATEWAY_ADDRESS,
    value,
    data: gatewayInterface.encodeFunctionData('sendCoin', [client, receiver, chain.seconds() + seconds, '']),
  })

async function sendToken(
  chain: EvmChain,
  token: AddressHex,
  from: AddressHex,
  client: string,
  receiver: string,
  amount: bigint,
) {
  await chain.send({
    from,
    to: token,
    data: tokenInterface.encodeFunctionData('approve', [IBC_GATEWAY_ADDRESS, amount]),
  })
  return chain.send({
    from,
    to: IBC_GATEWAY_ADDRESS,
    data: gatewayInterface.encodeFunctionData('sendToken', [
      token,
      amount,
      client,
      receiver,
      chain.seconds() + 600n,
      '',
    ]),
  })
}

const coins = (chain: EvmChain, account: AddressHex) => chain.state.account(account)?.balance ?? 0n

/** The token that the first transfer from the other chain made. */
async function bridgedToken(chain: EvmChain, client: string): Promise<AddressHex> {
  const name = chain.ibc.callMachine.read(chain.state, { number: 1, time: 1n }, ({ hub }) =>
    hub.assets.nameOf({ zone: hub.assets.zoneAt([{ port: 'transfer', channel: client }]), base: COIN_DENOM }),
  )
  return name.slice('erc20/'.length) as AddressHex
}

test('the coin goes to the zone as a token with its name and decimals, and home again', async () => {
  const { hub, zone, hubClient, zoneClient, relay, relayer } = await twoChains()
  await sendCoin(hub, hubClient, BOB, 300n)
  expect(coins(hub, IBC_GATEWAY_ADDRESS)).toBe(300n)
  await relay()
  const token = await bridgedToken(zone, zoneClient)
  expect(await zone.balanceOf(token, BOB)).toBe(300n)
  const ask = async (name: string) => {
    const { returned } = await zone.call({ from: BOB, to: token, data: tokenInterface.encodeFunctionData(name, []) })
    return tokenInterface.decodeFunctionResult(name, returned)[0]
  }
  expect([await ask('name'), await ask('symbol'), await ask('decimals')]).toEqual(['ZOS', 'ZOS', 18n])

  // A second transfer mints in the same contract.
  await sendCoin(hub, hubClient, BOB, 50n)
  await relay()
  expect(await ask('totalSupply')).toBe(350n)

  await sendToken(zone, token, BOB, zoneClient, ALICE, 350n)
  await relay()
  expect(await ask('totalSupply')).toBe(0n)
  expect(coins(hub, ALICE)).toBe(1_000n)
  expect(coins(hub, IBC_GATEWAY_ADDRESS)).toBe(0n)
  expect(relayer.progress).toMatchObject({ received: 3, acknowledged: 3, rejected: 0, pending: 0 })
})

test('what times out is refunded', async () => {
  const { hub, zone, hubClient, relay, relayer } = await twoChains()
  await sendCoin(hub, hubClient, BOB, 300n, 60n)
  expect(coins(hub, ALICE)).toBe(700n)
  hub.wait(120)
  zone.wait(120)
  await hub.block([])
  await zone.block([])
  await relay()
  expect(relayer.progress).toMatchObject({ timedOut: 1, received: 0, pending: 0 })
  expect(coins(hub, ALICE)).toBe(1_000n)
})

test('a receiver that is no address gets nothing, and the sender is refunded', async () => {
  const { hub, hubClient, relay, relayer } = await twoChains()
  await sendCoin(hub, hubClient, 'zos1bob', 300n)
  await relay()
  expect(relayer.progress).toMatchObject({ received: 1, acknowledged: 1 })
  expect(coins(hub, ALICE)).toBe(1_000n)
})

test('coins that a contract refuses wait for a claim instead of holding up the packet', async () => {
  const { hub, zone, hubClient, zoneClient, relay, relayer } = await twoChains()
  const refusing: AddressHex = `0x${'cc'.repeat(20)}`
  await sendCoin(hub, hubClient, BOB, 300n)
  await relay()
  // PUSH1 0 PUSH1 0 REVERT
  await hub.block([], (state) => state.setCode(refusing, Uint8Array.of(0x60, 0, 0x60, 0, 0xfd)))
  await sendToken(zone, await bridgedToken(zone, zoneClient), BOB, zoneClient, refusing, 300n)
  await relay()
  expect(relayer.progress).toMatchObject({ received: 2, acknowledged: 2, rejected: 0 })
  const claim = {
    to: IBC_GATEWAY_ADDRESS,
    data: gatewayInterface.encodeFunctionData('claim', [`0x${'00'.repeat(20)}`, refusing]),
  }
  expect((await hub.call({ from: BOB, ...claim })).succeeded).toBe(false)
  await hub.block([], (state) => state.setCode(refusing, new Uint8Array()))
  await hub.send({ from: BOB, ...claim })
  expect(coins(hub, refusing)).toBe(300n)
  expect((await hub.call({ from: BOB, ...claim })).succeeded).toBe(false)
})

test('a zone that makes tokens out of nothing gets back no more than it holds, and is isolated', async () => {
  const { hub, zone, hubClient, zoneClient, relay } = await twoChains()
  const other = await createEvmChain('other-1', { [ALICE]: 0n })
  const path = await connectV2(hub.endpoint, other.endpoint, RELAYER)
  const second = createRelayer({
    a: { endpoint: hub.endpoint, clientId: path.clientA },
    b: { endpoint: other.endpoint, clientId: path.clientB },
    cursors: createMemoryCursors(),
    signer: RELAYER,
  })
  await sendCoin(hub, hubClient, BOB, 300n)
  await sendCoin(hub, path.clientA, BOB, 500n)
  await relay()
  while (await second.step());

  const token = await bridgedToken(zone, zoneClient)
  await zone.block([], (state) => {
    const owner = Buffer.from(BOB.slice(2).padStart(64, '0'), 'hex')
    const positions = Array.from({ length: 8 }, (_, position) => position)
    const forged = [...positions.map((at) => slotAt(BigInt(at))), ...positions.map((at) => solidityMapping(owner, at))]
      // The supply and the balance.
      .filter((slot) => bytesToHex(state.storage(token, slot)) === '0x012c')
    expect(forged).toHaveLength(2)
    for (const slot of forged) state.setStorage(token, slot, slotValue(10_000n))
    // Its own books would refuse; a network that cheats changes them too.
    const books = systemStorage(state, IBC_HOST_ADDRESS)
    const forge = (name: string) => writeRecord(books, STORE_POSITION.zones, Buffer.from(name), Buffer.from('10000'))
    forge(`backing/transfer/${zoneClient}/${COIN_DENOM}`)
    forge(`issued/erc20/${token}`)
  })
  expect(await zone.balanceOf(token, BOB)).toBe(10_000n)
  await sendToken(zone, token, BOB, zoneClient, BOB, 301n)
  await relay()
  expect(coins(hub, BOB)).toBe(0n)
  const isolated = hub.ibc.callMachine.read(hub.state, { number: 1, time: 1n }, ({ hub: books }) =>
    books.isolationOf({ port: 'transfer', channel: hubClient }),
  )
  expect(isolated).toContain('asked for more than it holds')

  // The other zone is served as before.
  await sendToken(other, await bridgedToken(other, path.clientB), BOB, path.clientB, BOB, 500n)
  while (await second.step());
  expect(coins(hub, BOB)).toBe(500n)
})

test('only the gateway calls the host, and nobody signs for another', async () => {
  const { hub, hubClient } = await twoChains()
  const direct = await hub.call({ from: ALICE, to: IBC_HOST_ADDRESS, data: '0x12345678' })
  expect(direct.succeeded).toBe(false)
  expect(Buffer.from(direct.returned).toString()).toContain('only the gateway calls the IBC host')

  const states = await hub.endpoint.clientStates()
  const created = await submit(hub, ALICE, [{ typeUrl: '/ibc.core.client.v1.MsgCreateClient', ...states, signer: 'x' }])
  const clientId = (created[0] as { result: string }).result
  expect(clientId).not.toBe(hubClient)
  const register: IbcMessage = {
    typeUrl: '/ibc.core.client.v2.MsgRegisterCounterparty',
    clientId,
    counterpartyClientId: '07-tendermint-9',
    counterpartyMerklePrefix: [Buffer.from('ibc')],
    signer: ALICE,
  }
  expect(await submit(hub, BOB, [register])).toMatchObject([
    { status: 'rejected', reason: expect.stringContaining('HUB_UNAUTHORIZED') },
  ])
  expect(await submit(hub, ALICE, [register])).toMatchObject([{ status: 'done' }])
})

test('a message that takes tokens is refused where nobody has paid them in, and bytes that are no message are too', async () => {
  const { hub, hubClient } = await twoChains()
  const steal: IbcMessage = {
    typeUrl: '/ibc.core.channel.v2.MsgSendPacket',
    sourceClient: hubClient,
    timeoutTimestamp: hub.seconds() + 600n,
    payloads: [],
    signer: ALICE,
  }
  expect(await submit(hub, ALICE, [steal])).toMatchObject([{ status: 'rejected' }])
  const outcome = await hub.send({
    from: ALICE,
    to: IBC_GATEWAY_ADDRESS,
    data: gatewayInterface.encodeFunctionData('submit', [['0x', '0xffffff', '0x0a0161']]),
  })
  expect(gatewayLog(outcome, 'Delivered')?.status).toBe(2n)
})

test('a call that runs out of gas after the host has decided leaves nothing of it, in the state or in the trees', async () => {
  const { hub, hubClient } = await twoChains()
  const data = gatewayInterface.encodeFunctionData('sendCoin', [hubClient, BOB, hub.seconds() + 600n, ''])
  const call = { from: ALICE, to: IBC_GATEWAY_ADDRESS, value: 300n, data }
  const { gasUsed } = await hub.call(call)
  const before = hub.ibc.ledger.last!.appHash
  let failures = 0
  for (let gasLimit = gasUsed - 1_000n; gasLimit > 40_000n; gasLimit -= gasUsed / 12n) {
    const [outcome] = await hub.block([{ ...call, gasLimit }])
    if (!outcome!.succeeded) failures++
    expect(outcome!.succeeded).toBe(false)
  }
  expect(failures).toBeGreaterThan(5)
  expect(hub.ibc.ledger.last!.appHash).toEqual(before)
  expect(coins(hub, IBC_GATEWAY_ADDRESS)).toBe(0n)
  await hub.send(call)
  expect(hub.ibc.ledger.last!.appHash).not.toEqual(before)
})

test('calls that only ask change nothing', async () => {
  const { hub, hubClient } = await twoChains()
  const before = hub.ibc.ledger.last!.appHash
  const data = gatewayInterface.encodeFunctionData('sendCoin', [hubClient, BOB, hub.seconds() + 600n, ''])
  expect((await hub.call({ from: ALICE, to: IBC_GATEWAY_ADDRESS, value: 5n, data })).succeeded).toBe(true)
  await hub.block([])
  expect(hub.ibc.ledger.last!.appHash).toEqual(before)
  expect(GATEWAY_CODE.length).toBeLessThan(2 * 24_576)
})

/** The slot of a 32-byte key in a Solidity mapping at `position`. */
function solidityMapping(key: Uint8Array, position: number) {
  return bytesToHex(keccak256(Buffer.concat([key, Buffer.alloc(31), Buffer.of(position)])))
}

test('a record that cannot be read stops the node; it makes no refused packet of it', async () => {
  const { hub, zone, hubClient, zoneClient } = await twoChains()
  await sendCoin(hub, hubClient, BOB, 300n)
  let messages: readonly IbcMessage[] = []
  const caught = createRelayer({
    a: { endpoint: hub.endpoint, clientId: hubClient },
    b: {
      endpoint: {
        ...zone.endpoint,
        submit: async (given) => {
          messages = given
          return []
        },
      },
      clientId: zoneClient,
    },
    cursors: createMemoryCursors(),
    signer: RELAYER,
  })
  await caught.step()
  const call = { from: RELAYER, to: IBC_GATEWAY_ADDRESS, data: encodeSubmit(messages.map(encodeMessage)) }
  const read = zone.state.storage.bind(zone.state)
  let reads = 0
  let damaged = 0
  zone.state.storage = (address, slot) => {
    if (address === IBC_HOST_ADDRESS && ++reads === damaged) throw new NodeError('NODE_STORE_CORRUPT', 'damaged')
    return read(address, slot)
  }
  expect((await zone.call(call)).succeeded).toBe(true)
  const all = reads
  for (damaged = 1; damaged <= all; damaged++) {
    reads = 0
    await expect(zone.call(call), `read ${damaged}`).rejects.toMatchObject({ code: 'NODE_STORE_CORRUPT' })
  }
})

test('every signature that a client checks is paid for', async () => {
  const { hub } = await twoChains()
  const keys = Array.from({ length: 6 }, (_, i) => new Uint8Array(32).fill(i + 1))
  const [created] = await submit(hub, ALICE, [
    {
      typeUrl: '/ibc.core.client.v1.MsgCreateClient',
      clientState: {
        typeUrl: ATTESTATION_TYPE_URLS.clientState,
        value: AttestationsClientState.encode({
          attestorAddresses: keys.map(attestorAddress),
          minRequiredSigs: 2,
          latestHeight: 1n,
        }),
      },
      consensusState: {
        typeUrl: ATTESTATION_TYPE_URLS.consensusState,
        value: AttestationsConsensusState.encode({ timestamp: 1n }),
      },
      signer: ALICE,
    },
  ])
  const { result: clientId } = created as { result: string }
  const gasWith = async (signers: number) => {
    const data = encodeStateAttestation(2n, 2n)
    const signatures = keys.slice(0, signers).map((key) => attest(key, 'state', data))
    const value = AttestationProof.encode({ attestationData: data, signatures })
    const update: IbcMessage = {
      typeUrl: '/ibc.core.client.v1.MsgUpdateClient',
      clientId,
      clientMessage: { typeUrl: ATTESTATION_TYPE_URLS.proof, value },
      signer: ALICE,
    }
    const call = { from: ALICE, to: IBC_GATEWAY_ADDRESS, data: encodeSubmit([encodeMessage(update)]) }
    const outcome = await hub.call(call)
    expect(gatewayLog(outcome, 'Delivered')?.status).toBe(0n)
    return outcome.gasUsed
  }
  expect((await gasWith(6)) - (await gasWith(2))).toBeGreaterThan(4n * SIGNATURE_GAS)
})
