/** ICS-04 (v1): a packet's life. Each ends exactly once: acknowledged, or timed out. */
import { equal, toHex } from '../encoding/bytes.ts'
import { HubError } from '../errors.ts'
import { applicationOn, connectionOf, counterpartyClosed, getChannel, saveChannel, verifyChannel } from './channels.ts'
import { commitAcknowledgement, commitPacket } from './commitments.ts'
import {
  type Keeper,
  latestTimestamp,
  readUint,
  timestampAt,
  verifyMembership,
  verifyNonMembership,
  writeUint,
} from './keeper.ts'
import { compareHeights, heightText } from './light-client.ts'
import {
  type Channel,
  ChannelState,
  type ConnectionEnd,
  ConnectionState,
  type FieldsOf,
  type Height,
  Order,
  type Packet,
} from './messages.ts'
import {
  ackPath,
  commitmentPath,
  nextSequenceAckPath,
  nextSequenceRecvPath,
  nextSequenceSendPath,
  pathUnderPrefix,
  receiptPath,
} from './paths.ts'

/** A repeated message that changes nothing: another relayer was first. */
export type Outcome = 'done' | 'no-op'

const RECEIPT = Uint8Array.of(1)

function elapsed(packet: Packet, height: Height, timestamp: bigint): boolean {
  const { timeoutHeight } = packet
  const byHeight =
    (timeoutHeight.revisionNumber !== 0n || timeoutHeight.revisionHeight !== 0n) &&
    compareHeights(height, timeoutHeight) >= 0
  return byHeight || (packet.timeoutTimestamp !== 0n && timestamp >= packet.timeoutTimestamp)
}

function packetEvent(
  keeper: Keeper,
  type: string,
  packet: Packet,
  channel: Channel,
  more: Record<string, string> = {},
): void {
  const attributes: Record<string, string> = {
    packet_data_hex: toHex(packet.data),
    packet_timeout_height: heightText(packet.timeoutHeight),
    packet_timeout_timestamp: String(packet.timeoutTimestamp),
    packet_sequence: String(packet.sequence),
    packet_src_port: packet.sourcePort,
    packet_src_channel: packet.sourceChannel,
    packet_dst_port: packet.destinationPort,
    packet_dst_channel: packet.destinationChannel,
    packet_channel_ordering: channel.ordering === Order.ORDERED ? 'ORDER_ORDERED' : 'ORDER_UNORDERED',
    packet_connection: channel.connectionHops[0] ?? '',
    connection_id: channel.connectionHops[0] ?? '',
  }
  keeper.emit({ type, attributes: Object.assign(attributes, more) })
}

function openConnection(keeper: Keeper, channel: Channel): ConnectionEnd {
  const connection = connectionOf(keeper, channel)
  if (connection.state !== ConnectionState.OPEN) throw new HubError('HUB_STATE', 'the connection is not open')
  return connection
}

/** Commits a packet that an application sends; its sequence. The application has moved its tokens already. */
export function sendPacket(
  keeper: Keeper,
  sourcePort: string,
  sourceChannel: string,
  timeoutHeight: Height,
  timeoutTimestamp: bigint,
  data: Uint8Array,
): bigint {
  const channel = getChannel(keeper, sourcePort, sourceChannel)
  if (channel.state !== ChannelState.OPEN)
    throw new HubError('HUB_STATE', 'the channel is not open', { state: channel.state })
  const connection = connectionOf(keeper, channel)
  if (data.length === 0) throw new HubError('HUB_PACKET', 'a packet needs data')
  const next = nextSequenceSendPath(sourcePort, sourceChannel)
  const sequence = readUint(keeper, next)!
  const packet: Packet = {
    sequence,
    sourcePort,
    sourceChannel,
    destinationPort: channel.counterparty.portId,
    destinationChannel: channel.counterparty.channelId,
    data,
    timeoutHeight,
    timeoutTimestamp,
  }
  if (timeoutTimestamp === 0n && timeoutHeight.revisionNumber === 0n && timeoutHeight.revisionHeight === 0n) {
    throw new HubError('HUB_TIMEOUT', 'a packet needs a timeout height or timestamp')
  }
  const latest = latestTimestamp(keeper, connection.clientId)
  if (elapsed(packet, latest.height, latest.timestamp)) {
    throw new HubError('HUB_TIMEOUT', 'the timeout has passed on the other chain already', { timeoutTimestamp })
  }
  writeUint(keeper, next, sequence + 1n)
  keeper.store.set(commitmentPath(sourcePort, sourceChannel, sequence), commitPacket(packet))
  packetEvent(keeper, 'send_packet', packet, channel)
  return sequence
}

function checkCounterparty(channel: Channel, portId: string, channelId: string): void {
  if (channel.counterparty.portId !== portId || channel.counterparty.channelId !== channelId) {
    throw new HubError('HUB_PACKET', 'the packet does not belong to this channel’s counterparty', { portId, channelId })
  }
}

