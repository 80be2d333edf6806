/** ICS-26: one entry for every message, all or nothing, with the events that relayers read. */
import { utf8 } from '../encoding/bytes.ts'
import { HubError, type HubErrorCode } from '../errors.ts'
import type { ChannelApplication, IbcEvent, PayloadApplication } from './application.ts'
import * as channels from './channels.ts'
import * as clients from './clients.ts'
import * as connections from './connections.ts'
import { createJournal, type Journal, journaled, type KvStore } from './journal.ts'
import { type ChainClock, clientOf, type Keeper } from './keeper.ts'
import type { ClientStatus, LightClientModule } from './light-client.ts'
import {
  type AcknowledgementV2,
  type Height,
  type IbcMessage,
  MESSAGES,
  type Packet,
  type PacketV2,
} from './messages.ts'
import * as packets from './packets.ts'
import * as packetsV2 from './packets-v2.ts'
import { channelPath } from './paths.ts'

/** What a message did. */
export type Delivery =
  | { readonly status: 'done'; readonly events: readonly IbcEvent[]; readonly result?: string | bigint }
  /** Nothing changed: the packet was handled before. */
  | { readonly status: 'no-op' }
  /** Nothing changed: the message is not allowed. */
  | {
      readonly status: 'rejected'
      readonly code: HubErrorCode
      readonly reason: string
      readonly context: Readonly<Record<string, unknown>>
    }

/** An application of the transfer kind: takes `MsgTransfer` and sends packets itself. */
export type TransferHandler = (
  msg: ReturnType<(typeof MESSAGES)['/ibc.applications.transfer.v1.MsgTransfer']['create']>,
) => bigint

/**
 * The IBC side of one chain: ICS-02 clients, ICS-03 connections, ICS-04 channels and packets, and IBC v2, behind one
 * entry for messages. The chain calls {@link IbcHost.deliver} in its blocks; applications send and acknowledge through
 * it.
 */
export interface IbcHost {
  /** For state that takes part in a message's all-or-nothing: record undo steps here. */
  readonly journal: Journal
  /** Binds an application to a port, for v1 channels, v2 payloads, or both. Throws `HUB_EXISTS`. */
  bind(port: string, application: { channel?: ChannelApplication; payload?: PayloadApplication }): void
  /** Who handles `MsgTransfer`. */
  bindTransfer(handler: TransferHandler): void
  /** Executes one message; never throws for bad messages. */
  deliver(message: IbcMessage): Delivery
  /**
   * For applications: sends a v1 packet inside the running message; its sequence. `timeoutTimestamp` in nanoseconds
   * since 1970, 0 for none; a height of 0-0 is none, and one of the two must be set. Throws `HUB_TIMEOUT` for one that
   * has passed, `HUB_STATE` for a channel that is not open.
   */
  sendPacket(port: string, channel: string, timeoutHeight: Height, timeoutTimestamp: bigint, data: Uint8Array): bigint
  /**
   * For applications: sends a v2 packet inside the running message; its sequence. `timeoutTimestamp` in seconds since
   * 1970. Throws `HUB_TIMEOUT` unless that is in the future and within a day.
   */
  sendPacketV2(sourceClient: string, timeoutTimestamp: bigint, payloads: PacketV2['payloads'], signer: string): bigint
  /**
   * For applications that acknowledge later: the acknowledgement of a v1 packet that was received here. Throws
   * `HUB_EXISTS` for a second one.
   */
  writeAcknowledgement(packet: Packet, acknowledgement: Uint8Array): void
  /** For applications that acknowledge later: the one of a v2 packet, as {@link IbcHost.writeAcknowledgement}. */
  writeAcknowledgementV2(packet: PacketV2, acknowledgement: AcknowledgementV2): void
  /** For applications: an event of the running message. */
  emit(event: IbcEvent): void
  /** Whether a v1 channel of that name was ever opened here. */
  hasChannel(port: string, channel: string): boolean
  /** Collects the events of `work` outside of a message (an application's own transaction), all or nothing. */
  run<T>(work: () => T): { readonly value: T; readonly events: readonly IbcEvent[] }
  /** Brings a frozen or expired client back with the state of an active one; call it inside {@link run}. For governance. Throws `HubError`. */
  recoverClient(subject: string, substitute: string): void
  /** Whether a client can be used at this block's time. Throws `HUB_NOT_FOUND`. */
  clientStatus(clientId: string): ClientStatus
  /** The newest height that a client knows of its counterparty. Throws `HUB_NOT_FOUND`. */
  clientHeight(clientId: string): Height
}

/**
 * The IBC side of a chain over its provable store. `lightClients` are the kinds it accepts. Time comes from `clock`; nothing
 * else enters.
 */
