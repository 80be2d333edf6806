/** Opens paths: a pair of clients, and for v1 a connection and a channel over them. */
import type { CancelSignal } from '../cancel.ts'
import { type Any, type Height, type IbcMessage, Order } from '../core/messages.ts'
import { channelPath, connectionPath } from '../core/paths.ts'
import { utf8 } from '../encoding/bytes.ts'
import { HubError } from '../errors.ts'
import type { RelayEndpoint } from './endpoint.ts'

/** An endpoint that can also say how a client of it starts. */
export interface ConnectableEndpoint extends RelayEndpoint {
  clientStates(signal?: CancelSignal): Promise<{ readonly clientState: Any; readonly consensusState: Any }>
}

const PREFIX = utf8('ibc')

async function one(endpoint: RelayEndpoint, message: IbcMessage): Promise<string> {
  const [result] = await endpoint.submit([message])
  if (result?.status === 'rejected')
    throw new HubError('HUB_RELAY', `${endpoint.chainId} refused: ${result.reason}`, {
      typeUrl: message.typeUrl,
      code: result.code,
    })
  return result?.status === 'done' && typeof result.result === 'string' ? result.result : ''
}

/** A client of `of` on `on`; its identifier. */
export async function createClient(on: RelayEndpoint, of: ConnectableEndpoint, signer: string): Promise<string> {
  return one(on, { typeUrl: '/ibc.core.client.v1.MsgCreateClient', ...(await of.clientStates()), signer })
}

/** Brings the client on `on` up to the latest height of `of`; that height. */
export async function updateClient(
  on: RelayEndpoint,
  of: RelayEndpoint,
  clientId: string,
  signer: string,
): Promise<Height> {
  const { height } = await of.latest()
  const trusted = await on.clientHeight(clientId)
  if (height.revisionHeight > trusted.revisionHeight) {
    for (const clientMessage of await of.updates(height, trusted)) {
      await one(on, { typeUrl: '/ibc.core.client.v1.MsgUpdateClient', clientId, clientMessage, signer })
    }
  }
  return height
}

/** IBC v2: a pair of clients that name each other. */
export async function connectV2(
  a: ConnectableEndpoint,
  b: ConnectableEndpoint,
  signer: string,
): Promise<{ clientA: string; clientB: string }> {
  const clientA = await createClient(a, b, signer)
  const clientB = await createClient(b, a, signer)
  const register = (on: RelayEndpoint, clientId: string, counterpartyClientId: string) =>
    one(on, {
      typeUrl: '/ibc.core.client.v2.MsgRegisterCounterparty',
      clientId,
      counterpartyClientId,
      counterpartyMerklePrefix: [PREFIX, new Uint8Array(0)],
      signer,
    })
  await register(a, clientA, clientB)
  await register(b, clientB, clientA)
  return { clientA, clientB }
}

/** IBC v1: clients, connection and one channel. */
export async function connectV1(
  a: ConnectableEndpoint,
  b: ConnectableEndpoint,
  signer: string,
  options: {
    portA?: string
    portB?: string
    version?: string
    ordering?: number
    /** Nanoseconds that a client must have known a height before packets are proved at it; default none. */
    delayPeriod?: bigint
  } = {},
): Promise<{
  clientA: string
  clientB: string
  connectionA: string
  connectionB: string
  channelA: string
  channelB: string
}> {
  const clientA = await createClient(a, b, signer)
  const clientB = await createClient(b, a, signer)
  const { portA = 'transfer', portB = 'transfer', version = 'ics20-1', ordering = Order.UNORDERED } = options
  const { delayPeriod = 0n } = options
  const counterparty = (clientId: string, connectionId: string) => ({
    clientId,
    connectionId,
    prefix: { keyPrefix: PREFIX },
  })
  const versions = [{ identifier: '1', features: ['ORDER_ORDERED', 'ORDER_UNORDERED'] }]
  const fromA = async (key: Uint8Array) => {
    const proofHeight = await updateClient(b, a, clientB, signer)
    return { proofHeight, proof: await a.prove(key, proofHeight) }
  }
  const fromB = async (key: Uint8Array) => {
    const proofHeight = await updateClient(a, b, clientA, signer)
    return { proofHeight, proof: await b.prove(key, proofHeight) }
  }

  const connectionA = await one(a, {
    typeUrl: '/ibc.core.connection.v1.MsgConnectionOpenInit',
    clientId: clientA,
    counterparty: counterparty(clientB, ''),
    delayPeriod,
    signer,
  })
  const init = await fromA(connectionPath(connectionA))
  const connectionB = await one(b, {
    typeUrl: '/ibc.core.connection.v1.MsgConnectionOpenTry',
    clientId: clientB,
    counterparty: counterparty(clientA, connectionA),
    delayPeriod,
    counterpartyVersions: versions,
    proofInit: init.proof,
    proofHeight: init.proofHeight,
    signer,
  })
  const tried = await fromB(connectionPath(connectionB))
  await one(a, {
    typeUrl: '/ibc.core.connection.v1.MsgConnectionOpenAck',
    connectionId: connectionA,
    counterpartyConnectionId: connectionB,
    version: versions[0]!,
    proofTry: tried.proof,
    proofHeight: tried.proofHeight,
    signer,
  })
  const acked = await fromA(connectionPath(connectionA))
  await one(b, {
    typeUrl: '/ibc.core.connection.v1.MsgConnectionOpenConfirm',
    connectionId: connectionB,
    proofAck: acked.proof,
    proofHeight: acked.proofHeight,
    signer,
  })

  const channelA = await one(a, {
    typeUrl: '/ibc.core.channel.v1.MsgChannelOpenInit',
    portId: portA,
    channel: {
      state: 1,
      ordering,
      counterparty: { portId: portB, channelId: '' },
      connectionHops: [connectionA],
      version,
    },
    signer,
  })
  const channelInit = await fromA(channelPath(portA, channelA))
  const channelB = await one(b, {
    typeUrl: '/ibc.core.channel.v1.MsgChannelOpenTry',
    portId: portB,
    channel: {
      state: 2,
      ordering,
      counterparty: { portId: portA, channelId: channelA },
      connectionHops: [connectionB],
      version: '',
    },
    counterpartyVersion: version,
    proofInit: channelInit.proof,
    proofHeight: channelInit.proofHeight,
    signer,
  })
  const channelTried = await fromB(channelPath(portB, channelB))
  await one(a, {
    typeUrl: '/ibc.core.channel.v1.MsgChannelOpenAck',
    portId: portA,
    channelId: channelA,
    counterpartyChannelId: channelB,
    counterpartyVersion: version,
    proofTry: channelTried.proof,
    proofHeight: channelTried.proofHeight,
    signer,
  })
  const channelAcked = await fromA(channelPath(portA, channelA))
  await one(b, {
    typeUrl: '/ibc.core.channel.v1.MsgChannelOpenConfirm',
    portId: portB,
    channelId: channelB,
    proofAck: channelAcked.proof,
    proofHeight: channelAcked.proofHeight,
    signer,
  })
  return { clientA, clientB, connectionA, connectionB, channelA, channelB }
}
