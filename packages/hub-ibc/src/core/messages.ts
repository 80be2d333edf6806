/**
 * The protobuf messages of IBC core, by ibc-go's field numbers (cosmos/ibc-go ee35255, `proto/ibc/core`). Embedded messages
 * marked `embed` are `nullable = false` there and therefore always on the wire: connection ends and channels are
 * proved by their bytes, so this matters.
 */
import {
  bool,
  bytes,
  embed,
  type MessageOf,
  message,
  optional,
  repeated,
  repeatedBytes,
  repeatedString,
  string,
  uint32,
  uint64,
} from '../encoding/protobuf.ts'

/** `google.protobuf.Any`: bytes with the name of the message that they encode. */
export const Any = message({ typeUrl: string(1), value: bytes(2) })
/** A value of {@link Any}, decoded. */
export type Any = MessageOf<typeof Any>

/** A height: the revision counts a chain's restarts from genesis, the other its blocks. */
export const Height = message({ revisionNumber: uint64(1), revisionHeight: uint64(2) })
/** A height, decoded; both numbers are 64-bit. */
export type Height = MessageOf<typeof Height>

export const MerkleRoot = message({ hash: bytes(1) })
export const MerklePrefix = message({ keyPrefix: bytes(1) })
/** One ICS-23 proof a level, from the store up. */
export const MerkleProof = message({ proofs: repeatedBytes(1) })

export const CounterpartyInfo = message({ merklePrefix: repeatedBytes(1), clientId: string(2) })
export type CounterpartyInfo = MessageOf<typeof CounterpartyInfo>

export const ConnectionState = { UNINITIALIZED: 0, INIT: 1, TRYOPEN: 2, OPEN: 3 } as const
export const Version = message({ identifier: string(1), features: repeatedString(2) })
export type Version = MessageOf<typeof Version>
export const ConnectionCounterparty = message({
  clientId: string(1),
  connectionId: string(2),
  prefix: embed(3, MerklePrefix),
})
export type ConnectionCounterparty = MessageOf<typeof ConnectionCounterparty>
export const ConnectionEnd = message({
  clientId: string(1),
  versions: repeated(2, Version),
  state: uint32(3),
  counterparty: embed(4, ConnectionCounterparty),
  delayPeriod: uint64(5),
})
export type ConnectionEnd = MessageOf<typeof ConnectionEnd>

export const ChannelState = { UNINITIALIZED: 0, INIT: 1, TRYOPEN: 2, OPEN: 3, CLOSED: 4 } as const
/**
 * How a v1 channel orders its packets (ICS-04): `ORDERED` delivers them by sequence and closes at the first timeout,
 * `UNORDERED` keeps a receipt of each instead. The numbers are ibc-go's `Order`.
 */
export const Order = { NONE: 0, UNORDERED: 1, ORDERED: 2 } as const
export const ChannelCounterparty = message({ portId: string(1), channelId: string(2) })
export const Channel = message({
  state: uint32(1),
  ordering: uint32(2),
  counterparty: embed(3, ChannelCounterparty),
  connectionHops: repeatedString(4),
  version: string(5),
})
export type Channel = MessageOf<typeof Channel>

/** A packet of IBC v1. `timeoutTimestamp` is in nanoseconds; 0 and height 0-0 mean none, one of the two must be set. */
export const Packet = message({
  sequence: uint64(1),
  sourcePort: string(2),
  sourceChannel: string(3),
  destinationPort: string(4),
  destinationChannel: string(5),
  data: bytes(6),
  timeoutHeight: embed(7, Height),
  timeoutTimestamp: uint64(8),
})
/** A packet of IBC v1, decoded. */
export type Packet = MessageOf<typeof Packet>

/**
 * What one application sends to another inside a v2 packet: the ports of both, the application's version (`ics20-1`),
 * the encoding of `value`, and its bytes. Core passes it on unread.
 */
export const Payload = message({
  sourcePort: string(1),
  destinationPort: string(2),
  version: string(3),
  encoding: string(4),
  value: bytes(5),
})
/** A payload of a v2 packet, decoded. */
export type Payload = MessageOf<typeof Payload>

