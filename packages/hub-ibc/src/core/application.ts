/** ICS-05/26: what an application on a port does, for v1 channels and v2 payloads. */
import type { Packet, Payload } from './messages.ts'

/** Called by v1 channels. Every callback may throw `HubError`; what it changed is then undone. */
export interface ChannelApplication {
  /** Returns the version it agrees to. `version` is empty when the opener left the choice. */
  onOpenInit(channel: {
    portId: string
    channelId: string
    ordering: number
    version: string
    counterpartyPortId: string
  }): string
  /** The counterparty opens a channel to this port. Returns the version that goes into this end. */
  onOpenTry(channel: {
    portId: string
    channelId: string
    ordering: number
    version: string
    counterpartyPortId: string
  }): string
  /** The counterparty answered with its version; throw to refuse it. */
  onOpenAck?(portId: string, channelId: string, counterpartyVersion: string): void
  /** Returning without throwing permits a user to close the channel; leave it out to forbid. */
  onCloseInit?(portId: string, channelId: string): void
  /** The counterparty has closed; nothing can stop it. */
  onCloseConfirm?(portId: string, channelId: string): void
  /** The acknowledgement's bytes; undefined: it comes later, through `writeAcknowledgement`. */
  onReceive(packet: Packet, relayer: string): Uint8Array | undefined
  /** The acknowledgement's bytes when `onReceive` threw: what the error looks like to the sender. */
  errorAcknowledgement(error: unknown): Uint8Array
  /** True for an acknowledgement that means failure: what `onReceive` changed is undone, the receipt stays. */
  isError(acknowledgement: Uint8Array): boolean
  /** A packet that was sent from here was taken or refused. Called once, never after `onTimeout`. */
  onAcknowledge(packet: Packet, acknowledgement: Uint8Array, relayer: string): void
  /** A packet that was sent from here was proved not to have arrived in time. Called once. */
  onTimeout(packet: Packet, relayer: string): void
}

/** A v2 packet's payload with what surrounds it. */
export interface PayloadContext {
  readonly sourceClient: string
  readonly destinationClient: string
  readonly sequence: bigint
  /** Seconds since 1970. */
  readonly timeoutTimestamp: bigint
  readonly payload: Payload
}

/** Called by v2 packets. */
export interface PayloadApplication {
  /** Before the packet is committed; throws to refuse. */
  onSend(context: PayloadContext, signer: string): void
  /** The application's acknowledgement, `failure`, or undefined when it comes later. */
  onReceive(context: PayloadContext, relayer: string): Uint8Array | 'failure' | undefined
  /** The packet of this payload was refused; what it changed is undone already. */
  onRefused?(context: PayloadContext, error: unknown): void
  /** A payload that was sent from here was taken or refused. Called once, never after `onTimeout`. */
  onAcknowledge(context: PayloadContext, acknowledgement: Uint8Array | 'failure', relayer: string): void
  /** A packet with this payload was proved not to have arrived in time. Called once. */
  onTimeout(context: PayloadContext, relayer: string): void
}

/** An event, in ibc-go's names, that relayers and explorers read. */
export interface IbcEvent {
  readonly type: string
  readonly attributes: Readonly<Record<string, string>>
}
