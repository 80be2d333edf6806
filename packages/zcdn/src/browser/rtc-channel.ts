import type { Channel } from '../source/channel-source.ts'

/** Bytes that may wait in the data channel before a sender pauses. */
const HIGH_WATER = 1 << 20

/** A WebRTC data channel as a {@link Channel}: two pages give each other ranges without a server between. */
export function rtcChannel(data: RTCDataChannel): Channel {
  data.binaryType = 'arraybuffer'
  data.bufferedAmountLowThreshold = HIGH_WATER / 2
  return {
    async send(message) {
      if (data.bufferedAmount > HIGH_WATER) {
        await new Promise<void>((resolve) => {
          data.addEventListener('bufferedamountlow', () => resolve(), { once: true })
          data.addEventListener('close', () => resolve(), { once: true })
        })
      }
      if (data.readyState === 'open') data.send(message as Uint8Array<ArrayBuffer>)
    },
    onMessage(receive) {
      data.addEventListener('message', ({ data: message }) => receive(new Uint8Array(message as ArrayBuffer)))
    },
    onClose(closed) {
      data.addEventListener('close', closed)
    },
  }
}