/** Takes a packet in: proof, replay protection, application, acknowledgement. */
export function recvPacket(keeper: Keeper, msg: FieldsOf<'/ibc.core.channel.v1.MsgRecvPacket'>): Outcome {
  const { packet } = msg
  const { destinationPort: port, destinationChannel: id, sequence } = packet
  const channel = getChannel(keeper, port, id)
  if (channel.state !== ChannelState.OPEN)
    throw new HubError('HUB_STATE', 'the channel is not open', { state: channel.state })
  checkCounterparty(channel, packet.sourcePort, packet.sourceChannel)
  const connection = openConnection(keeper, channel)
  if (sequence === 0n) throw new HubError('HUB_PACKET', 'sequences start at 1')
  if (elapsed(packet, keeper.clock.height(), keeper.clock.now())) {
    throw new HubError('HUB_TIMEOUT', 'the packet’s timeout has passed', { sequence })
  }
  verifyMembership(
    keeper,
    connection.clientId,
    msg.proofHeight,
    msg.proofCommitment,
    pathUnderPrefix(
      connection.counterparty.prefix.keyPrefix,
      commitmentPath(packet.sourcePort, packet.sourceChannel, sequence),
    ),
    commitPacket(packet),
    connection.delayPeriod,
  )
  if (channel.ordering === Order.UNORDERED) {
    const path = receiptPath(port, id, sequence)
    if (keeper.store.get(path)) return 'no-op'
    keeper.store.set(path, RECEIPT)
  } else {
    const next = readUint(keeper, nextSequenceRecvPath(port, id))!
    if (sequence < next) return 'no-op'
    if (sequence > next)
      throw new HubError('HUB_PACKET', 'packets of an ordered channel arrive in order', { sequence, next })
    writeUint(keeper, nextSequenceRecvPath(port, id), next + 1n)
  }
  packetEvent(keeper, 'recv_packet', packet, channel)
  const application = applicationOn(keeper, port)
  const ack = receiveInto(
    keeper,
    () => application.onReceive(packet, msg.signer),
    application.isError,
    application.errorAcknowledgement,
  )
  if (ack) storeAcknowledgement(keeper, packet, channel, ack)
  return 'done'
}

/** Runs an application's receive; an error acknowledgement keeps none of its changes. */
function receiveInto(
  keeper: Keeper,
  run: () => Uint8Array | undefined,
  isError: (ack: Uint8Array) => boolean,
  onThrow: (error: unknown) => Uint8Array,
): Uint8Array | undefined {
  let refusal: Uint8Array | undefined
  try {
    return keeper.journal.attempt(() => {
      const ack = run()
      if (ack && isError(ack)) {
        refusal = ack
        throw new HubError('HUB_APPLICATION', 'the application answered with an error')
      }
      return ack
    })
  } catch (error) {
    return refusal ?? onThrow(error)
  }
}

/** Stores the acknowledgement of a received packet, at once or later; once. */
export function writeAcknowledgement(keeper: Keeper, packet: Packet, ack: Uint8Array): void {
  const channel = getChannel(keeper, packet.destinationPort, packet.destinationChannel)
  storeAcknowledgement(keeper, packet, channel, ack)
}

function storeAcknowledgement(keeper: Keeper, packet: Packet, channel: Channel, ack: Uint8Array): void {
  const { sequence } = packet
  const path = ackPath(packet.destinationPort, packet.destinationChannel, sequence)
  if (keeper.store.get(path)) {
    throw new HubError('HUB_EXISTS', 'the packet is acknowledged already', { sequence })
  }
  if (ack.length === 0) throw new HubError('HUB_PACKET', 'an acknowledgement must not be empty')
  keeper.store.set(path, commitAcknowledgement(ack))
  packetEvent(keeper, 'write_acknowledgement', packet, channel, { packet_ack_hex: toHex(ack) })
}

/** True when the packet is still pending here; throws where another packet is. */
function isPending(keeper: Keeper, packet: Packet): boolean {
  const stored = keeper.store.get(commitmentPath(packet.sourcePort, packet.sourceChannel, packet.sequence))
  if (!stored) return false
  if (!equal(stored, commitPacket(packet))) {
    throw new HubError('HUB_PACKET', 'this is not the packet that was sent', { sequence: packet.sequence })
  }
  return true
}

