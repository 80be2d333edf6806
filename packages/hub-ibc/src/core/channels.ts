/** ICS-04 (v1): channels and their handshake. */
import { remembering } from '../encoding/protobuf.ts'
import { HubError } from '../errors.ts'
import type { ChannelApplication } from './application.ts'
import { getConnection } from './connections.ts'
import { type Keeper, nextNumber, readMessage, requireActive, verifyMembership, writeUint } from './keeper.ts'
import {
  Channel,
  ChannelState,
  type ConnectionEnd,
  ConnectionState,
  type FieldsOf,
  type Height,
  Order,
} from './messages.ts'
import {
  channelPath,
  nextSequenceAckPath,
  nextSequenceRecvPath,
  nextSequenceSendPath,
  pathUnderPrefix,
  portId,
} from './paths.ts'

const StoredChannel = remembering(Channel)

/** A stored channel. Throws `HUB_NOT_FOUND`. */
export function getChannel(keeper: Keeper, port: string, channel: string): Channel {
  const end = readMessage(keeper, StoredChannel, channelPath(port, channel))
  if (!end) throw new HubError('HUB_NOT_FOUND', `no channel "${channel}" on port "${port}"`, { port, channel })
  return end
}

/** The application on `port`. Throws `HUB_NOT_FOUND`. */
export function applicationOn(keeper: Keeper, port: string): ChannelApplication {
  const application = keeper.channelApplications.get(port)
  if (!application) throw new HubError('HUB_NOT_FOUND', `no application on port "${port}"`, { port })
  return application
}

/** The open connection that a channel runs over. */
export function connectionOf(keeper: Keeper, channel: Channel): ConnectionEnd {
  if (channel.connectionHops.length !== 1) {
    throw new HubError('HUB_INVALID_ARGUMENT', 'a channel runs over exactly one connection', {
      hops: channel.connectionHops,
    })
  }
  return getConnection(keeper, channel.connectionHops[0]!)
}

export function saveChannel(keeper: Keeper, port: string, id: string, channel: Channel, event: string): void {
  keeper.store.set(channelPath(port, id), Channel.encode(channel))
  keeper.emit({
    type: event,
    attributes: {
      port_id: port,
      channel_id: id,
      counterparty_port_id: channel.counterparty.portId,
      counterparty_channel_id: channel.counterparty.channelId,
      connection_id: channel.connectionHops[0] ?? '',
      version: channel.version,
    },
  })
}

/** Throws unless the counterparty stores `expected` as its end of the channel. The delay of a connection is for packets only. */
export function verifyChannel(
  keeper: Keeper,
  connection: ConnectionEnd,
  there: { portId: string; channelId: string },
  expected: Channel,
  proof: Uint8Array,
  height: Height,
): void {
  verifyMembership(
    keeper,
    connection.clientId,
    height,
    proof,
    pathUnderPrefix(connection.counterparty.prefix.keyPrefix, channelPath(there.portId, there.channelId)),
    Channel.encode(expected),
  )
}

function checkOrdering(connection: ConnectionEnd, ordering: number): void {
  const feature = ordering === Order.ORDERED ? 'ORDER_ORDERED' : 'ORDER_UNORDERED'
  if (ordering !== Order.ORDERED && ordering !== Order.UNORDERED) {
    throw new HubError('HUB_INVALID_ARGUMENT', 'unknown channel ordering', { ordering })
  }
  if (!connection.versions.every((version) => version.features.includes(feature))) {
    throw new HubError('HUB_STATE', 'the connection does not support this ordering', { feature })
  }
}

function startSequences(keeper: Keeper, port: string, id: string): void {
  for (const path of [nextSequenceSendPath, nextSequenceRecvPath, nextSequenceAckPath])
    writeUint(keeper, path(port, id), 1n)
}

export function openInit(keeper: Keeper, msg: FieldsOf<'/ibc.core.channel.v1.MsgChannelOpenInit'>): string {
  const port = portId(msg.portId)
  const application = applicationOn(keeper, port)
  const connection = connectionOf(keeper, msg.channel)
  requireActive(keeper, connection.clientId)
  checkOrdering(connection, msg.channel.ordering)
  portId(msg.channel.counterparty.portId)
  const id = `channel-${nextNumber(keeper, 'nextChannelSequence')}`
  const version = application.onOpenInit({
    portId: port,
    channelId: id,
    ordering: msg.channel.ordering,
    version: msg.channel.version,
    counterpartyPortId: msg.channel.counterparty.portId,
  })
  startSequences(keeper, port, id)
  saveChannel(
    keeper,
    port,
    id,
    {
      ...msg.channel,
      state: ChannelState.INIT,
      counterparty: { portId: msg.channel.counterparty.portId, channelId: '' },
      version,
    },
    'channel_open_init',
  )
  return id
}

function requireOpen(connection: ConnectionEnd): void {
  if (connection.state !== ConnectionState.OPEN) {
    throw new HubError('HUB_STATE', 'the connection is not open', { state: connection.state })
  }
}

