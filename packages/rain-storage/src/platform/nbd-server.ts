/// <reference types="node" />
/**
 * Network block device server, fixed newstyle handshake (NetworkBlockDevice/nbd doc/proto.md): what `nbd-client`, QEMU, libnbd and fio speak.
 * Simple replies; requests of a connection run side by side.
 */
import { createServer, type Server, type Socket } from 'node:net'
import { isStorageError, StorageError } from '../errors.ts'
import type { DiskImage } from '../nbd/image.ts'

/** Largest request, as QEMU and nbdkit have it. */
export const MAX_REQUEST_BYTES = 32 * 1024 * 1024
/** Requests of one connection that run at a time; bounds its memory together with {@link MAX_REQUEST_BYTES}. */
const MAX_IN_FLIGHT = 64
/** Data of an answer up to this size is copied behind its head; larger pieces are sent from where they lie. */
const JOINED_BYTES = 16 * 1024
/** Answers wait for each other up to this size, and no longer than there are requests to work on. */
const BATCH_BYTES = 256 * 1024
/** Longest option: an export name has at most 4096 bytes. */
const MAX_OPTION_BYTES = 8192

const INIT = 0x4e42444d41474943n // "NBDMAGIC"
const OPTION = 0x49484156454f5054n // "IHAVEOPT"
const OPTION_REPLY = 0x0003e889045565a9n
const REQUEST = 0x25609513
const SIMPLE_REPLY = 0x67446698

const option = { exportName: 1, abort: 2, list: 3, info: 6, go: 7 } as const
const reply = { ack: 1, server: 2, info: 3, unsupported: 0x8000_0001, unknown: 0x8000_0006 } as const
const command = { read: 0, write: 1, disconnect: 2, flush: 3, trim: 4, writeZeroes: 6 } as const
const errno = { io: 5, invalid: 22, noSpace: 28 } as const
/** HAS_FLAGS, SEND_FLUSH, SEND_FUA, SEND_TRIM, SEND_WRITE_ZEROES, CAN_MULTI_CONN */
const TRANSMISSION_FLAGS = 1 | 4 | 8 | 32 | 64 | 256
const READ_ONLY = 2
const FUA = 1

/** What is served. */
export interface NbdExport {
  readonly image: DiskImage
  readonly readOnly?: boolean
}

/** Options of {@link serveNbd}. */
export interface NbdServerOptions {
  /** exports by name; the first also answers to the empty name */
  readonly exports: ReadonlyMap<string, NbdExport>
  /** a path for a Unix socket, or a port (0 = any) on `host` */
  readonly listen: { path: string } | { port: number; host?: string }
  /** called when a flush gave an image a new root; what must outlive the process is saved here before the client hears of the flush */
  readonly onCommit?: (name: string, root: DiskImage['root']) => Promise<void> | void
}

/** A running server. */
export interface NbdServer {
  /** the port listened on, 0 for a Unix socket */
  readonly port: number
  /** Ends connections and commits every writable image. */
  close(): Promise<void>
}

/** Starts serving; resolves when it listens. */
export async function serveNbd(options: NbdServerOptions): Promise<NbdServer> {
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => sockets.delete(socket))
    void new Connection(socket, options).run().catch(() => socket.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(
      'path' in options.listen ? { path: options.listen.path } : { host: '127.0.0.1', ...options.listen },
      resolve,
    )
  })
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const socket of sockets) socket.destroy()
      await closed
      for (const [name, { image, readOnly }] of options.exports) {
        if (!readOnly) await options.onCommit?.(name, await image.commit())
      }
    },
  }
}

class Connection {
  readonly #socket: Socket
  readonly #options: NbdServerOptions
  readonly #input: SocketReader
  #inFlight = 0
  #wake: (() => void) | undefined
  /** Answers that have not been sent yet. */
  #answers: Uint8Array[] = []
  #answerBytes = 0
  #sending = false

  constructor(socket: Socket, options: NbdServerOptions) {
    this.#socket = socket
    this.#options = options
    this.#input = new SocketReader(socket)
  }

  async run(): Promise<void> {
    const chosen = await this.#handshake()
    if (chosen === undefined) {
      this.#socket.end()
      return
    }
    await this.#transmission(chosen.name, chosen.target)
    this.#send()
    this.#socket.end()
  }

