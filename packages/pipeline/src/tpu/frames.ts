/**
 * The framed protocol of bulk ingest over a byte stream. To the node: size (u32) of what follows ‖ flags (u8) ‖ [sender, 20 bytes,
 * when bit 0 of flags is set] ‖ transaction. Back: number of the frame in its connection, from 0 (u32) ‖ status (u8), in any
 * order. Integers little end first.
 */
import { PipelineError } from '../errors.ts'
import { MAX_TRANSACTION_BYTES } from '../transaction/decode.ts'

/**
 * The largest size that a frame may announce: flags, a sender and the largest transaction. More ends the connection.
 */
export const MAX_FRAME_BYTES = MAX_TRANSACTION_BYTES + 21
/** Length of a reply: the frame's number (u32, little end first) and its status. */
export const REPLY_BYTES = 5

/** Status bytes. 0: durable. */
export const FRAME_STATUS = [
  'durable',
  'malformed',
  'signature',
  'duplicate',
  'nonce-used',
  'nonce-gap',
  'insufficient-funds',
  'expired',
  'busy',
  'failed',
] as const
/**
 * A status by its name; the byte on the wire is its place in {@link FRAME_STATUS}. `busy` and `failed` say nothing
 * against the transaction: send it again later.
 */
export type FrameStatus = (typeof FRAME_STATUS)[number]

/** The status of a reason for refusal; every decoder's code is `malformed`. */
export function statusOf(reason: string): FrameStatus {
  if (reason === 'quota' || reason === 'quarantined') return 'busy'
  return (FRAME_STATUS as readonly string[]).includes(reason) ? (reason as FrameStatus) : 'malformed'
}

/**
 * A transaction as a frame of bulk ingest. `sender` (20 bytes) is a hint for Ethereum transactions: it saves recovering
 * a key that the node has met, and a wrong one only costs time.
 */
export function encodeFrame(raw: Uint8Array, sender?: Uint8Array): Uint8Array {
  const head = sender ? 25 : 5
  const frame = new Uint8Array(head + raw.length)
  new DataView(frame.buffer).setUint32(0, head - 4 + raw.length, true)
  frame[4] = sender ? 1 : 0
  if (sender) frame.set(sender, 5)
  frame.set(raw, head)
  return frame
}

/** A frame as it came in: views on the chunk that it was read from. */
export interface Frame {
  readonly raw: Uint8Array
  readonly sender: Uint8Array | undefined
}

/** Cuts a stream of chunks into frames. Throws `PIPELINE_FRAME` on a frame that is too large or malformed: the stream is lost then. */
export class FrameReader {
  #rest = new Uint8Array(0)

  push(chunk: Uint8Array): Frame[] {
    let bytes = chunk
    if (this.#rest.length > 0) {
      bytes = new Uint8Array(this.#rest.length + chunk.length)
      bytes.set(this.#rest)
      bytes.set(chunk, this.#rest.length)
    }
    const frames: Frame[] = []
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    let at = 0
    while (bytes.length - at >= 5) {
      const size = view.getUint32(at, true)
      const flags = bytes[at + 4]!
      const head = flags === 1 ? 21 : 1
      if (size > MAX_FRAME_BYTES || size <= head || flags > 1)
        throw new PipelineError('PIPELINE_FRAME', `frame of ${size} bytes with flags ${flags}`, { size, flags })
      if (bytes.length - at - 4 < size) break
      const end = at + 4 + size
      frames.push({
        raw: bytes.subarray(at + 4 + head, end),
        sender: flags === 1 ? bytes.subarray(at + 5, at + 25) : undefined,
      })
      at = end
    }
    this.#rest = bytes.slice(at)
    return frames
  }
}