/** A packet of IBC v2. `timeoutTimestamp` is in seconds. */
export const PacketV2 = message({
  sequence: uint64(1),
  sourceClient: string(2),
  destinationClient: string(3),
  timeoutTimestamp: uint64(4),
  payloads: repeated(5, Payload),
})
/** A packet of IBC v2, decoded. */
export type PacketV2 = MessageOf<typeof PacketV2>

/**
 * The acknowledgement of a v2 packet: one an application, in the order of payloads. When any of them fails it is {@link
 * ERROR_ACKNOWLEDGEMENT_V2} alone.
 */
export const AcknowledgementV2 = message({ appAcknowledgements: repeatedBytes(1) })
/** The acknowledgement of a v2 packet, decoded. */
export type AcknowledgementV2 = MessageOf<typeof AcknowledgementV2>

// Messages a relayer signs, one for each way into a chain.
const signer = string
export const MsgCreateClient = message({
  clientState: optional(1, Any),
  consensusState: optional(2, Any),
  signer: signer(3),
})
export const MsgUpdateClient = message({ clientId: string(1), clientMessage: optional(2, Any), signer: signer(3) })
export const MsgRegisterCounterparty = message({
  clientId: string(1),
  counterpartyMerklePrefix: repeatedBytes(2),
  counterpartyClientId: string(3),
  signer: signer(4),
})
export const MsgConnectionOpenInit = message({
  clientId: string(1),
  counterparty: embed(2, ConnectionCounterparty),
  version: optional(3, Version),
  delayPeriod: uint64(4),
  signer: signer(5),
})
export const MsgConnectionOpenTry = message({
  clientId: string(1),
  counterparty: embed(4, ConnectionCounterparty),
  delayPeriod: uint64(5),
  counterpartyVersions: repeated(6, Version),
  proofHeight: embed(7, Height),
  proofInit: bytes(8),
  /** Deprecated, but always on the wire. */
  consensusHeight: embed(11, Height),
  signer: signer(12),
})
export const MsgConnectionOpenAck = message({
  connectionId: string(1),
  counterpartyConnectionId: string(2),
  version: optional(3, Version),
  proofHeight: embed(5, Height),
  proofTry: bytes(6),
  /** Deprecated, but always on the wire. */
  consensusHeight: embed(9, Height),
  signer: signer(10),
})
export const MsgConnectionOpenConfirm = message({
  connectionId: string(1),
  proofAck: bytes(2),
  proofHeight: embed(3, Height),
  signer: signer(4),
})
export const MsgChannelOpenInit = message({ portId: string(1), channel: embed(2, Channel), signer: signer(3) })
export const MsgChannelOpenTry = message({
  portId: string(1),
  channel: embed(3, Channel),
  counterpartyVersion: string(4),
  proofInit: bytes(5),
  proofHeight: embed(6, Height),
  signer: signer(7),
})
export const MsgChannelOpenAck = message({
  portId: string(1),
  channelId: string(2),
  counterpartyChannelId: string(3),
  counterpartyVersion: string(4),
  proofTry: bytes(5),
  proofHeight: embed(6, Height),
  signer: signer(7),
})
export const MsgChannelOpenConfirm = message({
  portId: string(1),
  channelId: string(2),
  proofAck: bytes(3),
  proofHeight: embed(4, Height),
  signer: signer(5),
})
export const MsgChannelCloseInit = message({ portId: string(1), channelId: string(2), signer: signer(3) })
export const MsgChannelCloseConfirm = message({
  portId: string(1),
  channelId: string(2),
  proofInit: bytes(3),
  proofHeight: embed(4, Height),
  signer: signer(5),
})
export const MsgRecvPacket = message({
  packet: embed(1, Packet),
  proofCommitment: bytes(2),
  proofHeight: embed(3, Height),
  signer: signer(4),
})
export const MsgAcknowledgement = message({
  packet: embed(1, Packet),
  acknowledgement: bytes(2),
  proofAcked: bytes(3),
  proofHeight: embed(4, Height),
  signer: signer(5),
})
export const MsgTimeout = message({
  packet: embed(1, Packet),
  proofUnreceived: bytes(2),
  proofHeight: embed(3, Height),
  nextSequenceRecv: uint64(4),
  signer: signer(5),
})
export const MsgTimeoutOnClose = message({
  packet: embed(1, Packet),
  proofUnreceived: bytes(2),
  proofClose: bytes(3),
  proofHeight: embed(4, Height),
  nextSequenceRecv: uint64(5),
  signer: signer(6),
})
export const MsgSendPacketV2 = message({
  sourceClient: string(1),
  timeoutTimestamp: uint64(2),
  payloads: repeated(3, Payload),
  signer: signer(4),
})
export const MsgRecvPacketV2 = message({
  packet: embed(1, PacketV2),
  proofCommitment: bytes(2),
  proofHeight: embed(3, Height),
  signer: signer(4),
})
export const MsgAcknowledgementV2 = message({
  packet: embed(1, PacketV2),
  acknowledgement: embed(2, AcknowledgementV2),
  proofAcked: bytes(3),
  proofHeight: embed(4, Height),
  signer: signer(5),
})
export const MsgTimeoutV2 = message({
  packet: embed(1, PacketV2),
  proofUnreceived: bytes(2),
  proofHeight: embed(3, Height),
  signer: signer(5),
})
const Coin = message({ denom: string(1), amount: string(2) })
export const MsgTransfer = message({
  sourcePort: string(1),
  sourceChannel: string(2),
  token: embed(3, Coin),
  sender: string(4),
  receiver: string(5),
  timeoutHeight: embed(6, Height),
  timeoutTimestamp: uint64(7),
  memo: string(8),
  encoding: string(9),
  useAliasing: bool(10),
})

