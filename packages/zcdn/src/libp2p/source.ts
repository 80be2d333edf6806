import type { Source } from '../download/source.ts'
import { type Channel, channelSource, type Provider, serveChannel } from '../source/channel-source.ts'
import { type MessageStreamLike, streamChannel } from './stream-channel.ts'

/** The protocol that both ends agree on. */
export const PROTOCOL = '/zos/cdn/1'
/** Streams that one peer may hold open here. */
const MAX_STREAMS = 32

interface Opens<P> {
  dialProtocol(peer: P, protocol: string, options?: { signal?: AbortSignal }): Promise<MessageStreamLike>
}
interface Handles {
  handle(
    protocol: string,
    onStream: (stream: MessageStreamLike) => void,
    options: { maxInboundStreams: number },
  ): Promise<void>
  unhandle(protocol: string): Promise<void>
}

/**
 * A libp2p peer as a source. `node` is a js-libp2p 3 node, `peer` what its `dialProtocol` takes: a peer id or multiaddrs. The stream is opened
 * with the first request, and anew after it broke.
 */
export function libp2pSource<P>(id: string, node: Opens<P>, peer: P, options: { parallel?: number } = {}): Source {
  let open: Promise<Source> | undefined
  const current = (signal?: AbortSignal): Promise<Source> => {
    open ??= node.dialProtocol(peer, PROTOCOL, signal ? { signal } : {}).then(
      (stream) => {
        const channel = streamChannel(stream)
        const forgetful: Channel = {
          ...channel,
          onClose: (closed) =>
            channel.onClose?.(() => {
              open = undefined
              closed()
            }),
        }
        return channelSource(id, forgetful)
      },
      (error) => {
        open = undefined
        throw error
      },
    )
    return open
  }
  return {
    id,
    ...(options.parallel ? { parallel: options.parallel } : {}),
    async *read(request, reading) {
      yield* (await current(reading.signal)).read(request, reading)
    },
    async block(cid, asking) {
      return (await current(asking.signal)).block!(cid, asking)
    },
  }
}

/** Answers requests of {@link libp2pSource} on a js-libp2p 3 node. Resolves with what stops it. */
export async function serveLibp2p(node: Handles, provider: Provider): Promise<() => Promise<void>> {
  await node.handle(PROTOCOL, (stream) => serveChannel(streamChannel(stream), provider), {
    maxInboundStreams: MAX_STREAMS,
  })
  return () => node.unhandle(PROTOCOL)
}
