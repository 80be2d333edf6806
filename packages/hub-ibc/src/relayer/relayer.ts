/**
 * Carries packets, acknowledgements and timeouts between two chains over one path. It trusts nobody and need not be trusted:
 * every message is proved, and the chains drop what they have seen. Its only state is how far it has read each chain; a
 * packet holds that mark back until its life is over, so a crash at any point loses nothing and repeats only what is harmless.
 */
import { type CancelSignal, throwIfAborted } from '../cancel.ts'
import { compareHeights } from '../core/light-client.ts'
import type { AcknowledgementV2, Height, IbcMessage } from '../core/messages.ts'
import {
  ackPath,
  ackPathV2,
  commitmentPath,
  commitmentPathV2,
  nextSequenceRecvPath,
  receiptPath,
  receiptPathV2,
} from '../core/paths.ts'
import { isHubError } from '../errors.ts'
import type { ChainEvent, CursorStore, RelayEndpoint } from './endpoint.ts'
import { acknowledgementOf, packetKey, packetOf, type RelayPacket } from './packet-events.ts'

/** One side of a path. */
export interface PathEnd {
  readonly endpoint: RelayEndpoint
  /** The client on this chain that follows the other one. */
  readonly clientId: string
  /** v1 channels on this chain to serve; v2 packets are those of `clientId`. */
  readonly channels?: readonly { readonly port: string; readonly channel: string; readonly ordered?: boolean }[]
  /** The block from which to read when there is no mark yet; default 1. What was sent before is not carried. */
  readonly startHeight?: bigint
}

/** Counts since the relayer was made; the mark of how far it has read is in the {@link CursorStore}. */
export interface RelayProgress {
  /** Packets brought to their destination, those included that another relayer had brought before. */
  readonly received: number
  /** Acknowledgements that it brought back to the source. */
  readonly acknowledged: number
  /** Timeouts that it proved to the source. */
  readonly timedOut: number
  /** Packets whose life is not over. */
  readonly pending: number
  /** Client updates that it submitted. */
  readonly clientUpdates: number
  /** Messages that a chain refused; see `onRejected`. */
  readonly rejected: number
}

/** The two ends of a path, and where the relayer remembers how far it is. */
export interface RelayerOptions {
  /** One end of the path; which of them is `a` makes no difference, but it names the marks, so keep it. */
  readonly a: PathEnd
  /** The other end. */
  readonly b: PathEnd
  /** Where it keeps its marks: {@link createMemoryCursors} or a durable one. */
  readonly cursors: CursorStore
  /** The account that messages name, on both chains. */
  readonly signer: string
  /** Messages a submission; default 100. */
  readonly batchSize?: number
  /** After every batch of messages. */
  readonly onProgress?: (progress: RelayProgress) => void
  /**
   * A chain refused a message, for example because another relayer was faster. The packet is tried again in the next
   * step; one that fails the whole submission even alone, ever less often.
   */
  readonly onRejected?: (chainId: string, message: IbcMessage, reason: string) => void
}

/**
 * A relayer of one path, driven by its owner: call `step` in a loop, and wait a block time or so when it did nothing.
 */
export interface Relayer {
  /**
   * One round: read both chains, carry what can be carried. True when it did anything. Rejects with `HUB_RELAY` when a
   * chain does not answer and `HUB_ABORTED` after `signal`; calling again is always safe.
   */
  step(options?: { signal?: CancelSignal }): Promise<boolean>
  /** Counts up to now. */
  readonly progress: RelayProgress
}

interface Pending {
  readonly packet: RelayPacket
  /** Where it was sent. */
  readonly source: Side
  readonly sentAt: bigint
  ack?: { readonly height: bigint; readonly value: Uint8Array | AcknowledgementV2 }
  received: boolean
  /** How often it failed a submission that was its alone, and the step in which it is tried again. */
  failures: number
  retryAt: number
}

interface Side {
  readonly name: 'a' | 'b'
  readonly end: PathEnd
  next: bigint
  loaded: boolean
}

type Work = {
  readonly item: Pending
  readonly build: (height: Height) => Promise<IbcMessage>
  readonly after: () => void
  readonly atLeast: bigint
}

