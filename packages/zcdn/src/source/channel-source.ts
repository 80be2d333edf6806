import { CID } from 'multiformats/cid'
import type { Source } from '../download/source.ts'
import { CdnError } from '../errors.ts'

/**
 * Ranges over any channel of messages: a WebRTC data channel, a WebSocket, a MessagePort, a framed stream.
 *
 * A message is a type (u8), a request number (u32, big endian) and a body:
 * 1 read (start f64, end f64, root CID) · 2 block (CID) · 3 data · 4 end · 5 error (UTF-8) · 6 cancel.
 */
export interface Channel {
  /** Resolves when more may be sent. */
  send(message: Uint8Array): void | Promise<void>
  /** Sets who gets messages. */
  onMessage(receive: (message: Uint8Array) => void): void
  onClose?(closed: () => void): void
}

const READ = 1
const BLOCK = 2
const DATA = 3
const END = 4
const ERROR = 5
const CANCEL = 6
const HEADER = 5
/** Of one message: what every WebRTC implementation takes. */
const CHUNK_BYTES = 16 * 1024

function frame(type: number, request: number, body: Uint8Array = new Uint8Array()): Uint8Array {
  const message = new Uint8Array(HEADER + body.length)
  message[0] = type
  new DataView(message.buffer).setUint32(1, request)
  message.set(body, HEADER)
  return message
}

interface Pending {
  queue: Uint8Array[]
  done: boolean
  error?: unknown
  wake: () => void
}

/** The asking end of a channel as a source. */
export function channelSource(id: string, channel: Channel, options: { parallel?: number } = {}): Source {
  const pending = new Map<number, Pending>()
  let last = 0
  let closed = false
  const gone = () => new CdnError('CDN_SOURCE_FAILED', `${id} closed its channel`, { source: id })
  channel.onMessage((message) => {
    if (message.length < HEADER) return
    const request = new DataView(message.buffer, message.byteOffset).getUint32(1)
    const answer = pending.get(request)
    if (!answer) return
    const body = message.subarray(HEADER)
    if (message[0] === DATA) answer.queue.push(body)
    else if (message[0] === END) answer.done = true
    else answer.error = new CdnError('CDN_SOURCE_FAILED', `${id}: ${new TextDecoder().decode(body)}`, { source: id })
    answer.wake()
  })
  channel.onClose?.(() => {
    closed = true
    for (const answer of pending.values()) {
      answer.error = gone()
      answer.wake()
    }
  })
  async function* ask(type: number, body: Uint8Array, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    signal?.throwIfAborted()
    if (closed) throw gone()
    last = (last + 1) >>> 0
    const request = last
    const answer: Pending = { queue: [], done: false, wake: () => {} }
    pending.set(request, answer)
    const onAbort = () => {
      answer.error = signal!.reason
      answer.wake()
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      await channel.send(frame(type, request, body))
      for (;;) {
        while (answer.queue.length > 0) yield answer.queue.shift()!
        if (answer.error) throw answer.error
        if (answer.done) return
        await new Promise<void>((resolve) => {
          answer.wake = resolve
          if (answer.queue.length > 0 || answer.done || answer.error) resolve()
        })
      }
    } finally {
      pending.delete(request)
      signal?.removeEventListener('abort', onAbort)
      if (!answer.done) void channel.send(frame(CANCEL, request))
    }
  }
  return {
    id,
    ...(options.parallel ? { parallel: options.parallel } : {}),
    read({ root, start, end }, { signal }) {
      const body = new Uint8Array(16 + root.bytes.length)
      const view = new DataView(body.buffer)
      view.setFloat64(0, start)
      view.setFloat64(8, end)
      body.set(root.bytes, 16)
      return ask(READ, body, signal)
    },
    async block(cid, { signal }) {
      const parts: Uint8Array[] = []
      for await (const part of ask(BLOCK, cid.bytes, signal)) parts.push(part)
      const block = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
      let at = 0
      for (const part of parts) {
        block.set(part, at)
        at += part.length
      }
      return block
    },
  }
}

/** What a node can give: ranges of objects, and blocks. */
export interface Provider {
  /** Bytes of an object; `undefined` when it is not here. */
  read(root: CID, start: number, end: number): Promise<Uint8Array | undefined>
  block(cid: CID): Promise<Uint8Array | undefined>
}

/** The answering end of a channel. Requests for what is not here are answered with an error. */
export function serveChannel(channel: Channel, provider: Provider): void {
  const active = new Set<number>()
  const answer = async (type: number, request: number, body: Uint8Array) => {
    if (type === BLOCK) {
      const block = await provider.block(CID.decode(body))
      if (!block) throw new Error('no such block')
      for (let at = 0; at < block.length && active.has(request); at += CHUNK_BYTES) {
        await channel.send(frame(DATA, request, block.subarray(at, at + CHUNK_BYTES)))
      }
      return
    }
    const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
    const start = view.getFloat64(0)
    const end = view.getFloat64(8)
    const root = CID.decode(body.subarray(16))
    for (let at = start; at < end && active.has(request); at += CHUNK_BYTES) {
      const part = await provider.read(root, at, Math.min(end, at + CHUNK_BYTES))
      if (!part) throw new Error('no such object')
      await channel.send(frame(DATA, request, part))
    }
  }
  channel.onMessage((message) => {
    if (message.length < HEADER) return
    const type = message[0]!
    const request = new DataView(message.buffer, message.byteOffset).getUint32(1)
    if (type === CANCEL) return void active.delete(request)
    if (type !== READ && type !== BLOCK) return
    active.add(request)
    answer(type, request, message.slice(HEADER)).then(
      () => active.delete(request) && channel.send(frame(END, request)),
      (error) =>
        active.delete(request) && channel.send(frame(ERROR, request, new TextEncoder().encode(String(error.message)))),
    )
  })
}
