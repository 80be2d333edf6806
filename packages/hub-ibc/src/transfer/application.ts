/**
 * ICS-20 fungible token transfer on v1 channels and in v2 payloads, over a bank. What a hub adds (books, limits, isolation,
 * assets by origin) comes in through {@link TransferPolicy}; without one this is the plain standard.
 */

import type { ChannelApplication, PayloadApplication, PayloadContext } from '../core/application.ts'
import type { IbcHost } from '../core/host.ts'
import type { KvStore } from '../core/journal.ts'
import { type Height, Order, Packet } from '../core/messages.ts'
import { fromUtf8, utf8 } from '../encoding/bytes.ts'
import { HubError, type HubErrorCode } from '../errors.ts'
import type { Bank } from './bank.ts'
import { bankDenom, type Denom, denomPath, escrowAddress, hasPrefix, parseDenom } from './denom.ts'
import { type AssetMemo, assetOf, callbackOf, type ForwardMemo, forwardOf } from './memo.ts'
import {
  decodeTransfer,
  ENCODINGS,
  encodeTransfer,
  errorAcknowledgement,
  isSuccess,
  SUCCESS_ACKNOWLEDGEMENT,
  TRANSFER_VERSION,
  type TransferData,
} from './packet-data.ts'

/** One end of a route: a v1 channel or a v2 client, with its port. */
export interface Route {
  readonly port: string
  readonly channel: string
}

/** What may happen to a transfer, and under which name tokens are held here. Every method may throw `HubError` to refuse. */
export interface TransferPolicy {
  /**
   * Tokens leave. The path to write into the packet; `home` when that burns vouchers rather than escrows.
   */
  send(route: Route, denom: string, amount: bigint): { readonly path: string; readonly home: boolean }
  /** Tokens arrive that were born elsewhere. The name to mint them under. `claimed`: what the packet says about the asset. */
  mint(route: Route, denom: Denom, amount: bigint, claimed?: AssetMemo): string
  /** Tokens come back that were sent out from here. The name to release. */
  release(route: Route, denom: Denom, amount: bigint): string
  /** What `mint` did is undone, as the tokens could not go on to where they should. The name to burn. Not subject to limits. */
  unmint(route: Route, denom: Denom, amount: bigint): string
  /** What `release` did is undone. The name to take back into escrow. Not subject to limits. */
  unrelease(route: Route, denom: Denom, amount: bigint): string
  /** The other side took a packet. */
  delivered(route: Route, path: string, amount: bigint): void
  /** A packet failed or timed out: what `send` did is undone. The name to give back. Not subject to limits. */
  refund(route: Route, path: string, amount: bigint): string
  /** A packet from `route` was refused, after everything else was undone. */
  refused(route: Route, error: unknown): void
  /** What a token of this chain's bank is: its base and the hops it came over. Throws `HUB_NOT_FOUND`. Left out where tokens are not named by path. */
  denomOf?(name: string): Denom
}

/** The standard: vouchers by path, escrow by channel. */
export function createStandardPolicy(store: KvStore): TransferPolicy {
  const traceKey = (name: string) => utf8(`denoms/${name}`)
  const resolve = (name: string): Denom => {
    if (!name.startsWith('ibc/')) return { base: name, trace: [] }
    const path = store.get(traceKey(name))
    if (!path) throw new HubError('HUB_NOT_FOUND', 'unknown voucher', { denom: name })
    return parseDenom(fromUtf8(path))
  }
  return {
    send: (route, name) => {
      const denom = resolve(name)
      return { path: denomPath(denom), home: hasPrefix(denom, route.port, route.channel) }
    },
    mint: (route, denom) => {
      const voucher: Denom = { base: denom.base, trace: [route, ...denom.trace] }
      const name = bankDenom(voucher)
      if (!store.get(traceKey(name))) store.set(traceKey(name), utf8(denomPath(voucher)))
      return name
    },
    release: (_route, denom) => bankDenom(denom),
    unmint: (route, denom) => bankDenom({ base: denom.base, trace: [route, ...denom.trace] }),
    unrelease: (_route, denom) => bankDenom(denom),
    delivered: () => {},
    refund: (_route, path) => bankDenom(parseDenom(path)),
    refused: () => {},
    denomOf: resolve,
  }
}