const DEFAULT_BATCH = 100
/** Steps that a packet waits at most which nobody can carry. */
const MAX_WAIT = 64

/**
 * A relayer between `a` and `b`. Many may serve the same path: the chains drop what they have seen. Cost of a step: one
 * read of each chain's new events, one proof a packet, and a client update a batch where one is needed.
 */
export function createRelayer(options: RelayerOptions): Relayer {
  const { cursors, signer } = options
  const batchSize = options.batchSize ?? DEFAULT_BATCH
  const sides: readonly [Side, Side] = [
    { name: 'a', end: options.a, next: 1n, loaded: false },
    { name: 'b', end: options.b, next: 1n, loaded: false },
  ]
  const pending = new Map<string, Pending>()
  let steps = 0
  const counts = { received: 0, acknowledged: 0, timedOut: 0, clientUpdates: 0, rejected: 0 }
  const otherOf = (side: Side) => (side === sides[0] ? sides[1] : sides[0])
  // With its channels, because a mark says only of what was served that it is done.
  const endName = ({ end: { endpoint, clientId, channels = [] } }: Side) =>
    [endpoint.chainId, clientId, ...channels.map(({ port, channel }) => `${port}/${channel}`).sort()].join('/')
  const cursorKey = (side: Side) => `${endName(sides[0])}:${endName(sides[1])}:${side.name}`
  const nameOf = (source: Side, packet: RelayPacket) => `${source.name}/${packetKey(packet)}`

  const serves = (side: Side, port: string, channel: string) =>
    (side.end.channels ?? []).some((end) => end.port === port && end.channel === channel)
  /** Both ends must be this path's: other chains have a channel of the same name. */
  const sentFrom = (side: Side, { version, packet }: RelayPacket) =>
    version === 2
      ? packet.sourceClient === side.end.clientId && packet.destinationClient === otherOf(side).end.clientId
      : serves(side, packet.sourcePort, packet.sourceChannel) &&
        serves(otherOf(side), packet.destinationPort, packet.destinationChannel)

  function take(side: Side, event: ChainEvent): void {
    const packet = packetOf(event)
    if (!packet) return
    if (event.type === 'send_packet') {
      const name = nameOf(side, packet)
      if (sentFrom(side, packet) && !pending.has(name))
        pending.set(name, { packet, source: side, sentAt: event.height, received: false, failures: 0, retryAt: 0 })
      return
    }
    if (event.type === 'acknowledge_packet' || event.type === 'timeout_packet') {
      pending.delete(nameOf(side, packet))
      return
    }
    // recv_packet and write_acknowledgement happen at the destination.
    const source = otherOf(side)
    if (!sentFrom(source, packet)) return
    const item = pending.get(nameOf(source, packet)) ?? {
      packet,
      source,
      sentAt: source.next,
      received: false,
      failures: 0,
      retryAt: 0,
    }
    item.received = true
    if (event.type === 'write_acknowledgement') item.ack = { height: event.height, value: acknowledgementOf(event) }
    // An acknowledgement that was delivered before this run leaves no commitment; checked when it is carried.
    pending.set(nameOf(source, packet), item)
  }

  async function read(side: Side, signal?: CancelSignal): Promise<{ height: Height; time: bigint }> {
    if (!side.loaded) {
      side.next = (await cursors.load(cursorKey(side))) ?? side.end.startHeight ?? 1n
      side.loaded = true
    }
    const latest = await side.end.endpoint.latest(signal)
    if (latest.height.revisionHeight >= side.next) {
      for (const event of await side.end.endpoint.events(side.next, latest.height.revisionHeight, signal))
        take(side, event)
      side.next = latest.height.revisionHeight + 1n
    }
    return latest
  }

  const isOrdered = (item: Pending) =>
    item.packet.version === 1 &&
    (item.source.end.channels ?? []).some(
      ({ channel, ordered }) =>
        ordered === true && item.packet.version === 1 && channel === item.packet.packet.sourceChannel,
    )

  function timedOut(item: Pending, there: { height: Height; time: bigint }): boolean {
    if (item.packet.version === 2) return there.time / 1_000_000_000n >= item.packet.packet.timeoutTimestamp
    const { timeoutHeight, timeoutTimestamp } = item.packet.packet
    const byHeight = timeoutHeight.revisionHeight !== 0n && compareHeights(there.height, timeoutHeight) >= 0
    return byHeight || (timeoutTimestamp !== 0n && there.time >= timeoutTimestamp)
  }

  function receive(item: Pending): Work {
    const { endpoint } = item.source.end
    return {
      item,
      atLeast: item.sentAt,
      after: () => {
        item.received = true
        counts.received++
      },
      build: async (proofHeight) =>
        item.packet.version === 1
          ? {
              typeUrl: '/ibc.core.channel.v1.MsgRecvPacket',
              packet: item.packet.packet,
              proofCommitment: await endpoint.prove(
                commitmentPath(
                  item.packet.packet.sourcePort,
                  item.packet.packet.sourceChannel,
                  item.packet.packet.sequence,
                ),
                proofHeight,
              ),
              proofHeight,
              signer,
            }
          : {
              typeUrl: '/ibc.core.channel.v2.MsgRecvPacket',
              packet: item.packet.packet,
              proofCommitment: await endpoint.prove(
                commitmentPathV2(item.packet.packet.sourceClient, item.packet.packet.sequence),
                proofHeight,
              ),
              proofHeight,
              signer,
            },
    }
  }

  function acknowledge(item: Pending, name: string): Work {
    const { endpoint } = otherOf(item.source).end
    const ack = item.ack!
    return {
      item,
      atLeast: ack.height,
      after: () => {
        pending.delete(name)
        counts.acknowledged++
      },
      build: async (proofHeight) =>
        item.packet.version === 1
          ? {
              typeUrl: '/ibc.core.channel.v1.MsgAcknowledgement',
              packet: item.packet.packet,
              acknowledgement: ack.value as Uint8Array,
              proofAcked: await endpoint.prove(
                ackPath(
                  item.packet.packet.destinationPort,
                  item.packet.packet.destinationChannel,
                  item.packet.packet.sequence,
                ),
                proofHeight,
              ),
              proofHeight,
              signer,
            }
          : {
              typeUrl: '/ibc.core.channel.v2.MsgAcknowledgement',
              packet: item.packet.packet,
              acknowledgement: ack.value as AcknowledgementV2,
              proofAcked: await endpoint.prove(
                ackPathV2(item.packet.packet.destinationClient, item.packet.packet.sequence),
                proofHeight,
              ),
              proofHeight,
              signer,
            },
    }
  }

  function timeout(item: Pending, name: string, at: Height): Work {
    const { endpoint } = otherOf(item.source).end
    return {
      item,
      atLeast: at.revisionHeight,
      after: () => {
        pending.delete(name)
        counts.timedOut++
      },
      build: async (proofHeight) => {
        if (item.packet.version === 2) {
          const { packet } = item.packet
          const proofUnreceived = await endpoint.prove(
            receiptPathV2(packet.destinationClient, packet.sequence),
            proofHeight,
          )
          return { typeUrl: '/ibc.core.channel.v2.MsgTimeout', packet, proofUnreceived, proofHeight, signer }
        }
        const { packet } = item.packet
        const key = isOrdered(item)
          ? nextSequenceRecvPath(packet.destinationPort, packet.destinationChannel)
          : receiptPath(packet.destinationPort, packet.destinationChannel, packet.sequence)
        const proofUnreceived = await endpoint.prove(key, proofHeight)
        return {
          typeUrl: '/ibc.core.channel.v1.MsgTimeout',
          packet,
          proofUnreceived,
          proofHeight,
          nextSequenceRecv: isOrdered(item) ? packet.sequence : 1n,
          signer,
        }
      },
    }
  }

  /** Submits `work` on `target` in one go, proved against the other chain at its latest height. */
  async function submit(
    target: Side,
    work: readonly Work[],
    latest: { height: Height },
    signal?: CancelSignal,
  ): Promise<boolean> {
    throwIfAborted(signal, 'relaying')
    const { endpoint, clientId } = target.end
    const source = otherOf(target).end.endpoint
    const messages: IbcMessage[] = []
    let proofHeight = await endpoint.clientHeight(clientId, signal)
    const needed = work.reduce((max, { atLeast }) => (atLeast > max ? atLeast : max), 0n)
    if (proofHeight.revisionHeight < needed) {
      for (const clientMessage of await source.updates(latest.height, proofHeight, signal)) {
        messages.push({ typeUrl: '/ibc.core.client.v1.MsgUpdateClient', clientId, clientMessage, signer })
      }
      proofHeight = latest.height
    }
    const updates = messages.length
    for (const { build } of work) messages.push(await build(proofHeight))
    let results: Awaited<ReturnType<typeof endpoint.submit>>
    try {
      results = await endpoint.submit(messages, signal)
    } catch (error) {
      if (!isHubError(error, 'HUB_SUBMISSION')) throw error
      const [first] = work
      if (work.length > 1) {
        // One packet must not hold up the others: anybody can send one that is too large, or whose token fails.
        const half = Math.ceil(work.length / 2)
        const did = await submit(target, work.slice(0, half), latest, signal)
        return (await submit(target, work.slice(half), latest, signal)) || did
      }
      counts.rejected++
      first!.item.failures++
      first!.item.retryAt = steps + Math.min(MAX_WAIT, 2 ** first!.item.failures)
      options.onRejected?.(endpoint.chainId, messages.at(-1)!, error.message)
      return false
    }
    let did = false
    counts.clientUpdates += updates
    results.forEach((result, i) => {
      if (result.status === 'rejected') {
        counts.rejected++
        options.onRejected?.(endpoint.chainId, messages[i]!, result.reason)
        return
      }
      did = true
      if (i >= updates) work[i - updates]!.after()
    })
    options.onProgress?.({ ...counts, pending: pending.size })
    return did
  }

  /** Submits `work` on `target` in batches. */
  async function carry(
    target: Side,
    work: readonly Work[],
    latest: { height: Height },
    signal?: CancelSignal,
  ): Promise<boolean> {
    let did = false
    for (let from = 0; from < work.length; from += batchSize)
      did = (await submit(target, work.slice(from, from + batchSize), latest, signal)) || did
    return did
  }

  /** Drops what ended without this relayer seeing it. */
  async function stillOpen(item: Pending, name: string, signal?: CancelSignal): Promise<boolean> {
    const { packet, version } = item.packet
    const key =
      version === 1
        ? commitmentPath(packet.sourcePort, packet.sourceChannel, packet.sequence)
        : commitmentPathV2(packet.sourceClient, packet.sequence)
    if (await item.source.end.endpoint.has(key, signal)) return true
    pending.delete(name)
    return false
  }

  return {
    get progress() {
      return { ...counts, pending: pending.size }
    },
    async step({ signal } = {}) {
      steps++
      const latest = { a: await read(sides[0], signal), b: await read(sides[1], signal) }
      const work = { a: [] as Work[], b: [] as Work[] }
      for (const [name, item] of pending) {
        const destination = otherOf(item.source)
        if (item.retryAt > steps) continue
        if (item.ack) {
          if (await stillOpen(item, name, signal)) work[item.source.name].push(acknowledge(item, name))
        } else if (item.received) continue
        else if (timedOut(item, latest[destination.name])) {
          if (await stillOpen(item, name, signal))
            work[item.source.name].push(timeout(item, name, latest[destination.name].height))
        } else work[destination.name].push(receive(item))
      }
      let did = false
      for (const side of sides) {
        const list = work[side.name]
        // Ordered channels want their packets in order; others do not mind.
        list.sort((x, y) => (x.item.packet.packet.sequence < y.item.packet.packet.sequence ? -1 : 1))
        if (list.length > 0) did = (await carry(side, list, latest[otherOf(side).name], signal)) || did
      }
      // The mark stays below the oldest packet still alive, so that a new run finds it again.
      for (const side of sides) {
        let mark = side.next
        for (const item of pending.values()) if (item.source === side && item.sentAt < mark) mark = item.sentAt
        // What a packet of the other side left here (its receipt, its acknowledgement) is found again from there.
        for (const item of pending.values())
          if (item.source !== side && item.ack && item.ack.height < mark) mark = item.ack.height
        await cursors.save(cursorKey(side), mark)
      }
      return did
    },
  }
}