  async #handshake(): Promise<{ name: string; target: NbdExport } | undefined> {
    const hello = Buffer.alloc(18)
    hello.writeBigUInt64BE(INIT, 0)
    hello.writeBigUInt64BE(OPTION, 8)
    hello.writeUInt16BE(3, 16) // FIXED_NEWSTYLE, NO_ZEROES
    this.#socket.write(hello)
    const noZeroes = ((await this.#input.read(4)).readUInt32BE(0) & 2) !== 0
    for (;;) {
      const head = await this.#input.read(16)
      const kind = head.readUInt32BE(8)
      const length = head.readUInt32BE(12)
      if (head.readBigUInt64BE(0) !== OPTION || length > MAX_OPTION_BYTES) throw malformed('option')
      const data = await this.#input.read(length)
      if (kind === option.abort) {
        this.#answer(kind, reply.ack)
        return undefined
      }
      if (kind === option.exportName) {
        const chosen = this.#find(data.toString('utf8'))
        if (chosen === undefined) return undefined // the protocol has no error here
        const answer = Buffer.alloc(noZeroes ? 10 : 134)
        answer.writeBigUInt64BE(BigInt(chosen.target.image.size), 0)
        answer.writeUInt16BE(flagsOf(chosen.target), 8)
        this.#socket.write(answer)
        return chosen
      }
      if (kind === option.list) {
        for (const name of this.#options.exports.keys()) {
          const text = Buffer.from(name)
          const item = Buffer.alloc(4 + text.length)
          item.writeUInt32BE(text.length, 0)
          text.copy(item, 4)
          this.#answer(kind, reply.server, item)
        }
        this.#answer(kind, reply.ack)
      } else if (kind === option.info || kind === option.go) {
        const nameLength = data.length >= 4 ? data.readUInt32BE(0) : data.length
        if (4 + nameLength + 2 > data.length) throw malformed('option')
        const chosen = this.#find(data.toString('utf8', 4, 4 + nameLength))
        if (chosen === undefined) {
          this.#answer(kind, reply.unknown)
          continue
        }
        const info = Buffer.alloc(12)
        info.writeBigUInt64BE(BigInt(chosen.target.image.size), 2)
        info.writeUInt16BE(flagsOf(chosen.target), 10)
        this.#answer(kind, reply.info, info)
        const sizes = Buffer.alloc(14) // NBD_INFO_BLOCK_SIZE: minimum, preferred, largest
        sizes.writeUInt16BE(3, 0)
        sizes.writeUInt32BE(1, 2)
        sizes.writeUInt32BE(4096, 6)
        sizes.writeUInt32BE(MAX_REQUEST_BYTES, 10)
        this.#answer(kind, reply.info, sizes)
        this.#answer(kind, reply.ack)
        if (kind === option.go) return chosen
      } else {
        this.#answer(kind, reply.unsupported)
      }
    }
  }

  #answer(kind: number, type: number, data: Buffer = Buffer.alloc(0)): void {
    const head = Buffer.alloc(20)
    head.writeBigUInt64BE(OPTION_REPLY, 0)
    head.writeUInt32BE(kind, 8)
    head.writeUInt32BE(type, 12)
    head.writeUInt32BE(data.length, 16)
    this.#socket.write(Buffer.concat([head, data]))
  }

