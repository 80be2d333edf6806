/// <reference types="node" />
/**
 * One kept-alive HTTP/1.1 connection for GETs, one at a time (RFC 9112). `node:http` reads 64 KiB at a time into new memory; reading 256 KiB into the
 * same buffer takes a quarter of the CPU time a byte (3,200 against 800 MB a CPU-second on loopback).
 */
import { connect, type Socket } from 'node:net'
import { StorageError } from '../errors.ts'
import { type AnswerReader, createAnswerReader } from './http-answer.ts'

/** Bytes of one read; more gains nothing. */
const READ_BYTES = 256 * 1024

/** A GET. */
export interface ConnectionRequest {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly maxBytes: number
  readonly signal: AbortSignal
  /** memory for the body, when it fits */
  readonly into?: Uint8Array | undefined
}

/** An answer with its whole body. */
export interface ConnectionAnswer {
  readonly status: number
  readonly bytes: Uint8Array
}

/** A connection. */
export interface HttpConnection {
  /** false once it was closed or an answer said so */
  readonly usable: boolean
  /**
   * Sends a GET; not while another runs.
   * @throws StorageError `STORAGE_LIMIT` for a body above `maxBytes`, `STORAGE_UNAVAILABLE` with `context.unanswered` when the connection ended before it
   */
  get(request: ConnectionRequest): Promise<ConnectionAnswer>
  close(): void
}

/** Opens a connection; a failure to connect is that of the first GET. */
export function openConnection(host: string, port: number): HttpConnection {
  let usable = true
  let pending:
    | { reader: AnswerReader; resolve(answer: ConnectionAnswer): void; reject(error: unknown): void }
    | undefined
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES)

  const fail = (error: unknown) => {
    usable = false
    socket.destroy()
    const waiting = pending
    pending = undefined
    waiting?.reject(error)
  }
  const receive = (length: number): boolean => {
    try {
      if (pending === undefined) throw new StorageError('STORAGE_UNAVAILABLE', `${host} sends without being asked`)
      if (pending.reader.push(buffer.subarray(0, length))) finish(pending.reader)
    } catch (error) {
      fail(error)
    }
    return true
  }
  const finish = (reader: AnswerReader) => {
    const { resolve } = pending!
    pending = undefined
    if (!reader.keepAlive) {
      usable = false
      socket.destroy()
    } else socket.unref()
    resolve({ status: reader.status, bytes: reader.body() })
  }
  const socket: Socket = connect({ host, port, noDelay: true, onread: { buffer, callback: receive } })
  socket.on('error', (cause) =>
    fail(new StorageError('STORAGE_UNAVAILABLE', `The connection to ${host}:${port} failed`, unanswered(), { cause })),
  )
  socket.on('close', () => {
    if (pending?.reader.end()) finish(pending.reader)
    else fail(new StorageError('STORAGE_UNAVAILABLE', `${host}:${port} closed the connection`, unanswered()))
  })
  const unanswered = () => ({ unanswered: pending?.reader.started === false })

  return {
    get usable() {
      return usable
    },
    get({ path, headers, maxBytes, signal, into }) {
      return new Promise<ConnectionAnswer>((resolve, reject) => {
        const stop = () => fail(signal.reason)
        signal.addEventListener('abort', stop, { once: true })
        const settled =
          <T>(settle: (value: T) => void) =>
          (value: T) => {
            signal.removeEventListener('abort', stop)
            settle(value)
          }
        pending = { reader: createAnswerReader(maxBytes, into), resolve: settled(resolve), reject: settled(reject) }
        const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
        socket.ref()
        socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1')
      })
    },
    close() {
      usable = false
      socket.destroy()
    },
  }
}
