import type { Stream, StreamCloseEvent, StreamMessageEvent } from '@libp2p/interface'

/** Bytes held for a consumer that is slow; beyond it the other side waits. */
const HIGH_WATER = 512 * 1024

/**
 * What comes over `stream` until the other side ends it; throws what ended it early. The iterator of libp2p's streams waits for events that may be over: an answer
 * that came with its end before the first read is followed by nothing, for ever, and aborting a stream that is closed wakes nobody (@libp2p/utils 7.4).
 */
export async function* pieces(stream: Stream): AsyncGenerator<Uint8Array> {
  let queue: Uint8Array[] = []
  let queued = 0
  let over = false
  let error: Error | undefined
  let wake = () => {}
  const onMessage = ({ data }: StreamMessageEvent) => {
    const bytes = data instanceof Uint8Array ? data : data.subarray()
    queue.push(bytes)
    queued += bytes.length
    if (queued > HIGH_WATER && stream.readStatus === 'readable') stream.pause()
    wake()
  }
  // `end` comes when all has been handed over, and before `close`, which says why.
  const onEnd = () => queueMicrotask(finish)
  const onClose = (event: StreamCloseEvent) => {
    error ??= event.error
    if (error || stream.readableEnded) finish()
  }
  const finish = () => {
    over = true
    wake()
  }
  stream.addEventListener('message', onMessage)
  stream.addEventListener('end', onEnd)
  stream.addEventListener('close', onClose)
  if (stream.readableEnded) over = true
  try {
    for (;;) {
      const taken = queue
      queue = []
      queued = 0
      if (stream.readStatus === 'paused') stream.resume()
      yield* taken
      if (queue.length > 0) continue
      if (error) throw error
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
