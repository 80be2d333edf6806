import { type Clock, sleep } from '../clock.ts'
import { systemClock } from '../platform/system-clock.ts'
import type { Channel } from './channel-source.ts'

/** Bytes that may wait in the socket before a sender pauses. */
const HIGH_WATER = 1 << 20
/** A WebSocket tells nobody when its buffer drains, so a waiting sender looks again after this long. */
const DRAIN_POLL_MS = 5

/** The part of a WebSocket that is used: the platform's and the one of the package `ws` both have it. */
export interface WebSocketLike {
  binaryType: string
  readonly bufferedAmount: number
  readonly readyState: number
  send(data: Uint8Array<ArrayBuffer>): void
  addEventListener(type: 'message', listen: (event: { data: unknown }) => void): void
  addEventListener(type: 'close', listen: () => void): void
}

const OPEN = 1

/** An open WebSocket as a {@link Channel}, for `channelSource` at one end and `serveChannel` at the other. Text messages are ignored. */
export function webSocketChannel(socket: WebSocketLike, clock: Clock = systemClock): Channel {
  socket.binaryType = 'arraybuffer'
  return {
    async send(message) {
      while (socket.bufferedAmount > HIGH_WATER && socket.readyState === OPEN) await sleep(clock, DRAIN_POLL_MS)
      if (socket.readyState === OPEN) socket.send(message as Uint8Array<ArrayBuffer>)
    },
    onMessage(receive) {
      socket.addEventListener('message', ({ data }) => {
        if (data instanceof ArrayBuffer) receive(new Uint8Array(data))
      })
    },
    onClose(closed) {
      socket.addEventListener('close', closed)
    },
  }
}