/** Calls a contract because of a packet, as `src_callback` and `dest_callback` memos ask (ibc-go `callbacks`). */
export interface CallbackPort {
  /** May throw; on the destination that fails the packet, on the source it is ignored, so that nobody can block a refund. */
  call(
    event: 'received' | 'acknowledged' | 'timed-out',
    target: { address: string; gasLimit: bigint },
    data: TransferData,
    acknowledgement?: Uint8Array,
  ): void
}

/**
 * ICS-20 bound to a port of a host: callbacks for v1 channels and v2 payloads, and the two ways to send. Amounts are in
 * the token's smallest unit.
 */
export interface TransferApplication {
  /** What v1 channels call; bound already. */
  readonly channel: ChannelApplication
  /** What v2 packets call; bound already. */
  readonly payload: PayloadApplication
  /**
   * What is behind a token's name in the bank, `ibc/…` or not: ibc-go's query of a denomination. Throws `HUB_NOT_FOUND` for an unknown voucher. A hub names
   * tokens by origin: ask its `assets.originOf`.
   */
  denomOf(name: string): Denom
  /**
   * Sends over a v1 channel; the packet's sequence. `timeout.timestamp` in nanoseconds since 1970; one of the two
   * timeouts must be set. Call inside `host.run` or through `MsgTransfer`. Throws `HUB_INSUFFICIENT`, `HUB_TIMEOUT`,
   * `HUB_STATE`, and what the policy throws.
   */
  send(
    route: Route,
    data: { denom: string; amount: bigint; sender: string; receiver: string; memo?: string },
    timeout: { height?: Height; timestamp?: bigint },
  ): bigint
  /**
   * Sends over a v2 client; the packet's sequence. `timeoutTimestamp` in seconds since 1970, at most a day ahead;
   * `encoding` is one of {@link ENCODINGS}, default JSON.
   */
  sendV2(
    client: string,
    data: { denom: string; amount: bigint; sender: string; receiver: string; memo?: string },
    timeoutTimestamp: bigint,
    encoding?: string,
  ): bigint
}

/**
 * Characters of a denomination that comes in: some forty hops. What a hub keeps of a denomination, in its store and in memory, grows with the square of its
 * hops. On its way home it may be longer by the hop that it came over.
 */
const MAX_DENOM = 1_024
/** The amount of a `MsgTransfer` that means everything the sender has: 2^256 - 1, ibc-go's `UnboundedSpendLimit`. */
const ENTIRE_BALANCE = (1n << 256n) - 1n
const NO_HEIGHT: Height = { revisionNumber: 0n, revisionHeight: 0n }
/** How long a forwarded packet waits when its memo does not say: ten minutes, in nanoseconds. */
const FORWARD_TIMEOUT = 600_000_000_000n
/** Codes of ibc-go's registered errors, which are all that an error acknowledgement tells. */
const ABCI_CODES: Partial<Record<HubErrorCode, number>> = {
  HUB_DECODE: 12,
  HUB_APPLICATION: 2,
  HUB_INSUFFICIENT: 5,
  HUB_UNAUTHORIZED: 4,
  HUB_ISOLATED: 8,
  HUB_RATE_LIMITED: 10,
}

