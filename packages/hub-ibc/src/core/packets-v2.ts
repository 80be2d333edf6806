/** IBC v2 (ibc-go `04-channel/v2`): packets from client to client, several payloads at once, no handshake. */
import { equal, toHex } from '../encoding/bytes.ts'
import { HubError } from '../errors.ts'
import type { PayloadApplication, PayloadContext } from './application.ts'
import { counterpartyOf } from './clients.ts'
import { commitAcknowledgementV2, commitPacketV2, ERROR_ACKNOWLEDGEMENT_V2 } from './commitments.ts'
import {
  type Keeper,
  latestTimestamp,
  readUint,
  requireActive,
  timestampAt,
  verifyMembership,
  verifyNonMembership,
  writeUint,
} from './keeper.ts'
import { AcknowledgementV2, type CounterpartyInfo, type FieldsOf, PacketV2 } from './messages.ts'
import type { Outcome } from './packets.ts'
import {
  ackPathV2,
  commitmentPathV2,
  nextSequenceSendPathV2,
  pathUnderPrefixV2,
  portId,
  receiptPathV2,
} from './paths.ts'

/** A packet may wait a day at most; the same limit as ibc-go and the Solidity contracts. */
export const MAX_TIMEOUT_SECONDS = 86_400n
/** All payloads of a packet together; ibc-go's limit. */
const MAX_PAYLOAD_BYTES = 262_144
const NANO = 1_000_000_000n
const RECEIPT = Uint8Array.of(2)

function checkPacket(packet: PacketV2): void {
  if (packet.sequence === 0n) throw new HubError('HUB_PACKET', 'sequences start at 1')
  if (packet.timeoutTimestamp === 0n) throw new HubError('HUB_TIMEOUT', 'a packet needs a timeout')
  if (packet.payloads.length === 0) throw new HubError('HUB_PACKET', 'a packet needs a payload')
  let size = 0
  for (const payload of packet.payloads) {
    portId(payload.sourcePort)
    portId(payload.destinationPort)
    if (payload.version === '' || payload.encoding === '' || payload.value.length === 0) {
      throw new HubError('HUB_PACKET', 'a payload needs a version, an encoding and a value')
    }
    size += payload.value.length
  }
  if (size > MAX_PAYLOAD_BYTES) throw new HubError('HUB_PACKET', `payloads exceed ${MAX_PAYLOAD_BYTES} bytes`, { size })
}

function application(keeper: Keeper, port: string): PayloadApplication {
  const found = keeper.payloadApplications.get(port)
  if (!found) throw new HubError('HUB_NOT_FOUND', `no application on port "${port}"`, { port })
  return found
}

const contexts = (packet: PacketV2): PayloadContext[] =>
  packet.payloads.map((payload) => ({
    sourceClient: packet.sourceClient,
    destinationClient: packet.destinationClient,
    sequence: packet.sequence,
    timeoutTimestamp: packet.timeoutTimestamp,
    payload,
  }))

function packetEvent(keeper: Keeper, type: string, packet: PacketV2, more: Record<string, string> = {}): void {
  keeper.emit({
    type,
    attributes: {
      packet_source_client: packet.sourceClient,
      packet_dest_client: packet.destinationClient,
      packet_sequence: String(packet.sequence),
      packet_timeout_timestamp: String(packet.timeoutTimestamp),
      encoded_packet_hex: toHex(PacketV2.encode(packet)),
      ...more,
    },
  })
}