export function acknowledgePacket(keeper: Keeper, msg: FieldsOf<'/ibc.core.channel.v1.MsgAcknowledgement'>): Outcome {
  const { packet } = msg
  const { sourcePort: port, sourceChannel: id, sequence } = packet
  const channel = getChannel(keeper, port, id)
  if (channel.state !== ChannelState.OPEN)
    throw new HubError('HUB_STATE', 'the channel is not open', { state: channel.state })
  checkCounterparty(channel, packet.destinationPort, packet.destinationChannel)
  const connection = openConnection(keeper, channel)
  if (!isPending(keeper, packet)) return 'no-op'
  verifyMembership(
    keeper,
    connection.clientId,
    msg.proofHeight,
    msg.proofAcked,
    pathUnderPrefix(
      connection.counterparty.prefix.keyPrefix,
      ackPath(packet.destinationPort, packet.destinationChannel, sequence),
    ),
    commitAcknowledgement(msg.acknowledgement),
    connection.delayPeriod,
  )
  if (channel.ordering === Order.ORDERED) {
    const next = readUint(keeper, nextSequenceAckPath(port, id))!
    if (sequence !== next)
      throw new HubError('HUB_PACKET', 'acknowledgements of an ordered channel come in order', { sequence, next })
    writeUint(keeper, nextSequenceAckPath(port, id), next + 1n)
  }
  keeper.store.delete(commitmentPath(port, id, sequence))
  packetEvent(keeper, 'acknowledge_packet', packet, channel)
  applicationOn(keeper, port).onAcknowledge(packet, msg.acknowledgement, msg.signer)
  return 'done'
}

function finishTimeout(keeper: Keeper, packet: Packet, channel: Channel, relayer: string): void {
  const { sourcePort: port, sourceChannel: id } = packet
  keeper.store.delete(commitmentPath(port, id, packet.sequence))
  packetEvent(keeper, 'timeout_packet', packet, channel)
  if (channel.ordering === Order.ORDERED) {
    saveChannel(keeper, port, id, { ...channel, state: ChannelState.CLOSED }, 'channel_closed')
  }
  applicationOn(keeper, port).onTimeout(packet, relayer)
}

function verifyNotReceived(
  keeper: Keeper,
  packet: Packet,
  channel: Channel,
  connection: ConnectionEnd,
  nextSequenceRecv: bigint,
  proof: Uint8Array,
  height: Height,
): void {
  const prefix = connection.counterparty.prefix.keyPrefix
  const { destinationPort, destinationChannel, sequence } = packet
  if (channel.ordering === Order.ORDERED) {
    if (nextSequenceRecv > sequence)
      throw new HubError('HUB_PACKET', 'the packet was received', { sequence, nextSequenceRecv })
    const value = new Uint8Array(8)
    new DataView(value.buffer).setBigUint64(0, nextSequenceRecv)
    const path = pathUnderPrefix(prefix, nextSequenceRecvPath(destinationPort, destinationChannel))
    verifyMembership(keeper, connection.clientId, height, proof, path, value, connection.delayPeriod)
  } else {
    const path = pathUnderPrefix(prefix, receiptPath(destinationPort, destinationChannel, sequence))
    verifyNonMembership(keeper, connection.clientId, height, proof, path, connection.delayPeriod)
  }
}

export function timeoutPacket(keeper: Keeper, msg: FieldsOf<'/ibc.core.channel.v1.MsgTimeout'>): Outcome {
  const { packet } = msg
  const channel = getChannel(keeper, packet.sourcePort, packet.sourceChannel)
  checkCounterparty(channel, packet.destinationPort, packet.destinationChannel)
  const connection = connectionOf(keeper, channel)
  const timestamp = timestampAt(keeper, connection.clientId, msg.proofHeight)
  if (!elapsed(packet, msg.proofHeight, timestamp)) {
    throw new HubError('HUB_TIMEOUT', 'the timeout is not reached at the proof’s height', { sequence: packet.sequence })
  }
  if (!isPending(keeper, packet)) return 'no-op'
  verifyNotReceived(keeper, packet, channel, connection, msg.nextSequenceRecv, msg.proofUnreceived, msg.proofHeight)
  finishTimeout(keeper, packet, channel, msg.signer)
  return 'done'
}

/** The other side closed its end: what it did not receive comes back without waiting. */
export function timeoutOnClose(keeper: Keeper, msg: FieldsOf<'/ibc.core.channel.v1.MsgTimeoutOnClose'>): Outcome {
  const { packet } = msg
  const channel = getChannel(keeper, packet.sourcePort, packet.sourceChannel)
  checkCounterparty(channel, packet.destinationPort, packet.destinationChannel)
  const connection = connectionOf(keeper, channel)
  if (!isPending(keeper, packet)) return 'no-op'
  const here = { portId: packet.sourcePort, channelId: packet.sourceChannel }
  verifyChannel(
    keeper,
    connection,
    channel.counterparty,
    counterpartyClosed(channel, connection, here),
    msg.proofClose,
    msg.proofHeight,
  )
  verifyNotReceived(keeper, packet, channel, connection, msg.nextSequenceRecv, msg.proofUnreceived, msg.proofHeight)
  finishTimeout(keeper, packet, channel, msg.signer)
  return 'done'
}