/** What a chain takes, as `Any` type URLs: the whole surface of core and ICS-20. */
export const MESSAGES = {
  '/ibc.core.client.v1.MsgCreateClient': MsgCreateClient,
  '/ibc.core.client.v1.MsgUpdateClient': MsgUpdateClient,
  '/ibc.core.client.v2.MsgRegisterCounterparty': MsgRegisterCounterparty,
  '/ibc.core.connection.v1.MsgConnectionOpenInit': MsgConnectionOpenInit,
  '/ibc.core.connection.v1.MsgConnectionOpenTry': MsgConnectionOpenTry,
  '/ibc.core.connection.v1.MsgConnectionOpenAck': MsgConnectionOpenAck,
  '/ibc.core.connection.v1.MsgConnectionOpenConfirm': MsgConnectionOpenConfirm,
  '/ibc.core.channel.v1.MsgChannelOpenInit': MsgChannelOpenInit,
  '/ibc.core.channel.v1.MsgChannelOpenTry': MsgChannelOpenTry,
  '/ibc.core.channel.v1.MsgChannelOpenAck': MsgChannelOpenAck,
  '/ibc.core.channel.v1.MsgChannelOpenConfirm': MsgChannelOpenConfirm,
  '/ibc.core.channel.v1.MsgChannelCloseInit': MsgChannelCloseInit,
  '/ibc.core.channel.v1.MsgChannelCloseConfirm': MsgChannelCloseConfirm,
  '/ibc.core.channel.v1.MsgRecvPacket': MsgRecvPacket,
  '/ibc.core.channel.v1.MsgAcknowledgement': MsgAcknowledgement,
  '/ibc.core.channel.v1.MsgTimeout': MsgTimeout,
  '/ibc.core.channel.v1.MsgTimeoutOnClose': MsgTimeoutOnClose,
  '/ibc.core.channel.v2.MsgSendPacket': MsgSendPacketV2,
  '/ibc.core.channel.v2.MsgRecvPacket': MsgRecvPacketV2,
  '/ibc.core.channel.v2.MsgAcknowledgement': MsgAcknowledgementV2,
  '/ibc.core.channel.v2.MsgTimeout': MsgTimeoutV2,
  '/ibc.applications.transfer.v1.MsgTransfer': MsgTransfer,
} as const

type Messages = typeof MESSAGES
/** A message to a chain: its type URL and its fields. */
export type IbcMessage = {
  [K in keyof Messages]: { readonly typeUrl: K } & Partial<MessageOf<Messages[K]>>
}[keyof Messages]
/** All fields of the message with type URL `K`. */
export type FieldsOf<K extends keyof Messages> = MessageOf<Messages[K]>