/** Commits a packet after every application agreed; its sequence. */
export function sendPacketV2(keeper: Keeper, msg: FieldsOf<'/ibc.core.channel.v2.MsgSendPacket'>): bigint {
  const counterparty = counterpartyOf(keeper, msg.sourceClient)
  const now = keeper.clock.now()
  if (msg.timeoutTimestamp * NANO <= now)
    throw new HubError('HUB_TIMEOUT', 'the timeout is not in the future', { timeoutTimestamp: msg.timeoutTimestamp })
  if (msg.timeoutTimestamp * NANO > now + MAX_TIMEOUT_SECONDS * NANO) {
    throw new HubError('HUB_TIMEOUT', 'the timeout is more than a day away', { timeoutTimestamp: msg.timeoutTimestamp })
  }
  const sequence = readUint(keeper, nextSequenceSendPathV2(msg.sourceClient))!
  const packet: PacketV2 = {
    sequence,
    sourceClient: msg.sourceClient,
    destinationClient: counterparty.clientId,
    timeoutTimestamp: msg.timeoutTimestamp,
    payloads: msg.payloads,
  }
  checkPacket(packet)
  if (latestTimestamp(keeper, msg.sourceClient).timestamp / NANO >= msg.timeoutTimestamp) {
    throw new HubError('HUB_TIMEOUT', 'the timeout has passed on the other chain already', {
      timeoutTimestamp: msg.timeoutTimestamp,
    })
  }
  writeUint(keeper, nextSequenceSendPathV2(msg.sourceClient), sequence + 1n)
  keeper.store.set(commitmentPathV2(msg.sourceClient, sequence), commitPacketV2(packet))
  for (const context of contexts(packet)) application(keeper, context.payload.sourcePort).onSend(context, msg.signer)
  packetEvent(keeper, 'send_packet', packet)
  return sequence
}

function checkCounterparty(counterparty: CounterpartyInfo, id: string): void {
  if (counterparty.clientId !== id) {
    throw new HubError('HUB_PACKET', 'the packet does not belong to this client’s counterparty', { clientId: id })
  }
}

export function recvPacketV2(keeper: Keeper, msg: FieldsOf<'/ibc.core.channel.v2.MsgRecvPacket'>): Outcome {
  const { packet } = msg
  const counterparty = counterpartyOf(keeper, packet.destinationClient)
  checkCounterparty(counterparty, packet.sourceClient)
  checkPacket(packet)
  if (keeper.clock.now() / NANO >= packet.timeoutTimestamp) {
    throw new HubError('HUB_TIMEOUT', 'the packet’s timeout has passed', { sequence: packet.sequence })
  }
  requireActive(keeper, packet.destinationClient)
  if (keeper.store.get(receiptPathV2(packet.destinationClient, packet.sequence))) return 'no-op'
  verifyMembership(
    keeper,
    packet.destinationClient,
    msg.proofHeight,
    msg.proofCommitment,
    pathUnderPrefixV2(counterparty.merklePrefix, commitmentPathV2(packet.sourceClient, packet.sequence)),
    commitPacketV2(packet),
  )
  keeper.store.set(receiptPathV2(packet.destinationClient, packet.sequence), RECEIPT)
  packetEvent(keeper, 'recv_packet', packet)
  const acks: Uint8Array[] = []
  let later = 0
  let failed = false
  try {
    keeper.journal.attempt(() => {
      for (const context of contexts(packet)) {
        const ack = application(keeper, context.payload.destinationPort).onReceive(context, msg.signer)
        if (ack === 'failure') throw new HubError('HUB_APPLICATION', 'an application refused its payload')
        if (ack === undefined) later++
        else {
          if (ack.length === 0 || equal(ack, ERROR_ACKNOWLEDGEMENT_V2)) {
            throw new HubError('HUB_APPLICATION', 'an application’s success must not look like an error')
          }
          acks.push(ack)
        }
      }
      if (later > 0 && packet.payloads.length > 1) {
        throw new HubError('HUB_APPLICATION', 'only a single payload may be acknowledged later')
      }
    })
  } catch (error) {
    // Payloads succeed or fail together; the sender learns only that they failed.
    failed = true
    for (const context of contexts(packet)) {
      keeper.payloadApplications.get(context.payload.destinationPort)?.onRefused?.(context, error)
    }
  }
  if (failed) writeAcknowledgementV2(keeper, packet, { appAcknowledgements: [ERROR_ACKNOWLEDGEMENT_V2] })
  else if (later === 0) writeAcknowledgementV2(keeper, packet, { appAcknowledgements: acks })
  return 'done'
}

