/** ICS-24: where things stand in the provable store, byte for byte as ibc-go has them, and which identifiers are allowed. */
import { concat, u64be, utf8 } from '../encoding/bytes.ts'
import { HubError } from '../errors.ts'
import type { Height } from './messages.ts'

const ALLOWED = /^[A-Za-z0-9._+\-#[\]<>]+$/

function identifier(kind: string, id: string, min: number, max: number): string {
  if (id.length < min || id.length > max || !ALLOWED.test(id)) {
    throw new HubError('HUB_INVALID_ARGUMENT', `not a ${kind} identifier of ${min} to ${max} characters`, {
      id: id.slice(0, 80),
    })
  }
  return id
}

/** Throws `HUB_INVALID_ARGUMENT` unless the text may name a client (9 to 64 characters). Returns it. */
export const clientId = (id: string): string => identifier('client', id, 9, 64)
/** 10 to 64 characters. */
export const connectionId = (id: string): string => identifier('connection', id, 10, 64)
/** 8 to 64 characters. */
export const channelId = (id: string): string => identifier('channel', id, 8, 64)
/** 2 to 128 characters. */
export const portId = (id: string): string => identifier('port', id, 2, 128)

export const clientStatePath = (client: string): Uint8Array => utf8(`clients/${client}/clientState`)
export const consensusStatePath = (client: string, height: Height): Uint8Array =>
  utf8(`clients/${client}/consensusStates/${height.revisionNumber}-${height.revisionHeight}`)
export const connectionPath = (connection: string): Uint8Array => utf8(`connections/${connection}`)
export const channelPath = (port: string, channel: string): Uint8Array =>
  utf8(`channelEnds/ports/${port}/channels/${channel}`)
export const nextSequenceSendPath = (port: string, channel: string): Uint8Array =>
  utf8(`nextSequenceSend/ports/${port}/channels/${channel}`)
export const nextSequenceRecvPath = (port: string, channel: string): Uint8Array =>
  utf8(`nextSequenceRecv/ports/${port}/channels/${channel}`)
export const nextSequenceAckPath = (port: string, channel: string): Uint8Array =>
  utf8(`nextSequenceAck/ports/${port}/channels/${channel}`)
const packetPath = (kind: string, port: string, channel: string, sequence: bigint): Uint8Array =>
  utf8(`${kind}/ports/${port}/channels/${channel}/sequences/${sequence}`)
export const commitmentPath = (port: string, channel: string, sequence: bigint): Uint8Array =>
  packetPath('commitments', port, channel, sequence)
export const receiptPath = (port: string, channel: string, sequence: bigint): Uint8Array =>
  packetPath('receipts', port, channel, sequence)
export const ackPath = (port: string, channel: string, sequence: bigint): Uint8Array =>
  packetPath('acks', port, channel, sequence)

const keyV2 = (client: string, tag: number, sequence: bigint): Uint8Array =>
  concat(utf8(client), Uint8Array.of(tag), u64be(sequence))
export const commitmentPathV2 = (client: string, sequence: bigint): Uint8Array => keyV2(client, 1, sequence)
export const receiptPathV2 = (client: string, sequence: bigint): Uint8Array => keyV2(client, 2, sequence)
export const ackPathV2 = (client: string, sequence: bigint): Uint8Array => keyV2(client, 3, sequence)
/** Not provable; ibc-go keeps it under `nextSequenceSend/{client}` too. */
export const nextSequenceSendPathV2 = (client: string): Uint8Array => utf8(`nextSequenceSend/${client}`)
/** The counterparty of an IBC v2 client; below `clients/{id}/` as in ibc-go's client store. */
export const counterpartyPath = (client: string): Uint8Array => utf8(`clients/${client}/counterparty`)
export const clientCreatorPath = (client: string): Uint8Array => utf8(`clients/${client}/creator`)

/** Keys from the outermost store inwards: `[storeName, key]` on Cosmos chains. */
export type MerklePath = readonly Uint8Array[]

/** v1: the connection's prefix is the store's name, the key stands beside it. */
export function pathUnderPrefix(prefix: Uint8Array, key: Uint8Array): MerklePath {
  return [prefix, key]
}

/** v2: the key is appended to the last element of the counterparty's prefix. */
export function pathUnderPrefixV2(prefix: readonly Uint8Array[], key: Uint8Array): MerklePath {
  const last = prefix.at(-1)
  if (!last) throw new HubError('HUB_INVALID_ARGUMENT', 'a Merkle prefix needs at least one element')
  return [...prefix.slice(0, -1), concat(last, key)]
}
