/**
 * `/zos/rain/1.0.0`: storing, fetching and auditing blocks on a node. One stream a request; messages are DAG-CBOR. A get of many blocks is
 * answered in one stream, each block as soon as it is read.
 */
import * as dagCbor from '@ipld/dag-cbor'
import type { Connection, Libp2p, PeerId, Stream } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { CID } from 'multiformats/cid'
import { MAX_BLOCK_BYTES, verifyBlock } from '../content/cid.ts'
import type { CryptoPort } from '../crypto/port.ts'
import { isStorageError, StorageError, type StorageErrorCode } from '../errors.ts'
import { type Challenge, LEAF_BYTES, type LeafProof, MAX_CHALLENGED } from '../rain/audit.ts'
import type { StorageNode } from '../rain/node.ts'
import type { PlacementNode } from '../rain/placement.ts'
import type { Bans } from './bans.ts'
import { receiveFrames, sendFrame } from './frames.ts'

const PROTOCOL = '/zos/rain/1.0.0'
/** A block and the few fields around it. */
const MAX_MESSAGE_BYTES = MAX_BLOCK_BYTES + 4096
/** Blocks of one get. */
export const MAX_BLOCKS_A_GET = 256
const MAX_STREAMS = 128
/** A request without the caller's deadline ends after this time. */
const DEADLINE_MS = 30_000

interface Request {
  readonly op: 'get' | 'put' | 'has' | 'audit'
  readonly cids: CID[]
  readonly bytes?: Uint8Array
  readonly expiresAtS?: number
  readonly nonce?: Uint8Array
  readonly leaves?: number
}

/** Serves `node` to peers; gives a function that stops it. */
export async function serveRain(
  libp2p: Libp2p,
  node: StorageNode,
  bans: Bans,
  onGarbage: (peer: PeerId) => void,
): Promise<() => Promise<void>> {
  const onStream = async (stream: Stream, connection: Connection) => {
    try {
      for await (const frame of receiveFrames(stream, MAX_MESSAGE_BYTES))
        await execute(stream, node, decodeRequest(frame))
      await stream.close()
    } catch (error) {
      if (isStorageError(error, 'STORAGE_MALFORMED') || isStorageError(error, 'STORAGE_LIMIT')) {
        if (bans.strike(String(connection.remotePeer))) onGarbage(connection.remotePeer)
      }
      stream.abort(error instanceof Error ? error : new Error(String(error)))
    }
  }
  await libp2p.handle(PROTOCOL, onStream, { maxInboundStreams: MAX_STREAMS, maxOutboundStreams: MAX_STREAMS })
  return () => libp2p.unhandle(PROTOCOL)
}

function decodeRequest(frame: Uint8Array): Request {
  try {
    const value = dagCbor.decode<Record<string, unknown>>(frame)
    const { op, cids, bytes, expiresAtS, nonce, leaves } = value
    const list = Array.isArray(cids) ? cids.map((cid) => CID.asCID(cid)) : []
    const known = op === 'get' || op === 'put' || op === 'has' || op === 'audit'
    const audit =
      op !== 'audit' ||
      (nonce instanceof Uint8Array &&
        nonce.length <= 64 &&
        Number.isInteger(leaves) &&
        (leaves as number) <= MAX_CHALLENGED)
    if (
      known &&
      audit &&
      list.length > 0 &&
      list.length <= MAX_BLOCKS_A_GET &&
      !list.includes(null) &&
      (op !== 'put' || bytes instanceof Uint8Array)
    ) {
      return { op, cids: list, bytes, expiresAtS, nonce, leaves } as Request
    }
  } catch (cause) {
    throw new StorageError('STORAGE_MALFORMED', 'The request is not DAG-CBOR', {}, { cause })
  }
  throw new StorageError('STORAGE_MALFORMED', 'The request is broken')
}

async function execute(stream: Stream, node: StorageNode, request: Request): Promise<void> {
  for (const cid of request.cids) {
    let answer: Record<string, unknown>
    try {
      if (request.op === 'get') answer = { bytes: await node.get(cid) }
      else if (request.op === 'has') answer = { has: await node.has(cid) }
      else if (request.op === 'put') {
        await node.put(cid, request.bytes!, request.expiresAtS ?? 0)
        answer = {}
      } else {
        const proofs = await node.audit(cid, { nonce: request.nonce!, leaves: request.leaves! })
        answer = { proofs: proofs.map(({ leaf, path }) => [leaf, [...path]]) }
      }
    } catch (error) {
      // A put whose bytes are not its CID is garbage, not a failure of this node.
      if (request.op === 'put' && isStorageError(error, 'STORAGE_CORRUPT'))
        throw new StorageError('STORAGE_MALFORMED', 'The block is not what its CID says')
      answer = { error: isStorageError(error) ? error.code : 'STORAGE_UNAVAILABLE' }
    }
    await sendFrame(stream, dagCbor.encode(answer))
  }
}