/** Stores the acknowledgement of a received packet, at once or later; once. */
export function writeAcknowledgementV2(keeper: Keeper, packet: PacketV2, ack: AcknowledgementV2): void {
  const path = ackPathV2(packet.destinationClient, packet.sequence)
  if (keeper.store.get(path))
    throw new HubError('HUB_EXISTS', 'the packet is acknowledged already', { sequence: packet.sequence })
  if (!keeper.store.get(receiptPathV2(packet.destinationClient, packet.sequence))) {
    throw new HubError('HUB_PACKET', 'the packet was not received', { sequence: packet.sequence })
  }
  keeper.store.set(path, commitAcknowledgementV2(ack))
  packetEvent(keeper, 'write_acknowledgement', packet, {
    encoded_acknowledgement_hex: toHex(AcknowledgementV2.encode(ack)),
  })
}

function isPending(keeper: Keeper, packet: PacketV2): boolean {
  const stored = keeper.store.get(commitmentPathV2(packet.sourceClient, packet.sequence))
  if (!stored) return false
  if (!equal(stored, commitPacketV2(packet))) {
    throw new HubError('HUB_PACKET', 'this is not the packet that was sent', { sequence: packet.sequence })
  }
  return true
}

export function acknowledgePacketV2(keeper: Keeper, msg: FieldsOf<'/ibc.core.channel.v2.MsgAcknowledgement'>): Outcome {
  const { packet, acknowledgement } = msg
  const counterparty = counterpartyOf(keeper, packet.sourceClient)
  checkCounterparty(counterparty, packet.destinationClient)
  requireActive(keeper, packet.sourceClient)
  if (!isPending(keeper, packet)) return 'no-op'
  const acks = acknowledgement.appAcknowledgements
  const failed = acks.length === 1 && equal(acks[0]!, ERROR_ACKNOWLEDGEMENT_V2)
  if (!failed && (acks.length !== packet.payloads.length || acks.some((ack) => equal(ack, ERROR_ACKNOWLEDGEMENT_V2)))) {
    throw new HubError('HUB_PACKET', 'one acknowledgement a payload, or the universal error alone', {
      count: acks.length,
    })
  }
  verifyMembership(
    keeper,
    packet.sourceClient,
    msg.proofHeight,
    msg.proofAcked,
    pathUnderPrefixV2(counterparty.merklePrefix, ackPathV2(packet.destinationClient, packet.sequence)),
    commitAcknowledgementV2(acknowledgement),
  )
  keeper.store.delete(commitmentPathV2(packet.sourceClient, packet.sequence))
  packetEvent(keeper, 'acknowledge_packet', packet)
  contexts(packet).forEach((context, i) => {
    application(keeper, context.payload.sourcePort).onAcknowledge(context, failed ? 'failure' : acks[i]!, msg.signer)
  })
  return 'done'
}

export function timeoutPacketV2(keeper: Keeper, msg: FieldsOf<'/ibc.core.channel.v2.MsgTimeout'>): Outcome {
  const { packet } = msg
  const counterparty = counterpartyOf(keeper, packet.sourceClient)
  checkCounterparty(counterparty, packet.destinationClient)
  const reached = timestampAt(keeper, packet.sourceClient, msg.proofHeight) / NANO
  if (reached < packet.timeoutTimestamp) {
    throw new HubError('HUB_TIMEOUT', 'the timeout is not reached at the proof’s height', { sequence: packet.sequence })
  }
  if (!isPending(keeper, packet)) return 'no-op'
  verifyNonMembership(
    keeper,
    packet.sourceClient,
    msg.proofHeight,
    msg.proofUnreceived,
    pathUnderPrefixV2(counterparty.merklePrefix, receiptPathV2(packet.destinationClient, packet.sequence)),
  )
  keeper.store.delete(commitmentPathV2(packet.sourceClient, packet.sequence))
  packetEvent(keeper, 'timeout_packet', packet)
  for (const context of contexts(packet)) application(keeper, context.payload.sourcePort).onTimeout(context, msg.signer)
  return 'done'
}
