import type { Channel } from '../source/channel-source.ts'

/** The part of a js-libp2p 3 stream that is used, so that this package needs no libp2p of its own. */
export interface MessageStreamLike {
  readonly status: string
  /** the other side has ended, and all that it sent was handed over */
  readonly readableEnded: boolean
  send(bytes: Uint8Array): boolean
  onDrain(): Promise<void>
  abort(error: Error): void
  addEventListener(type: 'message', listen: (event: { data: { subarray(): Uint8Array } }) => void): void
  addEventListener(type: 'close' | 'end', listen: () => void): void
}

/** A message carries one header and 16 KiB of data at most; whoever announces more is cut off. */
const MAX_MESSAGE_BYTES = 64 * 1024
const PREFIX_BYTES = 4

/** A byte stream of libp2p as a {@link Channel}: each message behind its length (u32, big endian). Memory: one message. */
export function streamChannel(stream: MessageStreamLike): Channel {
  return {
    async send(message) {
      if (stream.status !== 'open') return
      const framed = new Uint8Array(PREFIX_BYTES + message.length)
      new DataView(framed.buffer).setUint32(0, message.length)
      framed.set(message, PREFIX_BYTES)
      if (!stream.send(framed)) await stream.onDrain().catch(() => {})
    },
    onMessage(receive) {
      let held = new Uint8Array(0)
      stream.addEventListener('message', ({ data }) => {
        const bytes = data.subarray()
        const joined = new Uint8Array(held.length + bytes.length)
        joined.set(held)
        joined.set(bytes, held.length)
        let at = 0
        while (joined.length - at >= PREFIX_BYTES) {
          const length = new DataView(joined.buffer).getUint32(at)
          if (length > MAX_MESSAGE_BYTES) {
            held = new Uint8Array(0)
            return stream.abort(new Error(`a message of ${length} bytes is above ${MAX_MESSAGE_BYTES}`))
          }
          if (joined.length - at - PREFIX_BYTES < length) break
          receive(joined.slice(at + PREFIX_BYTES, at + PREFIX_BYTES + length))
          at += PREFIX_BYTES + length
        }
        held = joined.slice(at)
      })
    },
    onClose(closed) {
      // A stream may have ended before anyone listens, and one whose other side has ended answers no more.
      let told = false
      const once = () => {
        if (!told) closed()
        told = true
      }
      stream.addEventListener('close', once)
      stream.addEventListener('end', once)
      if (stream.status !== 'open' || stream.readableEnded) queueMicrotask(once)
    },
  }
}
