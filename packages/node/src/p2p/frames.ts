/** Length-prefixed frames over a libp2p stream: four bytes big-endian, then so many bytes. */
import type { Stream } from '@libp2p/interface'
import { NodeError } from '../errors.ts'
import { pieces } from './pieces.ts'

export function frame(bytes: Uint8Array): Uint8Array {
  const framed = new Uint8Array(4 + bytes.length)
  new DataView(framed.buffer).setUint32(0, bytes.length)
  framed.set(bytes, 4)
  return framed
}

/** The frames of `stream` until the other side closes. A frame over `maxBytes` throws `NODE_BAD_PEER_MESSAGE` before it is read. */
export async function* readFrames(stream: Stream, maxBytes: number): AsyncGenerator<Uint8Array> {
  let chunks: Uint8Array[] = []
  let buffered = 0
  let wanted: number | undefined
  for await (const chunk of pieces(stream)) {
    chunks.push(chunk)
    buffered += chunk.length
    while (buffered >= (wanted ?? 4)) {
      const bytes = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
      const taken = wanted ?? 4
      chunks = [bytes.subarray(taken)]
      buffered -= taken
      if (wanted === undefined) {
        wanted = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
        if (wanted > maxBytes)
          throw new NodeError('NODE_BAD_PEER_MESSAGE', `a frame of ${wanted} bytes, at most ${maxBytes} allowed`, {
            wanted,
            maxBytes,
          })
      } else {
        yield bytes.subarray(0, taken)
        wanted = undefined
      }
    }
  }
}

/** Writes one frame and waits while the other side is slow. */
export async function sendFrame(stream: Stream, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
  if (!stream.send(frame(bytes))) await stream.onDrain({ signal })
}
