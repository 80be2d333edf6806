/// <reference types="node" />
/** Reads one HTTP/1.1 answer from pieces of a connection (RFC 9112 §4–§7): status, then a body by length, in chunks, or until the end. */
import { StorageError } from '../errors.ts'

/** Longest head of an answer, as `node:http` has it; also the longest line of a chunk. */
const MAX_HEAD_BYTES = 16 * 1024

/** An answer that is being read. */
export interface AnswerReader {
  readonly status: number
  /** anything has come */
  readonly started: boolean
  /** the connection can take another request */
  readonly keepAlive: boolean
  /**
   * Takes a piece, which the caller may overwrite afterwards; true when the answer is whole.
   * @throws StorageError `STORAGE_LIMIT` for a body above the limit, `STORAGE_UNAVAILABLE` for what is not HTTP/1.1
   */
  push(piece: Uint8Array): boolean
  /** The connection ended; true when that ends the answer. */
  end(): boolean
  body(): Uint8Array
}

/** Makes a reader of an answer of at most `maxBytes`; a body whose length is announced goes `into` the given memory, when it fits. */
export function createAnswerReader(maxBytes: number, into?: Uint8Array): AnswerReader {
  let status = 0
  let started = false
  let keepAlive = true
  let head: string | undefined = ''
  let framing: 'length' | 'chunked' | 'end' = 'length'
  let whole: Uint8Array = new Uint8Array(0)
  let have = 0
  let line = ''
  /** bytes left of the present chunk with its CRLF; −1: a size line is next; −2: the trailer is */
  let chunkLeft = -1

  const grow = (length: number) => {
    if (length > maxBytes)
      throw new StorageError('STORAGE_LIMIT', `The answer has more than ${maxBytes} bytes`, { length, maxBytes })
    if (length <= whole.length) return
    const larger = new Uint8Array(Math.min(maxBytes, Math.max(length, 2 * whole.length, 65_536)))
    larger.set(whole.subarray(0, have))
    whole = larger
  }
  const append = (piece: Uint8Array) => {
    grow(have + piece.length)
    whole.set(piece, have)
    have += piece.length
  }
  /** Adds to `line` up to a line feed; what is left of the piece, or undefined when the line goes on. */
  const takeLine = (piece: Uint8Array): Uint8Array | undefined => {
    const at = piece.indexOf(10)
    line += Buffer.from(piece.subarray(0, at < 0 ? piece.length : at)).toString('latin1')
    if (line.length > MAX_HEAD_BYTES) throw broken('a line is too long')
    return at < 0 ? undefined : piece.subarray(at + 1)
  }

  /** Reads the head's lines; what is left of the piece when it is whole. */
  const readHead = (piece: Uint8Array): Uint8Array | undefined => {
    let rest: Uint8Array | undefined = piece
    while (rest !== undefined && rest.length > 0) {
      rest = takeLine(rest)
      if (rest === undefined) return undefined
      const text = line.replace(/\r$/, '')
      line = ''
      if (text !== '') {
        head += `${text}\n`
        if (head!.length > MAX_HEAD_BYTES) throw broken('the head is too long')
        continue
      }
      const [first, ...fields] = head!.split('\n')
      const match = /^HTTP\/1\.([01]) (\d{3})/.exec(first!)
      if (match === null) throw broken('no status line')
      status = Number(match[2])
      head = ''
      if (status >= 200) {
        frame(match[1] === '1', fields)
        head = undefined
        return rest
      } // else an interim answer: the real one follows
    }
    return undefined
  }
  const frame = (persistent: boolean, fields: readonly string[]) => {
    const values = new Map<string, string>()
    for (const field of fields) {
      const colon = field.indexOf(':')
      if (colon > 0) values.set(field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim())
    }
    const connection = values.get('connection')?.toLowerCase() ?? ''
    keepAlive = persistent ? !connection.includes('close') : connection.includes('keep-alive')
    const length = values.get('content-length')
    if (status === 204 || status === 304) return
    if (values.has('transfer-encoding')) {
      if (values.get('transfer-encoding')!.toLowerCase() !== 'chunked') throw broken('an unknown transfer coding')
      framing = 'chunked'
    } else if (length === undefined) {
      framing = 'end'
      keepAlive = false
    } else {
      if (!/^\d{1,15}$/.test(length)) throw broken('the length is not a number')
      if (Number(length) > maxBytes) grow(Number(length))
      whole =
        into !== undefined && into.length >= Number(length)
          ? into.subarray(0, Number(length))
          : new Uint8Array(Buffer.allocUnsafeSlow(Number(length)).buffer)
    }
  }

  const readChunks = (piece: Uint8Array): boolean => {
    let rest = piece
    while (rest.length > 0) {
      if (chunkLeft > 0) {
        const part = rest.subarray(0, chunkLeft)
        append(part.subarray(0, Math.max(0, Math.min(part.length, chunkLeft - 2))))
        chunkLeft = chunkLeft > part.length ? chunkLeft - part.length : -1
        rest = rest.subarray(part.length)
        continue
      }
      const after = takeLine(rest)
      if (after === undefined) return false
      rest = after
      const text = line.replace(/\r$/, '')
      line = ''
      if (chunkLeft === -2) {
        if (text === '') return rest.length === 0 || excess()
        continue
      }
      const size = /^([0-9a-f]{1,8})(?:\s*;.*)?$/i.exec(text)
      if (size === null) throw broken('a chunk has no size')
      chunkLeft = Number.parseInt(size[1]!, 16) + 2
      if (chunkLeft === 2) chunkLeft = -2
    }
    return false
  }
  const excess = (): never => {
    throw broken('more than one answer')
  }

  return {
    get status() {
      return status
    },
    get started() {
      return started
    },
    get keepAlive() {
      return keepAlive
    },
    push(piece) {
      started = true
      let rest: Uint8Array | undefined = piece
      if (head !== undefined) rest = readHead(piece)
      if (rest === undefined) return false
      if (framing === 'chunked') return readChunks(rest)
      if (framing === 'end') {
        append(rest)
        return false
      }
      if (have + rest.length > whole.length) excess()
      whole.set(rest, have)
      have += rest.length
      return have === whole.length
    },
    end: () => head === undefined && framing === 'end',
    body: () => (have === whole.length ? whole : whole.subarray(0, have)),
  }
}

function broken(what: string): StorageError {
  return new StorageError('STORAGE_UNAVAILABLE', `Not an HTTP/1.1 answer: ${what}`)
}
