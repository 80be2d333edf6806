/** What comes over a stream, piece by piece. */
import type { Stream, StreamCloseEvent, StreamMessageEvent } from '@libp2p/interface'

/** Bytes held for a reader that is slow; beyond it the other side waits. */
const HIGH_WATER = 512 * 1024

/**
 * The pieces until the other side ends; throws what ended the stream early. libp2p's own iterator (@libp2p/utils 7.4) waits for events that may be over: an answer that came
 * with its end before the first read is followed by nothing, for ever, and aborting a stream that is closed wakes nobody.
 */
export async function* pieces(stream: Stream): AsyncGenerator<Uint8Array> {
  let queue: Uint8Array[] = []
  let queued = 0
  let over = stream.readableEnded
  let error: Error | undefined
  let wake = () => {}
  const finish = () => {
    over = true
    wake()
  }
  const onMessage = ({ data }: StreamMessageEvent) => {
    queue.push(data.subarray())
    queued += data.byteLength
    if (queued > HIGH_WATER && stream.readStatus === 'readable') stream.pause()
    wake()
  }
  // `end` comes when all has been handed over, and before `close`, which says why.
  const onEnd = () => queueMicrotask(finish)
  const onClose = (event: StreamCloseEvent) => {
    error ??= event.error
    if (error !== undefined || stream.readableEnded) finish()
  }
  stream.addEventListener('message', onMessage)
  stream.addEventListener('end', onEnd)
  stream.addEventListener('close', onClose)
  try {
    for (;;) {
      const taken = queue
      queue = []
      queued = 0
      if (stream.readStatus === 'paused') stream.resume()
      yield* taken
      if (queue.length > 0) continue
      if (error !== undefined) throw error
      if (over) return
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  } finally {
    stream.removeEventListener('message', onMessage)
    stream.removeEventListener('end', onEnd)
    stream.removeEventListener('close', onClose)
  }
}