/** A remote node as a {@link StorageNode}. Every block is verified here; a node that sends another block is struck off. */
export function createRemoteNode(
  libp2p: Libp2p,
  address: PeerId | Multiaddr | Multiaddr[],
  node: PlacementNode,
  crypto: CryptoPort,
  bans?: Bans,
): StorageNode {
  async function* ask(
    request: Record<string, unknown>,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Record<string, unknown>> {
    if (bans?.isBanned(node.id))
      throw new StorageError('STORAGE_UNAVAILABLE', `${node.id} is banned`, { node: node.id })
    const deadline = AbortSignal.timeout(DEADLINE_MS)
    const both = signal === undefined ? deadline : AbortSignal.any([signal, deadline])
    let stream: Stream | undefined
    const abort = () => stream?.abort(new Error('deadline'))
    try {
      both.throwIfAborted()
      stream = await libp2p.dialProtocol(address, PROTOCOL, { signal: both })
      both.addEventListener('abort', abort)
      await sendFrame(stream, dagCbor.encode(request))
      // The request is whole; the other side closes when it has answered.
      const closing = stream.close({ signal: both }).catch(() => undefined)
      for await (const frame of receiveFrames(stream, MAX_MESSAGE_BYTES))
        yield dagCbor.decode<Record<string, unknown>>(frame)
      await closing
    } catch (cause) {
      signal?.throwIfAborted()
      if (isStorageError(cause, 'STORAGE_MALFORMED') || isStorageError(cause, 'STORAGE_LIMIT')) bans?.strike(node.id)
      throw new StorageError('STORAGE_UNAVAILABLE', `${node.id} does not answer`, { node: node.id }, { cause })
    } finally {
      both.removeEventListener('abort', abort)
    }
  }
  async function one(
    request: Record<string, unknown>,
    signal: AbortSignal | undefined,
  ): Promise<Record<string, unknown>> {
    let answer: Record<string, unknown> | undefined
    for await (const next of ask(request, signal)) answer ??= next
    if (answer === undefined)
      throw new StorageError('STORAGE_UNAVAILABLE', `${node.id} closed without an answer`, { node: node.id })
    if (typeof answer.error === 'string')
      throw new StorageError(answer.error as StorageErrorCode, `${node.id} answers ${answer.error}`, { node: node.id })
    return answer
  }
  return {
    ...node,
    async put(cid, bytes, expiresAtS, { signal } = {}) {
      await one({ op: 'put', cids: [cid], bytes, expiresAtS }, signal)
    },
    async get(cid, { signal } = {}) {
      const { bytes } = await one({ op: 'get', cids: [cid] }, signal)
      try {
        return await verifyBlock(crypto, cid, bytes as Uint8Array)
      } catch (error) {
        bans?.strike(node.id, 3)
        throw error
      }
    },
    async has(cid, { signal } = {}) {
      return (await one({ op: 'has', cids: [cid] }, signal)).has === true
    },
    async audit(cid, challenge: Challenge, { signal } = {}) {
      const { proofs } = await one(
        { op: 'audit', cids: [cid], nonce: challenge.nonce, leaves: challenge.leaves },
        signal,
      )
      return checkedProofs(proofs)
    },
  }
}

function checkedProofs(proofs: unknown): LeafProof[] {
  const isProof = (proof: unknown): proof is [Uint8Array, Uint8Array[]] =>
    Array.isArray(proof) &&
    proof[0] instanceof Uint8Array &&
    proof[0].length <= LEAF_BYTES &&
    Array.isArray(proof[1]) &&
    proof[1].every((x) => x instanceof Uint8Array)
  if (!Array.isArray(proofs) || !proofs.every(isProof))
    throw new StorageError('STORAGE_MALFORMED', 'The proof is broken')
  return proofs.map(([leaf, path]) => ({ leaf, path }))
}
