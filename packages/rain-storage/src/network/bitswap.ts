/** A Bitswap 1.2.0 peer: serves what the block store has, asks connected peers, verifies everything. Enough to trade blocks with Helia and Kubo. */
import type { Connection, Libp2p, PeerId, Stream } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import { type BlockStore, blockKey } from '../blocks/store.ts'
import type { CryptoPort } from '../crypto/port.ts'
import { StorageError } from '../errors.ts'
import type { Bans } from './bans.ts'
import { type BitswapMessage, decodeBitswap, encodeBitswap, MAX_BITSWAP_MESSAGE_BYTES } from './bitswap-message.ts'
import { receiveFrames, sendFrame } from './frames.ts'

const PROTOCOL = '/ipfs/bitswap/1.2.0'
/** Streams of one peer at a time. */
const MAX_STREAMS = 128
/** Bytes of blocks in one answer; a larger answer goes out in several messages. */
const ANSWER_BYTES = 1024 * 1024

/** The Bitswap side of a peer. */
export interface Bitswap {
  /** Asks `peer` for a block. @throws StorageError `STORAGE_NOT_FOUND` when it says that it has not, `STORAGE_UNAVAILABLE` when it does not answer in time */
  fetch(peer: PeerId, cid: CID, signal: AbortSignal): Promise<Uint8Array>
  stop(): Promise<void>
}

interface Waiting {
  readonly peer: string
  readonly resolve: (bytes: Uint8Array) => void
  readonly reject: (error: unknown) => void
}

/** Starts speaking Bitswap on `libp2p`. */
export async function startBitswap(
  libp2p: Libp2p,
  blocks: BlockStore,
  crypto: CryptoPort,
  bans: Bans,
  onGarbage: (peer: PeerId) => void,
): Promise<Bitswap> {
  const waiting = new Map<string, Waiting[]>()

  const settle = (cid: CID, peer: string, act: (waiter: Waiting) => void) => {
    const key = blockKey(cid)
    const list = waiting.get(key) ?? []
    const left = list.filter((waiter) => {
      if (waiter.peer !== peer) return true
      act(waiter)
      return false
    })
    if (left.length === 0) waiting.delete(key)
    else waiting.set(key, left)
  }

  async function answer(peer: PeerId, message: BitswapMessage): Promise<void> {
    const out: { cid: CID; bytes: Uint8Array }[] = []
    const presences: { cid: CID; have: boolean }[] = []
    let size = 0
    for (const { cid, cancel, haveOnly, sendDontHave } of message.wants) {
      if (cancel) continue
      const bytes = haveOnly ? undefined : await blocks.get(cid).catch(() => undefined)
      if (bytes !== undefined) {
        out.push({ cid, bytes })
        size += bytes.length
      } else {
        const have = haveOnly && (await blocks.has(cid).catch(() => false))
        if (have || sendDontHave) presences.push({ cid, have })
      }
      if (size > ANSWER_BYTES) {
        await post(peer, { blocks: out.splice(0) })
        size = 0
      }
    }
    if (out.length > 0 || presences.length > 0) await post(peer, { blocks: out, presences })
  }

  async function post(peer: PeerId, message: Partial<BitswapMessage>, signal?: AbortSignal): Promise<void> {
    const stream = await libp2p.dialProtocol(peer, PROTOCOL, { signal: signal ?? AbortSignal.timeout(10_000) })
    try {
      await sendFrame(stream, encodeBitswap(message))
    } finally {
      await stream.close().catch(() => undefined)
    }
  }

  const onStream = async (stream: Stream, connection: Connection) => {
    const peer = connection.remotePeer
    try {
      for await (const frame of receiveFrames(stream, MAX_BITSWAP_MESSAGE_BYTES)) {
        const message = await decodeBitswap(crypto, frame)
        for (const { cid, bytes } of message.blocks) settle(cid, String(peer), ({ resolve }) => resolve(bytes))
        for (const { cid, have } of message.presences) {
          if (!have)
            settle(cid, String(peer), ({ reject }) =>
              reject(new StorageError('STORAGE_NOT_FOUND', `${peer} does not have ${cid}`, { cid: `${cid}` })),
            )
        }
        await answer(peer, message)
      }
    } catch (error) {
      if (error instanceof StorageError && (error.code === 'STORAGE_MALFORMED' || error.code === 'STORAGE_LIMIT')) {
        if (bans.strike(String(peer))) onGarbage(peer)
      }
      stream.abort(error instanceof Error ? error : new Error(String(error)))
    }
  }
  await libp2p.handle(PROTOCOL, onStream, { maxInboundStreams: MAX_STREAMS, maxOutboundStreams: MAX_STREAMS })

  return {
    fetch(peer, cid, signal) {
      return new Promise((resolve, reject) => {
        const key = blockKey(cid)
        const waiter: Waiting = { peer: String(peer), resolve, reject }
        const drop = () => {
          const left = (waiting.get(key) ?? []).filter((other) => other !== waiter)
          if (left.length === 0) waiting.delete(key)
          else waiting.set(key, left)
        }
        const onAbort = () => {
          drop()
          reject(
            new StorageError(
              'STORAGE_UNAVAILABLE',
              `${peer} did not answer in time`,
              { cid: `${cid}` },
              { cause: signal.reason },
            ),
          )
        }
        signal.addEventListener('abort', onAbort, { once: true })
        waiting.set(key, [...(waiting.get(key) ?? []), waiter])
        post(peer, { wants: [{ cid, cancel: false, haveOnly: false, sendDontHave: true }] }, signal).catch(
          (cause: unknown) => {
            drop()
            reject(new StorageError('STORAGE_UNAVAILABLE', `${peer} cannot be reached`, { cid: `${cid}` }, { cause }))
          },
        )
      })
    },
    async stop() {
      await libp2p.unhandle(PROTOCOL)
    },
  }
}