export function createIbcHost(options: {
  store: KvStore
  clock: ChainClock
  lightClients: readonly LightClientModule[]
  /** The name of the store in the chain's multi-store; counterparties prove under it. Default `ibc`. */
  prefix?: string
  /**
   * Undo steps of the running message; default a journal of its own. Pass the one that other stores of the chain share.
   */
  journal?: Journal
}): IbcHost {
  const journal = options.journal ?? createJournal()
  let events: IbcEvent[] = []
  const keeper: Keeper = {
    store: journaled(options.store, journal),
    journal,
    clock: options.clock,
    modules: new Map(options.lightClients.map((module) => [module.clientType, module])),
    channelApplications: new Map(),
    payloadApplications: new Map(),
    prefix: utf8(options.prefix ?? 'ibc'),
    emit: (event) => {
      events.push(event)
      journal.record(() => events.pop())
    },
  }
  let transfer: TransferHandler | undefined

  type Full = { [K in keyof typeof MESSAGES]: ReturnType<(typeof MESSAGES)[K]['create']> }
  const handlers: { [K in keyof Full]: (msg: Full[K]) => unknown } = {
    '/ibc.core.client.v1.MsgCreateClient': (msg) => clients.createClient(keeper, msg),
    '/ibc.core.client.v1.MsgUpdateClient': (msg) => clients.updateClient(keeper, msg),
    '/ibc.core.client.v2.MsgRegisterCounterparty': (msg) => clients.registerCounterparty(keeper, msg),
    '/ibc.core.connection.v1.MsgConnectionOpenInit': (msg) => connections.openInit(keeper, msg),
    '/ibc.core.connection.v1.MsgConnectionOpenTry': (msg) => connections.openTry(keeper, msg),
    '/ibc.core.connection.v1.MsgConnectionOpenAck': (msg) => connections.openAck(keeper, msg),
    '/ibc.core.connection.v1.MsgConnectionOpenConfirm': (msg) => connections.openConfirm(keeper, msg),
    '/ibc.core.channel.v1.MsgChannelOpenInit': (msg) => channels.openInit(keeper, msg),
    '/ibc.core.channel.v1.MsgChannelOpenTry': (msg) => channels.openTry(keeper, msg),
    '/ibc.core.channel.v1.MsgChannelOpenAck': (msg) => channels.openAck(keeper, msg),
    '/ibc.core.channel.v1.MsgChannelOpenConfirm': (msg) => channels.openConfirm(keeper, msg),
    '/ibc.core.channel.v1.MsgChannelCloseInit': (msg) => channels.closeInit(keeper, msg),
    '/ibc.core.channel.v1.MsgChannelCloseConfirm': (msg) => channels.closeConfirm(keeper, msg),
    '/ibc.core.channel.v1.MsgRecvPacket': (msg) => packets.recvPacket(keeper, msg),
    '/ibc.core.channel.v1.MsgAcknowledgement': (msg) => packets.acknowledgePacket(keeper, msg),
    '/ibc.core.channel.v1.MsgTimeout': (msg) => packets.timeoutPacket(keeper, msg),
    '/ibc.core.channel.v1.MsgTimeoutOnClose': (msg) => packets.timeoutOnClose(keeper, msg),
    '/ibc.core.channel.v2.MsgSendPacket': (msg) => packetsV2.sendPacketV2(keeper, msg),
    '/ibc.core.channel.v2.MsgRecvPacket': (msg) => packetsV2.recvPacketV2(keeper, msg),
    '/ibc.core.channel.v2.MsgAcknowledgement': (msg) => packetsV2.acknowledgePacketV2(keeper, msg),
    '/ibc.core.channel.v2.MsgTimeout': (msg) => packetsV2.timeoutPacketV2(keeper, msg),
    '/ibc.applications.transfer.v1.MsgTransfer': (msg) => {
      if (!transfer) throw new HubError('HUB_NOT_FOUND', 'this chain has no transfer application')
      return transfer(msg)
    },
  }

  return {
    journal,
    bind(port, application) {
      const { channel, payload } = application
      if ((channel && keeper.channelApplications.has(port)) || (payload && keeper.payloadApplications.has(port))) {
        throw new HubError('HUB_EXISTS', `port "${port}" is taken`, { port })
      }
      if (channel) keeper.channelApplications.set(port, channel)
      if (payload) keeper.payloadApplications.set(port, payload)
    },
    bindTransfer(handler) {
      transfer = handler
    },
    deliver(message) {
      const handler = handlers[message.typeUrl] as ((msg: never) => unknown) | undefined
      if (!handler)
        return { status: 'rejected', code: 'HUB_NOT_FOUND', reason: `no handler for ${message.typeUrl}`, context: {} }
      events = []
      try {
        const result = journal.attempt(() => handler(MESSAGES[message.typeUrl].create(message as never) as never))
        if (result === 'no-op') return { status: 'no-op' }
        const done = { status: 'done', events } as const
        return (typeof result === 'string' && result !== 'done') || typeof result === 'bigint'
          ? { ...done, result }
          : done
      } catch (error) {
        if (error instanceof HubError) {
          return { status: 'rejected', code: error.code, reason: error.message, context: error.context }
        }
        throw error
      }
    },
    sendPacket: (...args) => packets.sendPacket(keeper, ...args),
    sendPacketV2: (sourceClient, timeoutTimestamp, payloads, signer) =>
      packetsV2.sendPacketV2(keeper, { sourceClient, timeoutTimestamp, payloads, signer }),
    writeAcknowledgement: (packet, ack) => packets.writeAcknowledgement(keeper, packet, ack),
    writeAcknowledgementV2: (packet, ack) => packetsV2.writeAcknowledgementV2(keeper, packet, ack),
    emit: (event) => keeper.emit(event),
    hasChannel: (port, channel) => keeper.store.get(channelPath(port, channel)) !== undefined,
    run(work) {
      events = []
      const value = journal.attempt(work)
      return { value, events }
    },
    recoverClient: (subject, substitute) => clients.recoverClient(keeper, subject, substitute),
    clientStatus(id) {
      const { module, context } = clientOf(keeper, id)
      return module.status(context)
    },
    clientHeight(id) {
      const { module, context } = clientOf(keeper, id)
      return module.latestHeight(context)
    },
  }
}
