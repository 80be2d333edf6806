/** What chains store for packets and acknowledgements: 32 bytes that bind every field a relayer could change. */
import { concat, u64be, utf8 } from '../encoding/bytes.ts'
import { sha256 } from '../hash/sha256.ts'
import type { AcknowledgementV2, Packet, PacketV2, Payload } from './messages.ts'

/** v1 (ibc-go `04-channel/types/packet.go`). Ports, channels and sequence are bound by the path. */
export function commitPacket(packet: Packet): Uint8Array {
  return sha256(
    concat(
      u64be(packet.timeoutTimestamp),
      u64be(packet.timeoutHeight.revisionNumber),
      u64be(packet.timeoutHeight.revisionHeight),
      sha256(packet.data),
    ),
  )
}

/** v1: the hash of the acknowledgement's bytes. */
export const commitAcknowledgement = (ack: Uint8Array): Uint8Array => sha256(ack)

const V2 = Uint8Array.of(2)

const hashPayload = (payload: Payload): Uint8Array =>
  sha256(
    concat(
      sha256(utf8(payload.sourcePort)),
      sha256(utf8(payload.destinationPort)),
      sha256(utf8(payload.version)),
      sha256(utf8(payload.encoding)),
      sha256(payload.value),
    ),
  )

/** v2 (ibc-go `04-channel/v2/types/commitment.go`). Source client and sequence are bound by the path. */
export function commitPacketV2(packet: PacketV2): Uint8Array {
  return sha256(
    concat(
      V2,
      sha256(utf8(packet.destinationClient)),
      sha256(u64be(packet.timeoutTimestamp)),
      sha256(concat(...packet.payloads.map(hashPayload))),
    ),
  )
}

/** v2: over the hashes of all application acknowledgements. */
export const commitAcknowledgementV2 = (ack: AcknowledgementV2): Uint8Array =>
  sha256(concat(V2, ...ack.appAcknowledgements.map((app) => sha256(app))))

/** What stands alone in a v2 acknowledgement when any application refused. */
export const ERROR_ACKNOWLEDGEMENT_V2: Uint8Array = sha256(utf8('UNIVERSAL_ERROR_ACKNOWLEDGEMENT'))