export function openTry(keeper: Keeper, msg: FieldsOf<'/ibc.core.channel.v1.MsgChannelOpenTry'>): string {
  const port = portId(msg.portId)
  const application = applicationOn(keeper, port)
  const connection = connectionOf(keeper, msg.channel)
  requireOpen(connection)
  checkOrdering(connection, msg.channel.ordering)
  verifyChannel(
    keeper,
    connection,
    msg.channel.counterparty,
    {
      state: ChannelState.INIT,
      ordering: msg.channel.ordering,
      counterparty: { portId: port, channelId: '' },
      connectionHops: [connection.counterparty.connectionId],
      version: msg.counterpartyVersion,
    },
    msg.proofInit,
    msg.proofHeight,
  )
  const id = `channel-${nextNumber(keeper, 'nextChannelSequence')}`
  const version = application.onOpenTry({
    portId: port,
    channelId: id,
    ordering: msg.channel.ordering,
    version: msg.counterpartyVersion,
    counterpartyPortId: msg.channel.counterparty.portId,
  })
  startSequences(keeper, port, id)
  saveChannel(keeper, port, id, { ...msg.channel, state: ChannelState.TRYOPEN, version }, 'channel_open_try')
  return id
}

export function openAck(keeper: Keeper, msg: FieldsOf<'/ibc.core.channel.v1.MsgChannelOpenAck'>): void {
  const channel = getChannel(keeper, msg.portId, msg.channelId)
  if (channel.state !== ChannelState.INIT)
    throw new HubError('HUB_STATE', 'the channel is not in INIT', { state: channel.state })
  const connection = connectionOf(keeper, channel)
  requireOpen(connection)
  verifyChannel(
    keeper,
    connection,
    { portId: channel.counterparty.portId, channelId: msg.counterpartyChannelId },
    {
      state: ChannelState.TRYOPEN,
      ordering: channel.ordering,
      counterparty: { portId: msg.portId, channelId: msg.channelId },
      connectionHops: [connection.counterparty.connectionId],
      version: msg.counterpartyVersion,
    },
    msg.proofTry,
    msg.proofHeight,
  )
  applicationOn(keeper, msg.portId).onOpenAck?.(msg.portId, msg.channelId, msg.counterpartyVersion)
  saveChannel(
    keeper,
    msg.portId,
    msg.channelId,
    {
      ...channel,
      state: ChannelState.OPEN,
      version: msg.counterpartyVersion,
      counterparty: { portId: channel.counterparty.portId, channelId: msg.counterpartyChannelId },
    },
    'channel_open_ack',
  )
}

export function openConfirm(keeper: Keeper, msg: FieldsOf<'/ibc.core.channel.v1.MsgChannelOpenConfirm'>): void {
  const channel = getChannel(keeper, msg.portId, msg.channelId)
  if (channel.state !== ChannelState.TRYOPEN)
    throw new HubError('HUB_STATE', 'the channel is not in TRYOPEN', { state: channel.state })
  const connection = connectionOf(keeper, channel)
  requireOpen(connection)
  verifyChannel(
    keeper,
    connection,
    channel.counterparty,
    {
      state: ChannelState.OPEN,
      ordering: channel.ordering,
      counterparty: { portId: msg.portId, channelId: msg.channelId },
      connectionHops: [connection.counterparty.connectionId],
      version: channel.version,
    },
    msg.proofAck,
    msg.proofHeight,
  )
  saveChannel(keeper, msg.portId, msg.channelId, { ...channel, state: ChannelState.OPEN }, 'channel_open_confirm')
}

export function closeInit(keeper: Keeper, msg: FieldsOf<'/ibc.core.channel.v1.MsgChannelCloseInit'>): void {
  const channel = getChannel(keeper, msg.portId, msg.channelId)
  if (channel.state === ChannelState.CLOSED) throw new HubError('HUB_STATE', 'the channel is closed already')
  const application = applicationOn(keeper, msg.portId)
  if (!application.onCloseInit)
    throw new HubError('HUB_UNAUTHORIZED', 'this application does not let users close channels', { port: msg.portId })
  const connection = connectionOf(keeper, channel)
  requireOpen(connection)
  requireActive(keeper, connection.clientId)
  application.onCloseInit(msg.portId, msg.channelId)
  saveChannel(keeper, msg.portId, msg.channelId, { ...channel, state: ChannelState.CLOSED }, 'channel_close_init')
}

export function closeConfirm(keeper: Keeper, msg: FieldsOf<'/ibc.core.channel.v1.MsgChannelCloseConfirm'>): void {
  const channel = getChannel(keeper, msg.portId, msg.channelId)
  if (channel.state === ChannelState.CLOSED) throw new HubError('HUB_STATE', 'the channel is closed already')
  const connection = connectionOf(keeper, channel)
  requireOpen(connection)
  verifyChannel(
    keeper,
    connection,
    channel.counterparty,
    counterpartyClosed(channel, connection, msg),
    msg.proofInit,
    msg.proofHeight,
  )
  applicationOn(keeper, msg.portId).onCloseConfirm?.(msg.portId, msg.channelId)
  saveChannel(keeper, msg.portId, msg.channelId, { ...channel, state: ChannelState.CLOSED }, 'channel_close_confirm')
}

/** What the other side stores once it closed its end. */
export function counterpartyClosed(
  channel: Channel,
  connection: ConnectionEnd,
  here: { portId: string; channelId: string },
): Channel {
  return {
    state: ChannelState.CLOSED,
    ordering: channel.ordering,
    counterparty: { portId: here.portId, channelId: here.channelId },
    connectionHops: [connection.counterparty.connectionId],
    version: channel.version,
  }
}
