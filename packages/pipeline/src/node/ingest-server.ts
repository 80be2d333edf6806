/// <reference types="node" />
import { createServer, type Socket } from 'node:net'
import { FRAME_STATUS, type Frame, FrameReader, REPLY_BYTES, statusOf } from '../tpu/frames.ts'
import type { Receipt, Tpu } from '../tpu/tpu.ts'

/** Where {@link listenFrames} listens, and for whom. */
export interface IngestServerOptions {
  /** What takes the transactions; each connection counts against its own quota there. */
  readonly tpu: Tpu
  /** TCP port. Default 0: any free port. */
  readonly port?: number
  /** Interface to listen on. Default 127.0.0.1: frames are neither encrypted nor authenticated. */
  readonly host?: string
  /** Connections at once. Default 1,024. */
  readonly maxConnections?: number
}

/** A running server of framed transactions. */
export interface IngestServer {
  /** The TCP port that it got. */
  readonly port: number
  /** Takes no new connections, ends the present ones, and resolves then. Close the TPU first: it drains what is inside. */
  close(): Promise<void>
}

/** Listens for framed transactions (see `FrameReader`). A connection is a source; a full pipeline stops reading from it. */
export async function listenFrames({
  tpu,
  port = 0,
  host = '127.0.0.1',
  maxConnections = 1024,
}: IngestServerOptions): Promise<IngestServer> {
  const sockets = new Set<Socket>()
  let connections = 0
  const server = createServer({ noDelay: true }, (socket) => {
    const source = `${socket.remoteAddress}#${connections++}`
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    serve(socket, tpu, source)
  })
  server.maxConnections = maxConnections
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const address = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.end()
        for (const socket of sockets) socket.destroySoon()
      }),
  }
}

function serve(socket: Socket, tpu: Tpu, source: string): void {
  const reader = new FrameReader()
  let received = 0
  let backlog: Frame[] = []
  let next = 0
  let replies: number[] = []
  let flushing = false

  const flush = () => {
    flushing = false
    const bytes = Buffer.allocUnsafe((replies.length / 2) * REPLY_BYTES)
    for (let i = 0, at = 0; i < replies.length; i += 2, at += REPLY_BYTES) {
      bytes.writeUInt32LE(replies[i]!, at)
      bytes[at + 4] = replies[i + 1]!
    }
    replies = []
    if (!socket.destroyed) socket.write(bytes)
  }
  const reply = (frame: number, receipt: Receipt) => {
    const status = receipt.status === 'durable' ? 'durable' : statusOf(receipt.reason)
    replies.push(frame, FRAME_STATUS.indexOf(status))
    if (flushing) return
    flushing = true
    // Receipts of a batch come together: one write for all.
    queueMicrotask(flush)
  }
  /** Submits what is waiting; stops reading while the pipeline is full. */
  const submit = async () => {
    socket.pause()
    for (; next < backlog.length; next++) {
      const { raw, sender } = backlog[next]!
      const frame = received++
      const options = sender ? { source, sender } : { source }
      while (!tpu.trySubmit(raw, (receipt) => reply(frame, receipt), options)) await tpu.ready()
    }
    backlog = []
    next = 0
    socket.resume()
  }
  let submitting = Promise.resolve()
  socket.on('data', (chunk: Buffer) => {
    try {
      backlog.push(...reader.push(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length)))
    } catch {
      socket.destroy()
      return
    }
    submitting = submitting.then(submit).catch(() => {
      socket.destroy() // closed or aborted
    })
  })
}
