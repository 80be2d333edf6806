/** Packets out of events, in the v1 and v2 forms, old attributes (before ibc-go v10) and new. */

import type { IbcEvent } from '../core/application.ts'
import { AcknowledgementV2, type Packet, PacketV2 } from '../core/messages.ts'
import { fromHex, utf8 } from '../encoding/bytes.ts'
import { HubError } from '../errors.ts'

/** A packet of either IBC version, read out of an event. */
export type RelayPacket =
  | { readonly version: 1; readonly packet: Packet }
  | { readonly version: 2; readonly packet: PacketV2 }

function attribute(event: IbcEvent, name: string): string {
  const value = event.attributes[name]
  if (value === undefined)
    throw new HubError('HUB_RELAY', `event ${event.type} lacks the attribute ${name}`, { type: event.type })
  return value
}

/** The bytes of a hex attribute, or of its text twin that ibc-go removed in v10.1. */
function bytesOf(event: IbcEvent, hexName: string, textName: string): Uint8Array {
  const hex = event.attributes[hexName]
  return hex === undefined ? utf8(attribute(event, textName)) : fromHex(hex)
}

/** The packet of a packet event; undefined for other events. */
export function packetOf(event: IbcEvent): RelayPacket | undefined {
  if (!/^(send_packet|write_acknowledgement|acknowledge_packet|timeout_packet|recv_packet)$/.test(event.type))
    return undefined
  const encoded = event.attributes.encoded_packet_hex
  if (encoded !== undefined) return { version: 2, packet: PacketV2.decode(fromHex(encoded)) }
  const [revision, height] = attribute(event, 'packet_timeout_height').split('-')
  return {
    version: 1,
    packet: {
      sequence: BigInt(attribute(event, 'packet_sequence')),
      sourcePort: attribute(event, 'packet_src_port'),
      sourceChannel: attribute(event, 'packet_src_channel'),
      destinationPort: attribute(event, 'packet_dst_port'),
      destinationChannel: attribute(event, 'packet_dst_channel'),
      data: bytesOf(event, 'packet_data_hex', 'packet_data'),
      timeoutHeight: { revisionNumber: BigInt(revision ?? 0), revisionHeight: BigInt(height ?? 0) },
      timeoutTimestamp: BigInt(attribute(event, 'packet_timeout_timestamp')),
    },
  }
}

/** The acknowledgement of a `write_acknowledgement` event. */
export function acknowledgementOf(event: IbcEvent): Uint8Array | AcknowledgementV2 {
  const encoded = event.attributes.encoded_acknowledgement_hex
  return encoded === undefined
    ? bytesOf(event, 'packet_ack_hex', 'packet_ack')
    : AcknowledgementV2.decode(fromHex(encoded))
}

/** One name a packet, at its source. */
export const packetKey = ({ version, packet }: RelayPacket): string =>
  version === 1
    ? `1/${packet.sourcePort}/${packet.sourceChannel}/${packet.sequence}`
    : `2/${packet.sourceClient}/${packet.sequence}`
