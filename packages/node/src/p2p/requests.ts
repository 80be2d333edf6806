/**
 * What peers ask each other, one request a stream:
 *
 *   [0, ids]       → units by id
 *   [1, from, to]  → the units of these rounds
 *   [2]            → the highest round, 8 bytes
 *   [3, raw]       → 1 if the transaction was taken
 *   [4, from, to]  → checkpoints of these epochs
 *   [5]            → the identity record
 */
import { RLP } from '@ethereumjs/rlp'
import { bytesToBigInt, bytesToHex } from '@ethereumjs/util'
import type { Connection, Stream } from '@libp2p/interface'
import type { UnitId } from '@zos/dag'
import { NodeError } from '../errors.ts'
import { readFrames, sendFrame } from './frames.ts'
import type { NetworkHandlers } from './handlers.ts'

/** Rounds in one answer to a range request. */
export const MAX_RANGE_ROUNDS = 256
/** Units in one request by id. */
export const MAX_REQUESTED_UNITS = 512
/** A unit's payload of a megabyte, its header and signatures. */
export const MAX_UNIT_BYTES = 1_200_000
/** A transaction has 128 KiB at most. */
const MAX_REQUEST_BYTES = 132 * 1024

/** Answers one request. Throws `NODE_BAD_PEER_MESSAGE` for what is none, and what the stream throws when the peer is gone or takes nothing for `timeoutMs`. */
export async function answer(
  stream: Stream,
  peer: string,
  handlers: NetworkHandlers,
  timeoutMs: number,
): Promise<void> {
  // The peer's time to take a frame counts, not ours to make it.
  const send = (bytes: Uint8Array) => sendFrame(stream, bytes, AbortSignal.timeout(timeoutMs))
  for await (const body of readFrames(stream, MAX_REQUEST_BYTES)) {
    for await (const bytes of answersTo(parse(body), peer, handlers)) await send(bytes)
    break
  }
  await stream.close({ signal: AbortSignal.timeout(timeoutMs) })
}

/** The frames that answer `request`. Stops when nobody takes them for `timeoutMs`, or nobody sends them; the time between two `next` is the caller's own. */
export async function* ask(
  connection: Connection,
  protocol: string,
  request: Uint8Array,
  { most, timeoutMs, signal }: { most: number; timeoutMs: number; signal: AbortSignal },
): AsyncGenerator<Uint8Array> {
  const opening = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
  const stream = await connection.newStream(protocol, { signal: opening })
  let timer: NodeJS.Timeout | undefined
  let ranOut = false
  const wait = () => {
    timer = setTimeout(() => {
      ranOut = true
      stream.abort(new Error('request timed out'))
    }, timeoutMs)
  }
  const stop = () => stream.abort(new Error('request ended'))
  signal.addEventListener('abort', stop)
  try {
    await sendFrame(stream, request, opening)
    await stream.close({ signal: opening })
    let frames = 0
    wait()
    for await (const bytes of readFrames(stream, MAX_UNIT_BYTES)) {
      clearTimeout(timer)
      if (++frames > most) throw bad(`more than the ${most} answers that can be`)
      yield bytes
      wait()
    }
  } catch (error) {
    if (ranOut || (opening.aborted && !signal.aborted))
      throw new DOMException('the peer does not answer', 'TimeoutError')
    throw error
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
    if (stream.status === 'open') stop()
  }
}

type Request = readonly [kind: number, first?: Uint8Array | readonly Uint8Array[], second?: Uint8Array]

function parse(body: Uint8Array): Request {
  try {
    const [kind, first, second] = RLP.decode(body) as [Uint8Array, Uint8Array | Uint8Array[], Uint8Array]
    return [integer(kind), first, second]
  } catch (cause) {
    throw bad(`not a request: ${(cause as Error).message}`)
  }
}

async function* answersTo(
  [kind, first, second]: Request,
  peer: string,
  handlers: NetworkHandlers,
): AsyncGenerator<Uint8Array> {
  switch (kind) {
    case 0:
      if (!Array.isArray(first) || first.length > MAX_REQUESTED_UNITS) throw bad('too many units asked for')
      for (const id of first) {
        const bytes = id instanceof Uint8Array ? handlers.unitBytes(bytesToHex(id) as UnitId) : undefined
        if (bytes) yield bytes
      }
      return
    case 1: {
      const from = integer(first)
      yield* handlers.rounds(from, Math.min(integer(second), from + MAX_RANGE_ROUNDS - 1, handlers.highestRound()))
      return
    }
    case 2: {
      const round = new Uint8Array(8)
      new DataView(round.buffer).setBigUint64(0, BigInt(handlers.highestRound()))
      yield round
      return
    }
    case 3:
      if (!(first instanceof Uint8Array)) throw bad('not a transaction')
      yield Uint8Array.of((await handlers.transaction(first, peer)) ? 1 : 0)
      return
    case 4:
      yield* handlers.checkpoints(integer(first), integer(second))
      return
    case 5: {
      const record = handlers.identity()
      if (record) yield record
      return
    }
    default:
      throw bad(`unknown request ${kind}`)
  }
}

function integer(bytes: unknown): number {
  if (!(bytes instanceof Uint8Array) || bytes.length > 6) throw bad('not a number')
  return bytes.length === 0 ? 0 : Number(bytesToBigInt(bytes))
}

function bad(reason: string): NodeError {
  return new NodeError('NODE_BAD_PEER_MESSAGE', `a message of a peer cannot be used: ${reason}`)
}
