/** Length-prefixed messages over a libp2p stream, with back pressure and a size limit. */
import type { Stream } from '@libp2p/interface'
import { concat, decodeVarint, encodeVarint } from '../content/bytes.ts'
import { StorageError } from '../errors.ts'
import { pieces } from './pieces.ts'

/** Sends one message; waits while the stream's buffer is full. */
export async function sendFrame(stream: Stream, message: Uint8Array): Promise<void> {
  const frame = concat([encodeVarint(message.length), message])
  if (!stream.send(frame)) await stream.onDrain()
}

/**
 * The messages that arrive until the other side closes. Memory: one message.
 * @throws StorageError `STORAGE_LIMIT` for one above `maxBytes`, `STORAGE_MALFORMED` for a stream that ends inside one
 */
export async function* receiveFrames(stream: Stream, maxBytes: number): AsyncGenerator<Uint8Array> {
  let parts: Uint8Array[] = []
  let have = 0
  let need: number | undefined
  for await (const data of pieces(stream)) {
    parts.push(data)
    have += data.byteLength
    for (;;) {
      if (need === undefined) {
        const held = concat(parts)
        parts = [held]
        const length = decodeVarint(held, 0)
        if (length === undefined) break
        if (length.value > maxBytes)
          throw new StorageError('STORAGE_LIMIT', `A message of ${length.value} bytes is above ${maxBytes}`, {
            length: length.value,
          })
        need = length.value
        parts = [held.subarray(length.length)]
        have -= length.length
      }
      if (have < need) break
      const held = concat(parts)
      yield held.subarray(0, need)
      parts = [held.subarray(need)]
      have -= need
      need = undefined
    }
  }
  if (have > 0 || need !== undefined) throw new StorageError('STORAGE_MALFORMED', 'The stream ends inside a message')
}