/** Binds ICS-20 to `port` (default `transfer`) of `host`. `store` keeps traces and forwards in flight. */
export function createTransferApplication(options: {
  host: IbcHost
  store: KvStore
  bank: Bank
  /** Block time in nanoseconds, for the timeouts of forwarded packets. */
  now: () => bigint
  /** What a hub adds; default {@link createStandardPolicy}, the plain standard. */
  policy?: TransferPolicy
  /** Calls contracts that memos name; without it such memos are ignored. */
  callbacks?: CallbackPort
  /** The port to bind; default `transfer`. Transfers pass only between equal ports. */
  port?: string
}): TransferApplication {
  const { host, store, bank, callbacks } = options
  const port = options.port ?? 'transfer'
  const policy = options.policy ?? createStandardPolicy(store)

  /** Takes the tokens of an outgoing packet; its data. */
  function debit(
    route: Route,
    data: { denom: string; amount: bigint; sender: string; receiver: string; memo?: string },
  ): TransferData {
    const { path, home } = policy.send(route, data.denom, data.amount)
    if (home) bank.burn(data.sender, data.denom, data.amount)
    else bank.transfer(data.sender, escrowAddress(route.port, route.channel), data.denom, data.amount)
    return { denom: path, amount: data.amount, sender: data.sender, receiver: data.receiver, memo: data.memo ?? '' }
  }

  /** The path that {@link debit} will write into the packet: it depends on the amount. */
  function pathOf(route: Route, denom: string, amount: bigint): string {
    let path: string | undefined
    const asked = new Error('only asked')
    try {
      host.journal.attempt(() => {
        path = policy.send(route, denom, amount).path
        // What it changed is undone.
        throw asked
      })
    } catch (error) {
      if (error !== asked) throw error
    }
    return path!
  }

  /** Gives an incoming packet's tokens to `receiver`. */
  function credit(route: Route, from: Route, data: TransferData, receiver: string): string {
    const denom = parseDenom(data.denom)
    const isHome = hasPrefix(denom, from.port, from.channel)
    const asset: Denom = isHome ? { base: denom.base, trace: denom.trace.slice(1) } : denom
    if (denomPath(asset).length > MAX_DENOM)
      throw new HubError('HUB_APPLICATION', `ICS-20: a denomination has at most ${MAX_DENOM} characters`)
    if (isHome) {
      const name = policy.release(route, asset, data.amount)
      bank.transfer(escrowAddress(route.port, route.channel), receiver, name, data.amount)
      return name
    }
    const name = policy.mint(route, asset, data.amount, assetOf(data.memo))
    bank.mint(receiver, name, data.amount)
    return name
  }

  function giveBack(route: Route, data: TransferData): void {
    const name = policy.refund(route, data.denom, data.amount)
    if (hasPrefix(parseDenom(data.denom), route.port, route.channel)) bank.mint(data.sender, name, data.amount)
    else bank.transfer(escrowAddress(route.port, route.channel), data.sender, name, data.amount)
  }

  function notify(event: 'acknowledged' | 'timed-out', data: TransferData, ack?: Uint8Array): void {
    const target = callbackOf(data.memo, 'src_callback')
    if (!target || !callbacks) return
    try {
      host.journal.attempt(() => callbacks.call(event, target, data, ack))
    } catch (error) {
      // A contract must not be able to block its own refund, nor a relayer.
      if (!(error instanceof HubError)) throw error
    }
  }

  const forwardKey = (route: Route, sequence: bigint) => utf8(`forwards/${route.port}/${route.channel}/${sequence}`)
  /** Nobody's account: what is passing through, by the channel it came over. */
  const passage = (route: Route, sequence: bigint) => `forward/${route.port}/${route.channel}/${sequence}`

  function forward(packet: Packet, data: TransferData, memo: ForwardMemo): void {
    const route = { port: packet.destinationPort, channel: packet.destinationChannel }
    const from = { port: packet.sourcePort, channel: packet.sourceChannel }
    const account = passage(route, packet.sequence)
    const name = credit(route, from, data, account)
    const onward = { port: memo.port, channel: memo.channel }
    const sequence = send(
      onward,
      { denom: name, amount: data.amount, sender: account, receiver: memo.receiver, memo: memo.next },
      { timestamp: options.now() + (memo.timeout ?? FORWARD_TIMEOUT) },
    )
    store.set(forwardKey(onward, sequence), Packet.encode(packet))
  }

  /** If this packet was a forward, answers the packet it came from. */
  function finishForward(packet: Packet, delivered: boolean): void {
    const onward = { port: packet.sourcePort, channel: packet.sourceChannel }
    const stored = store.get(forwardKey(onward, packet.sequence))
    if (!stored) return
    store.delete(forwardKey(onward, packet.sequence))
    const original = Packet.decode(stored)
    if (!delivered) {
      // The refund stands on the passage account. Undo the arrival, so that the refund goes on to the chain before.
      const data = decodeTransfer(original.data)
      const route = { port: original.destinationPort, channel: original.destinationChannel }
      const denom = parseDenom(data.denom)
      const account = passage(route, original.sequence)
      if (hasPrefix(denom, original.sourcePort, original.sourceChannel)) {
        const name = policy.unrelease(route, { base: denom.base, trace: denom.trace.slice(1) }, data.amount)
        bank.transfer(account, escrowAddress(route.port, route.channel), name, data.amount)
      } else bank.burn(account, policy.unmint(route, denom, data.amount), data.amount)
    }
    host.writeAcknowledgement(original, delivered ? SUCCESS_ACKNOWLEDGEMENT : errorAcknowledgement(1))
  }

  function send(
    route: Route,
    data: Parameters<typeof debit>[1],
    timeout: { height?: Height; timestamp?: bigint },
  ): bigint {
    return host.sendPacket(
      route.port,
      route.channel,
      timeout.height ?? NO_HEIGHT,
      timeout.timestamp ?? 0n,
      encodeTransfer(debit(route, data)),
    )
  }

  function receive(route: Route, from: Route, data: TransferData): void {
    credit(route, from, data, data.receiver)
    const target = callbackOf(data.memo, 'dest_callback')
    if (target && callbacks) callbacks.call('received', target, data)
  }

  /** Why a packet was refused, which its acknowledgement does not tell; in the form of ibc-go's events of undone receipts. */
  function emitRefusal(error: unknown): void {
    // Other errors' texts are the engine's, and events may be under a hash.
    const reason = error instanceof HubError ? `${error.code}: ${error.message}` : 'internal error'
    host.emit({
      type: 'ibccallbackerror-fungible_token_packet',
      attributes: { 'ibccallbackerror-success': 'false', 'ibccallbackerror-error': reason },
    })
  }

  const checkVersion = ({ version, ordering }: { version: string; ordering: number }) => {
    if (ordering !== Order.UNORDERED) throw new HubError('HUB_STATE', 'transfer channels are unordered')
    if (version !== '' && version !== TRANSFER_VERSION)
      throw new HubError('HUB_STATE', 'unknown transfer version', { version })
    return TRANSFER_VERSION
  }

  const channel: ChannelApplication = {
    onOpenInit: checkVersion,
    onOpenTry(end) {
      if (end.version !== TRANSFER_VERSION)
        throw new HubError('HUB_STATE', 'unknown transfer version', { version: end.version })
      return checkVersion(end)
    },
    onOpenAck(_port, _channel, version) {
      if (version !== TRANSFER_VERSION) throw new HubError('HUB_STATE', 'unknown transfer version', { version })
    },
    onReceive(packet) {
      const route = { port: packet.destinationPort, channel: packet.destinationChannel }
      const from = { port: packet.sourcePort, channel: packet.sourceChannel }
      try {
        const data = decodeTransfer(packet.data)
        const memo = forwardOf(data.memo)
        if (memo) {
          forward(packet, data, memo)
          return undefined
        }
        receive(route, from, data)
        return SUCCESS_ACKNOWLEDGEMENT
      } catch (error) {
        refusal = { route, error }
        throw error
      }
    },
    errorAcknowledgement(error) {
      if (refusal) {
        policy.refused(refusal.route, refusal.error)
        emitRefusal(refusal.error)
      }
      refusal = undefined
      return errorAcknowledgement((error instanceof HubError && ABCI_CODES[error.code]) || 1)
    },
    isError: (ack) => !isSuccess(ack),
    onAcknowledge(packet, ack) {
      const route = { port: packet.sourcePort, channel: packet.sourceChannel }
      const data = decodeTransfer(packet.data)
      const success = isSuccess(ack)
      if (success) policy.delivered(route, data.denom, data.amount)
      else giveBack(route, data)
      finishForward(packet, success)
      notify('acknowledged', data, ack)
    },
    onTimeout(packet) {
      const data = decodeTransfer(packet.data)
      giveBack({ port: packet.sourcePort, channel: packet.sourceChannel }, data)
      finishForward(packet, false)
      notify('timed-out', data)
    },
  }
  // Between a throwing receive and the acknowledgement that reports it, in one synchronous message.
  let refusal: { route: Route; error: unknown } | undefined

  const dataOf = ({ payload }: PayloadContext): TransferData => {
    if (payload.version !== TRANSFER_VERSION)
      throw new HubError('HUB_APPLICATION', 'unknown transfer version', { version: payload.version })
    if (payload.sourcePort !== port || payload.destinationPort !== port) {
      // Any pair of ports would let two applications pass for one another (cosmos/ibc issue 1178).
      throw new HubError('HUB_APPLICATION', 'transfers go from transfer port to transfer port')
    }
    return decodeTransfer(payload.value, payload.encoding)
  }
  const sourceRoute = (context: PayloadContext): Route => ({ port, channel: context.sourceClient })
  const payload: PayloadApplication = {
    onSend(context, signer) {
      const data = dataOf(context)
      if (data.sender !== signer) throw new HubError('HUB_UNAUTHORIZED', 'only the sender sends its tokens', { signer })
      // The packet names the path; the bank may know the token by another name.
      const name = policy.refund({ port: '', channel: '' }, data.denom, 0n)
      if (debit(sourceRoute(context), { ...data, denom: name }).denom !== data.denom) {
        throw new HubError('HUB_APPLICATION', 'the denomination is not the one this route uses', { denom: data.denom })
      }
    },
    onReceive(context) {
      receive({ port, channel: context.destinationClient }, sourceRoute(context), dataOf(context))
      return SUCCESS_ACKNOWLEDGEMENT
    },
    onRefused(context, error) {
      policy.refused({ port, channel: context.destinationClient }, error)
      emitRefusal(error)
    },
    onAcknowledge(context, ack) {
      const data = dataOf(context)
      if (ack !== 'failure' && isSuccess(ack)) policy.delivered(sourceRoute(context), data.denom, data.amount)
      else giveBack(sourceRoute(context), data)
      notify('acknowledged', data, ack === 'failure' ? undefined : ack)
    },
    onTimeout(context) {
      const data = dataOf(context)
      giveBack(sourceRoute(context), data)
      notify('timed-out', data)
    },
  }

  const application: TransferApplication = {
    channel,
    payload,
    denomOf: (name) => policy.denomOf?.(name) ?? { base: name, trace: [] },
    send,
    sendV2(client, data, timeoutTimestamp, encoding = ENCODINGS.json) {
      const path = pathOf({ port, channel: client }, data.denom, data.amount)
      const value = encodeTransfer({ ...data, denom: path, memo: data.memo ?? '' }, encoding)
      return host.sendPacketV2(
        client,
        timeoutTimestamp,
        [{ sourcePort: port, destinationPort: port, version: TRANSFER_VERSION, encoding, value }],
        data.sender,
      )
    },
  }
  host.bind(port, { channel, payload })
  host.bindTransfer((msg) => {
    if (!/^[0-9]{1,78}$/.test(msg.token.amount)) throw new HubError('HUB_APPLICATION', 'amount is not a decimal number')
    const asked = BigInt(msg.token.amount)
    const data = {
      denom: msg.token.denom,
      amount: asked === ENTIRE_BALANCE ? bank.balance(msg.sender, msg.token.denom) : asked,
      sender: msg.sender,
      receiver: msg.receiver,
      memo: msg.memo,
    }
    if (msg.useAliasing) throw new HubError('HUB_INVALID_ARGUMENT', 'channels are not used as aliases of clients here')
    // As in ibc-go: what is no channel is a client, and the timeout is then in seconds.
    if (!host.hasChannel(msg.sourcePort, msg.sourceChannel)) {
      if (msg.timeoutHeight.revisionHeight !== 0n || msg.timeoutHeight.revisionNumber !== 0n)
        throw new HubError('HUB_TIMEOUT', 'IBC v2 knows no timeout by height')
      return application.sendV2(msg.sourceChannel, data, msg.timeoutTimestamp, msg.encoding || ENCODINGS.json)
    }
    return send({ port: msg.sourcePort, channel: msg.sourceChannel }, data, {
      height: msg.timeoutHeight,
      timestamp: msg.timeoutTimestamp,
    })
  })
  return application
}
