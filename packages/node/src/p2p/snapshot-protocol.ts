/**
 * Snapshots between peers: one request a stream, one frame back; an empty one says "not here".
 *
 *   [0]               → [first epoch with units, running epoch]
 *   [1] or [1, epoch] → the manifest of the newest snapshot, or of an epoch's
 *   [2, epoch, index] → a chunk
 *   [3, epoch]        → the checkpoint that ended an epoch, with its certificate
 */
import { RLP } from '@ethereumjs/rlp'
import { bytesToBigInt, bytesToHex } from '@ethereumjs/util'
import type { Connection, Stream } from '@libp2p/interface'
import type { Libp2p } from 'libp2p'
import { NodeError } from '../errors.ts'
import { encodeManifest, MAX_MANIFEST_BYTES } from '../snapshot/manifest.ts'
import type { SnapshotSource } from '../snapshot/source.ts'
import { readFrames, sendFrame } from './frames.ts'

const MAX_REQUEST_BYTES = 64
/** Of one peer at the same time; the next is refused. */
const MAX_STREAMS = 8
/** A hundred members with two keys and two signatures each, and what they cosigned. */
const MAX_RECORD_BYTES = 512 * 1024
const TIMEOUT_MS = 30_000
const NOT_HERE = new Uint8Array()

/** Which part of history a node has. */
export interface HistoryRange {
  readonly firstEpoch: number
  readonly epoch: number
}

export interface SnapshotServer {
  history(): HistoryRange
  snapshot(epoch?: number): Promise<SnapshotSource | undefined>
  record(epoch: number): Uint8Array | undefined
}

export function snapshotProtocol(genesisHash: Uint8Array): string {
  return `/zos/${bytesToHex(genesisHash).slice(2, 18)}/snapshot/1`
}

/** Answers peers that `admit` lets ask. `blame` is told who sent what is no request. */
export async function serveSnapshots(
  node: Pick<Libp2p, 'handle'>,
  protocol: string,
  server: SnapshotServer,
  { admit, blame }: { admit: (peer: string) => boolean; blame: (peer: string, reason: string) => void },
): Promise<void> {
  await node.handle(
    protocol,
    (stream, connection) => {
      const peer = connection.remotePeer.toString()
      // A stream that is reset makes room for the next at once, while a chunk is still being read for it.
      if (!admit(peer)) return stream.abort(new Error('too many requests'))
      answer(stream, server).catch((error) => {
        stream.abort(error instanceof Error ? error : new Error(String(error)))
        if (error instanceof NodeError && error.code === 'NODE_BAD_PEER_MESSAGE') blame(peer, error.message)
      })
    },
    { maxInboundStreams: MAX_STREAMS },
  )
}

async function answer(stream: Stream, server: SnapshotServer): Promise<void> {
  const signal = AbortSignal.timeout(TIMEOUT_MS)
  for await (const body of readFrames(stream, MAX_REQUEST_BYTES)) {
    const [kind, epoch, index] = numbersOf(body)
    await sendFrame(stream, await answerTo(server, kind!, epoch, index), signal)
    break
  }
  await stream.close({ signal })
}

async function answerTo(server: SnapshotServer, kind: number, epoch?: number, index?: number): Promise<Uint8Array> {
  if (kind === 0) {
    const { firstEpoch, epoch: running } = server.history()
    return RLP.encode([firstEpoch, running])
  }
  if (kind === 3 && epoch !== undefined) return server.record(epoch) ?? NOT_HERE
  const source = await server.snapshot(epoch)
  if (kind === 1) return source ? encodeManifest(source.manifest) : NOT_HERE
  if (kind !== 2 || epoch === undefined || index === undefined) throw bad(`unknown request ${kind}`)
  if (!source || index >= source.manifest.chunks.length) return NOT_HERE
  return source.chunk(index)
}

/** Asks over `connection`. `undefined`: the peer does not have it. Throws `NODE_BAD_PEER_MESSAGE`, or when the peer does not answer. */
async function ask(
  connection: Connection,
  protocol: string,
  request: readonly number[],
  maxBytes: number,
  signal?: AbortSignal,
): Promise<Uint8Array | undefined> {
  const limit = AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), ...(signal ? [signal] : [])])
  const stream = await connection.newStream(protocol, { signal: limit })
  const abort = () => stream.abort(new Error('request ended'))
  limit.addEventListener('abort', abort)
  try {
    await sendFrame(stream, RLP.encode([...request]), limit)
    for await (const bytes of readFrames(stream, maxBytes)) return bytes.length === 0 ? undefined : bytes.slice()
    throw bad('no answer')
  } finally {
    limit.removeEventListener('abort', abort)
    stream.close().catch(() => abort())
  }
}

export async function askHistory(
  connection: Connection,
  protocol: string,
  signal?: AbortSignal,
): Promise<HistoryRange> {
  const bytes = await ask(connection, protocol, [0], MAX_REQUEST_BYTES, signal)
  const [firstEpoch, epoch] = numbersOf(bytes ?? NOT_HERE)
  if (firstEpoch === undefined || epoch === undefined) throw bad('no range of epochs')
  return { firstEpoch, epoch }
}

export function askManifest(connection: Connection, protocol: string, signal?: AbortSignal) {
  return ask(connection, protocol, [1], MAX_MANIFEST_BYTES, signal)
}

export function askChunk(
  connection: Connection,
  protocol: string,
  place: { epoch: number; index: number; maxBytes: number },
  signal?: AbortSignal,
) {
  return ask(connection, protocol, [2, place.epoch, place.index], place.maxBytes, signal)
}

export function askRecord(connection: Connection, protocol: string, epoch: number, signal?: AbortSignal) {
  return ask(connection, protocol, [3, epoch], MAX_RECORD_BYTES, signal)
}

function numbersOf(body: Uint8Array): number[] {
  try {
    const items = RLP.decode(body)
    if (Array.isArray(items) && items.length > 0 && items.length <= 3)
      return items.map((item) => {
        if (!(item instanceof Uint8Array) || item.length > 6) throw new Error('not a number')
        return item.length === 0 ? 0 : Number(bytesToBigInt(item))
      })
  } catch {}
  throw bad('not a list of numbers')
}

function bad(reason: string): NodeError {
  return new NodeError('NODE_BAD_PEER_MESSAGE', `a message about snapshots cannot be used: ${reason}`)
}