  #find(name: string): { name: string; target: NbdExport } | undefined {
    const known = name === '' ? this.#options.exports.keys().next().value : name
    const target = known === undefined ? undefined : this.#options.exports.get(known)
    return target && { name: known!, target }
  }

  async #transmission(name: string, target: NbdExport): Promise<void> {
    for (;;) {
      // One call of the system for all that came in together: it costs more than the work of a small request.
      if (!this.#input.has(28)) this.#send()
      if (this.#socket.writableNeedDrain) await new Promise((resolve) => this.#socket.once('drain', resolve))
      const head = await this.#input.read(28)
      if (head.readUInt32BE(0) !== REQUEST) throw malformed('request')
      const flags = head.readUInt16BE(4)
      const type = head.readUInt16BE(6)
      const cookie = head.subarray(8, 16)
      const offset = Number(head.readBigUInt64BE(16))
      const length = head.readUInt32BE(24)
      if (type === command.disconnect) return
      if ((type === command.read || type === command.write) && length > MAX_REQUEST_BYTES) throw malformed('length')
      if (type === command.write && !this.#input.has(length)) this.#send()
      const payload = type === command.write ? await this.#input.read(length) : undefined
      // Hot path (4 KiB of a chunk in memory): no promise at all.
      if (type === command.read && offset + length <= target.image.size) {
        const pieces = target.image.readPieces(offset, length)
        if (!(pieces instanceof Promise)) {
          this.#reply(cookie, 0, pieces)
          continue
        }
        this.#start(cookie, pieces)
      } else if (type === command.write && flags === 0 && !target.readOnly && offset + length <= target.image.size) {
        const written = target.image.write(offset, payload!)
        if (written === undefined) {
          this.#reply(cookie, 0)
          continue
        }
        this.#start(
          cookie,
          written.then(() => undefined),
        )
      } else {
        this.#start(cookie, this.#execute(name, target, { type, flags, offset, length, payload }))
      }
      if (this.#inFlight >= MAX_IN_FLIGHT) this.#send()
      while (this.#inFlight >= MAX_IN_FLIGHT) await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }

  #start(cookie: Buffer, work: Promise<readonly Uint8Array[] | undefined>): void {
    this.#inFlight++
    work
      .then(
        (pieces) => this.#reply(cookie, 0, pieces),
        (error: unknown) =>
          this.#reply(cookie, isStorageError(error, 'STORAGE_INVALID_ARGUMENT') ? errno.invalid : errno.io),
      )
      .finally(() => {
        this.#inFlight--
        this.#wake?.()
        // Others may end in the same turn.
        if (!this.#sending) setImmediate(() => this.#send())
        this.#sending = true
      })
  }

  async #execute(
    name: string,
    { image, readOnly }: NbdExport,
    request: { type: number; flags: number; offset: number; length: number; payload: Buffer | undefined },
  ): Promise<readonly Uint8Array[] | undefined> {
    const { type, flags, offset, length, payload } = request
    if (type === command.read) return image.readPieces(offset, length)
    if (readOnly && type !== command.flush)
      throw new StorageError('STORAGE_INVALID_ARGUMENT', 'The export is read-only', { name })
    if (type === command.write) await image.write(offset, payload!)
    else if (type === command.trim || type === command.writeZeroes) await image.zero(offset, length)
    else if (type !== command.flush)
      throw new StorageError('STORAGE_INVALID_ARGUMENT', `Command ${type} is not supported`, { type })
    if (!readOnly && (type === command.flush || flags & FUA)) await this.#options.onCommit?.(name, await image.commit())
    return undefined
  }

  #reply(cookie: Buffer, error: number, pieces: readonly Uint8Array[] = []): void {
    let length = 0
    for (const piece of pieces) length += piece.length
    const joined = length <= JOINED_BYTES
    const head = Buffer.allocUnsafe(16 + (joined ? length : 0))
    head.writeUInt32BE(SIMPLE_REPLY, 0)
    head.writeUInt32BE(error, 4)
    cookie.copy(head, 8)
    this.#answers.push(head)
    this.#answerBytes += 16 + length
    if (joined) {
      let at = 16
      for (const piece of pieces) {
        head.set(piece, at)
        at += piece.length
      }
    } else this.#answers.push(...pieces)
    if (this.#answerBytes >= BATCH_BYTES) this.#send()
  }

  /** Sends the answers that wait. */
  #send(): void {
    this.#sending = false
    const answers = this.#answers
    if (answers.length === 0) return
    this.#answers = []
    this.#answerBytes = 0
    if (this.#socket.destroyed) return
    this.#socket.cork() // one writev for all
    for (const answer of answers) this.#socket.write(answer)
    this.#socket.uncork()
  }
}

function flagsOf({ readOnly }: NbdExport): number {
  return TRANSMISSION_FLAGS | (readOnly ? READ_ONLY : 0)
}

function malformed(what: string): StorageError {
  return new StorageError('STORAGE_MALFORMED', `The client sent a broken ${what}`)
}

/** Reads exact lengths from a socket without joining what has not been asked for. */
class SocketReader {
  readonly #socket: Socket
  readonly #chunks: Buffer[] = []
  #have = 0
  #waiting: { length: number; resolve: (bytes: Buffer) => void; reject: (error: Error) => void } | undefined
  #ended = false

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk)
      this.#have += chunk.length
      if (this.#have > 2 * MAX_REQUEST_BYTES) socket.pause()
      this.#serve()
    })
    socket.on('close', () => {
      this.#ended = true
      this.#serve()
    })
  }

  /** True when `length` bytes are there. */
  has(length: number): boolean {
    return this.#have >= length
  }

  read(length: number): Buffer | Promise<Buffer> {
    if (this.#have >= length) return this.#take(length)
    return new Promise((resolve, reject) => {
      this.#waiting = { length, resolve, reject }
      this.#serve()
    })
  }

  #serve(): void {
    const waiting = this.#waiting
    if (waiting === undefined) return
    if (this.#have >= waiting.length) {
      this.#waiting = undefined
      waiting.resolve(this.#take(waiting.length))
    } else if (this.#ended) {
      this.#waiting = undefined
      waiting.reject(new StorageError('STORAGE_UNAVAILABLE', 'The client went away'))
    }
  }

  #take(length: number): Buffer {
    this.#have -= length
    if (this.#socket.isPaused() && this.#have < MAX_REQUEST_BYTES) this.#socket.resume()
    const first = this.#chunks[0]
    if (first !== undefined && first.length >= length) {
      const bytes = first.subarray(0, length)
      if (first.length === length) this.#chunks.shift()
      else this.#chunks[0] = first.subarray(length)
      return bytes
    }
    const bytes = Buffer.allocUnsafe(length)
    let at = 0
    while (at < length) {
      const chunk = this.#chunks[0]!
      const part = Math.min(chunk.length, length - at)
      chunk.copy(bytes, at, 0, part)
      at += part
      if (part === chunk.length) this.#chunks.shift()
      else this.#chunks[0] = chunk.subarray(part)
    }
    return bytes
  }
}
