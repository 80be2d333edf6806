/**
 * Private, erasure-coded files: seal → code → hash → place, and the way back. Nothing leaves this process in clear: nodes see shards of ciphertext
 * and layouts; contents, names and true sizes are sealed with the file key.
 */
import * as dagCbor from '@ipld/dag-cbor'
import type { CID } from 'multiformats/cid'
import { concat } from '../content/bytes.ts'
import type { ByteSource } from '../content/chunker.ts'
import { blake3Cid, blockCid, codec, isBlockOf } from '../content/cid.ts'
import { defaultCrypto } from '../crypto/default.ts'
import { deriveKey } from '../crypto/hkdf.ts'
import { type CryptoPort, KEY_BYTES, NONCE_BYTES, type Sealing, TAG_BYTES } from '../crypto/port.ts'
import { DEFAULT_REDUNDANCY } from '../durability/planner.ts'
import { type Construction, createErasureCode, type ErasureCode } from '../erasure/code.ts'
import { decodeSegment, encodeSegment, MAX_SEGMENT_BYTES, type SegmentMemory, shardLength } from '../erasure/segment.ts'
import { isStorageError, StorageError } from '../errors.ts'
import { auditTreeOf, checkAnswer, merkleRoot } from './audit.ts'
import type { Capability } from './capability.ts'
import {
  decodeLayout,
  encodeLayout,
  type FileFacts,
  type Layout,
  type LayoutSegment,
  layoutVersion,
  type ShardHash,
} from './layout.ts'
import type { StorageNode } from './node.ts'
import { type Padding, paddedSize } from './padding.ts'
import { createPlacement } from './placement.ts'
import { segmentKey } from './shard-plan.ts'

/** Bytes of plaintext in a segment by default: shards of about 400 KiB at k = 10. */
export const DEFAULT_SEGMENT_BYTES = 4 * 1024 * 1024

/** What a vault is made of. */
export interface VaultOptions {
  /** the nodes known now; asked for at every operation */
  readonly nodes: () => readonly StorageNode[]
  /** encrypts and names shards; default {@link defaultCrypto} */
  readonly crypto?: CryptoPort
  /** k: shards that are enough to read a segment. Default 10 */
  readonly dataShards?: number
  /** n: shards of a segment, each on a node of its own. Default 16 */
  readonly totalShards?: number
  /** bytes of content that are encrypted and coded together; default 4 MiB */
  readonly segmentBytes?: number
  /** how new files are coded; files say themselves how they were. Default `transform` */
  readonly construction?: Construction
  /** what the shards of new files are named by. Default `blake3`; shards of a `cauchy` code are always named by `sha2-256` */
  readonly shardHash?: ShardHash
  /** default `padme` */
  readonly padding?: Padding
  /** shards of a segment in one failure domain; default n − k, so that the loss of a domain is survived */
  readonly maxPerDomain?: number
  /** seconds since 1970 until which nodes keep what is put; default 0 = for ever */
  readonly expiresAtS?: () => number
  /** reads segments for {@link Vault.get}: many nodes at once, in order, ahead of the reader. Default: k shards of one segment after the other */
  readonly readSegments?: ReadSegments
}

/** The ciphertext of segments `first` to before `end`, in order, each verified by the hashes of the layout. The vault writes over what it is given. */
export type ReadSegments = (
  layout: Layout,
  range: { readonly first: number; readonly end: number },
  options: { readonly signal?: AbortSignal | undefined },
) => AsyncIterable<Uint8Array>

/** Options of a put. */
export interface VaultPutOptions {
  /** of the file, kept encrypted */
  readonly name?: string
  /** media type, kept encrypted */
  readonly type?: string
  readonly signal?: AbortSignal | undefined
  /** bytes of plaintext stored */
  readonly onProgress?: (bytes: number) => void
}

/** Options of a get. */
export interface VaultGetOptions {
  /** first byte, default 0 */
  readonly offset?: number
  /** number of bytes, default all that follow */
  readonly length?: number
  readonly signal?: AbortSignal | undefined
  /** bytes of plaintext given out so far */
  readonly onProgress?: (bytes: number) => void
}

/** State of one segment. */
export interface SegmentHealth {
  readonly index: number
  /** slots whose shard no node has whole */
  readonly lost: readonly number[]
  /** shards above k that are left; below 0 the segment is gone */
  readonly margin: number
}

/** What a repair did. */
export interface RepairReport {
  readonly rebuilt: number
  readonly bytesRead: number
  readonly bytesWritten: number
}

/** Files over storage nodes. */
export interface Vault {
  /**
   * Stores a stream; resolves when every shard is acknowledged by a node. A slot whose node refuses goes to another node.
   * @throws StorageError `STORAGE_PLACEMENT` when too few nodes take shards
   */
  put(source: ByteSource, options?: VaultPutOptions): Promise<Capability>
  /** The bytes of a file or a range; any k shards of a segment will do, corrupted ones count as lost. */
  get(capability: Capability, options?: VaultGetOptions): AsyncGenerator<Uint8Array>
  /** Size, name and type. @throws StorageError `STORAGE_UNAUTHENTIC` for a wrong key */
  facts(capability: Capability, options?: { signal?: AbortSignal | undefined }): Promise<FileFacts>
  /** The layout of a file; needs no key. */
  layout(root: CID, options?: { signal?: AbortSignal | undefined }): Promise<Layout>
  /** Which shards are left, by asking for them and hashing them; needs no key. */
  inspect(root: CID, options?: { signal?: AbortSignal | undefined }): AsyncGenerator<SegmentHealth>
  /**
   * Rebuilds lost shards of segments with at most `margin` spare shards left (default: any loss) on other nodes, worst first; needs no key.
   * Reads k shards a segment and writes the lost ones, no more.
   */
  repair(root: CID, options?: { margin?: number; signal?: AbortSignal | undefined }): Promise<RepairReport>
}

/** Makes a vault. */
export function createVault(options: VaultOptions): Vault {
  const crypto = options.crypto ?? defaultCrypto()
  const k = options.dataShards ?? DEFAULT_REDUNDANCY.dataShards
  const n = options.totalShards ?? DEFAULT_REDUNDANCY.totalShards
  const segmentBytes = options.segmentBytes ?? DEFAULT_SEGMENT_BYTES
  const padding = options.padding ?? 'padme'
  if (segmentBytes < 1 || segmentBytes > MAX_SEGMENT_BYTES - TAG_BYTES) {
    throw new StorageError('STORAGE_INVALID_ARGUMENT', 'The segment size is out of range', { segmentBytes })
  }
  const perDomain = options.maxPerDomain ?? Math.max(1, n - k)
  const codes = new Map<string, ErasureCode>()
  const codeOf = (dataShards: number, totalShards: number, construction: Construction = 'transform') => {
    const name = `${construction} ${dataShards}/${totalShards}`
    const code = codes.get(name) ?? createErasureCode({ dataShards, totalShards, construction })
    codes.set(name, code)
    return code
  }
  const { construction } = codeOf(k, n, options.construction)
  const shardHash = options.shardHash ?? (construction === 'cauchy' ? 'sha2-256' : 'blake3')
  layoutVersion(construction, shardHash)

  /** Puts blocks[i] on the i-th node of a placement; a block whose node fails goes to the next placement without that node. */
  async function spread(
    key: Uint8Array,
    blocks: readonly Block[],
    signal: AbortSignal | undefined,
    holders: Iterable<string> = [],
  ): Promise<void> {
    const expiresAtS = options.expiresAtS?.() ?? 0
    const bad = new Set<string>()
    const taken = new Set(holders)
    let left = blocks
    while (left.length > 0) {
      signal?.throwIfAborted()
      const nodes = new Map(
        options
          .nodes()
          .filter(({ id }) => !bad.has(id))
          .map((node) => [node.id, node]),
      )
      const placed = createPlacement([...nodes.values()]).place(key, left.length, perDomain, taken)
      const failed: Block[] = []
      await Promise.all(
        left.map(async (block, slot) => {
          const { id } = placed[slot]!
          try {
            await nodes.get(id)!.put(block.cid, block.bytes, expiresAtS, { signal, hashed: block.hashed })
            taken.add(id)
          } catch (error) {
            signal?.throwIfAborted()
            if (!isStorageError(error)) throw error
            bad.add(id)
            failed.push(block)
          }
        }),
      )
      left = failed
    }
  }

  /** The block from `node`, or `undefined` when it does not answer or what it gives is not the block. */
  async function ask(node: StorageNode, cid: CID, signal: AbortSignal | undefined): Promise<Uint8Array | undefined> {
    try {
      const bytes = await node.get(cid, { signal })
      return (await isBlockOf(crypto, cid, bytes)) ? bytes : undefined
    } catch (error) {
      signal?.throwIfAborted()
      if (!isStorageError(error)) throw error
      return undefined
    }
  }

  /** A block from any node that has it whole: the node it was placed on first, then whoever says to have it. */
  async function fetchBlock(
    cid: CID,
    first: StorageNode | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array | undefined> {
    const direct = first && (await ask(first, cid, signal))
    if (direct !== undefined) return direct
    const others = options.nodes().filter((node) => node !== first)
    const claims = await Promise.all(others.map((node) => node.has(cid, { signal }).catch(() => false)))
    for (const [i, node] of others.entries()) {
      const bytes = claims[i] ? await ask(node, cid, signal) : undefined
      if (bytes !== undefined) return bytes
    }
    return undefined
  }

  function placedNodes(key: Uint8Array, count: number): (StorageNode | undefined)[] {
    const nodes = options.nodes()
    const byId = new Map(nodes.map((node) => [node.id, node]))
    try {
      return createPlacement(nodes)
        .place(key, count, perDomain)
        .map(({ id }) => byId.get(id))
    } catch {
      return [] // fewer nodes than shards are left: everyone is asked
    }
  }

  /** At least k shards of a segment; with `all`, every one that is left. */
  async function gather(
    segment: LayoutSegment,
    dataShards: number,
    all: boolean,
    signal: AbortSignal | undefined,
  ): Promise<(Uint8Array | undefined)[]> {
    const shards: (Uint8Array | undefined)[] = segment.shards.map(() => undefined)
    const likely = placedNodes(segmentKey(segment), shards.length)
    const slots = shards.map((_, slot) => slot)
    let have = 0
    // Data shards first: whole, they need no decoding. Then as many more as are missing.
    while (slots.length > 0 && (all || have < dataShards)) {
      const round = slots.splice(0, all ? slots.length : dataShards - have)
      await Promise.all(
        round.map(async (slot) => {
          const bytes = await fetchBlock(segment.shards[slot]!, likely[slot], signal)
          if (bytes === undefined) return
          shards[slot] = bytes
          have++
        }),
      )
    }
    return shards
  }

  const readSegments: ReadSegments = async function* (layout, { first, end }, { signal }) {
    const code = codeOf(layout.dataShards, layout.totalShards, layout.construction)
    for (const segment of layout.segments.slice(first, end)) {
      signal?.throwIfAborted()
      yield decodeSegment(code, await gather(segment, layout.dataShards, false, signal), segment.length)
    }
  }

  async function layoutOf(root: CID, signal: AbortSignal | undefined): Promise<Layout> {
    const bytes = await fetchBlock(root, placedNodes(root.multihash.digest, 1)[0], signal)
    if (bytes === undefined)
      throw new StorageError('STORAGE_NOT_FOUND', `No node has the layout ${root}`, { root: `${root}` })
    return decodeLayout(bytes)
  }

  async function openFacts(layout: Layout, key: Uint8Array): Promise<FileFacts> {
    const facts = await crypto.open(
      await deriveKey(crypto, key, 'zos/rain/facts/1'),
      new Uint8Array(NONCE_BYTES),
      layout.facts,
      new Uint8Array(0),
    )
    if (facts === undefined) throw new StorageError('STORAGE_UNAUTHENTIC', 'The key does not open this file')
    return dagCbor.decode<FileFacts>(facts)
  }

  return {
    async put(source, putOptions = {}) {
      const { signal, name, type } = putOptions
      const key = crypto.randomBytes(KEY_BYTES)
      const code = codeOf(k, n, options.construction)
      const segments: LayoutSegment[] = []
      let size = 0
      // One memory for all segments: fresh pages cost as much as sealing and coding. Nodes may use what they are given until they have answered.
      let sealed: Uint8Array<ArrayBuffer> = new Uint8Array(0)
      const memory: SegmentMemory = { bytes: new Uint8Array(0) }
      let sealing: Sealing | undefined
      let length = 0
      let filled = 0
      const keep = (ciphertext: Uint8Array) => {
        const end = length + ciphertext.length
        if (end > sealed.length) sealed = grown(sealed, length, end, segmentBytes + TAG_BYTES)
        sealed.set(ciphertext, length)
        length = end
      }
      const push = (plaintext: Uint8Array) => {
        const index = segments.length
        sealing ??= crypto.startSeal(key, segmentNonce(index), segmentLabel(index))
        keep(sealing.push(plaintext))
        filled += plaintext.length
      }
      const store = async () => {
        keep(await sealing!.end())
        const { shards } = encodeSegment(code, sealed.subarray(0, length), segments.length, memory)
        const cids = await Promise.all(
          shards.map((bytes) =>
            shardHash === 'blake3' ? blake3Cid(crypto, codec.raw, bytes) : blockCid(crypto, codec.raw, bytes),
          ),
        )
        const segment: LayoutSegment =
          shardHash === 'blake3'
            ? { length, shards: cids }
            : {
                length,
                shards: cids,
                roots: concat(await Promise.all(shards.map((bytes) => merkleRoot(crypto, bytes)))),
              }
        const blocks = shards.map((bytes, slot) => ({ bytes, cid: cids[slot]!, hashed: true }))
        await spread(segmentKey(segment), blocks, signal)
        segments.push(segment)
        sealing = undefined
        length = 0
        filled = 0
      }
      for await (const piece of source) {
        signal?.throwIfAborted()
        for (let from = 0; from < piece.length; ) {
          if (filled === segmentBytes) await store()
          const take = Math.min(segmentBytes - filled, piece.length - from, SEALED_AT_ONCE)
          push(piece.subarray(from, from + take))
          from += take
        }
        size += piece.length
        putOptions.onProgress?.(size)
      }
      // The padding is zeros in the sealed last segments.
      const end = paddedSize(size, padding)
      const zeros = new Uint8Array(Math.min(SEALED_AT_ONCE, end - size))
      while (segments.length * segmentBytes < end) {
        const wanted = Math.min(segmentBytes, end - segments.length * segmentBytes)
        while (filled < wanted) push(zeros.subarray(0, wanted - filled))
        await store()
      }
      const facts: FileFacts = {
        size,
        ...(name === undefined ? {} : { name }),
        ...(type === undefined ? {} : { type }),
      }
      const factsBytes = dagCbor.encode(facts)
      // Facts are padded with a trailing field, so that the length of the name does not show.
      const padded = dagCbor.encode({ ...facts, pad: new Uint8Array(Math.max(0, 256 - (factsBytes.length % 256))) })
      const layout = encodeLayout({
        construction: code.construction,
        shardHash,
        dataShards: k,
        totalShards: n,
        segmentBytes,
        segments,
        facts: await crypto.seal(
          await deriveKey(crypto, key, 'zos/rain/facts/1'),
          new Uint8Array(NONCE_BYTES),
          padded,
          new Uint8Array(0),
        ),
      })
      const root = await blockCid(crypto, codec.dagCbor, layout)
      // A copy on n − k + 1 nodes survives what the shards survive.
      const copies = Array.from({ length: n - k + 1 }, () => ({ cid: root, bytes: layout, hashed: true }))
      await spread(root.multihash.digest, copies, signal)
      return { root, key }
    },

    async *get({ root, key }, { offset = 0, length, signal, onProgress } = {}) {
      const layout = await layoutOf(root, signal)
      const { size } = await openFacts(layout, key)
      const end = Math.min(size, length === undefined ? size : offset + length)
      if (offset >= end) return
      const first = Math.floor(offset / layout.segmentBytes)
      const last = Math.ceil(end / layout.segmentBytes)
      if (last > layout.segments.length)
        throw new StorageError('STORAGE_MALFORMED', 'The layout ends before the file', { root: `${root}`, last })
      let given = 0
      let index = first - 1
      for await (const sealed of (options.readSegments ?? readSegments)(layout, { first, end: last }, { signal })) {
        signal?.throwIfAborted()
        index++
        // The segment is ours, so it may be opened where it stands: fresh memory for the plaintext costs as much as decrypting.
        const plaintext = await crypto.open(key, segmentNonce(index), sealed, segmentLabel(index), sealed)
        if (plaintext === undefined)
          throw new StorageError('STORAGE_UNAUTHENTIC', `Segment ${index} is not authentic`, { root: `${root}`, index })
        const start = index * layout.segmentBytes
        const part = plaintext.subarray(Math.max(0, offset - start), end - start)
        given += part.length
        if (part.length > 0) yield part
        onProgress?.(given)
      }
    },

    async facts({ root, key }, { signal } = {}) {
      const { size, name, type } = await openFacts(await layoutOf(root, signal), key)
      return { size, ...(name === undefined ? {} : { name }), ...(type === undefined ? {} : { type }) }
    },

    layout: (root, { signal } = {}) => layoutOf(root, signal),

    async *inspect(root, { signal } = {}) {
      const layout = await layoutOf(root, signal)
      for (const [index, segment] of layout.segments.entries()) {
        const shards = await gather(segment, layout.dataShards, true, signal)
        const lost = shards.flatMap((shard, slot) => (shard === undefined ? [slot] : []))
        yield { index, lost, margin: layout.totalShards - lost.length - layout.dataShards }
      }
    },

    async repair(root, { margin = Number.POSITIVE_INFINITY, signal } = {}) {
      const layout = await layoutOf(root, signal)
      const code = codeOf(layout.dataShards, layout.totalShards, layout.construction)
      const queue: { segment: LayoutSegment; lost: number[]; holders: Map<number, string>; left: number }[] = []
      for (const segment of layout.segments) {
        const holders = await holdersOf(
          segment,
          shardLength(segment.length, layout.dataShards, layout.construction),
          signal,
        )
        const lost = segment.shards.flatMap((_, slot) => (holders.has(slot) ? [] : [slot]))
        const left = layout.totalShards - lost.length - layout.dataShards
        if (lost.length > 0 && left <= margin) queue.push({ segment, lost, holders, left })
      }
      queue.sort((a, b) => a.left - b.left)
      let rebuilt = 0
      let bytesRead = 0
      let bytesWritten = 0
      for (const { segment, lost, holders } of queue) {
        signal?.throwIfAborted()
        const shards = await gather(segment, layout.dataShards, false, signal)
        for (const shard of shards) bytesRead += shard?.length ?? 0
        const made = code.reconstruct(shards, lost)
        const blocks: Block[] = lost.map((slot) => ({
          cid: segment.shards[slot]!,
          bytes: made.get(slot)!,
          hashed: false, // the layout says what they should be
        }))
        await spread(segmentKey(segment), blocks, signal, holders.values())
        rebuilt += blocks.length
        for (const { bytes } of blocks) bytesWritten += bytes.length
      }
      // The layout itself: a copy on every node of its placement that lost it.
      const bytes = encodeLayout(layout)
      const expiresAtS = options.expiresAtS?.() ?? 0
      for (const node of placedNodes(root.multihash.digest, n - k + 1)) {
        if (node === undefined || (await node.has(root, { signal }).catch(() => true))) continue
        await node.put(root, bytes, expiresAtS, { signal }).catch(() => undefined)
      }
      return { rebuilt, bytesRead, bytesWritten }
    },
  }

  /** Which node proves to have which slot's shard; nodes that do not answer have none. */
  async function holdersOf(
    segment: LayoutSegment,
    shardBytes: number,
    signal: AbortSignal | undefined,
  ): Promise<Map<number, string>> {
    const holders = new Map<number, string>()
    await Promise.all(
      options.nodes().map(async (node) => {
        for (const [slot, cid] of segment.shards.entries()) {
          if (holders.has(slot)) continue
          const root = segment.roots?.subarray(32 * slot, 32 * slot + 32) ?? cid.multihash.digest
          if (await proves(node, cid, root, shardBytes, signal)) holders.set(slot, node.id)
        }
      }),
    )
    return holders
  }

  async function proves(
    node: StorageNode,
    cid: CID,
    root: Uint8Array,
    shardBytes: number,
    signal: AbortSignal | undefined,
  ): Promise<boolean> {
    try {
      if (!(await node.has(cid, { signal }))) return false
      const challenge = { nonce: crypto.randomBytes(32), leaves: AUDITED_LEAVES }
      const proofs = await node.audit(cid, challenge, { signal })
      return await checkAnswer(crypto, root, shardBytes, challenge, proofs, auditTreeOf(cid))
    } catch (error) {
      signal?.throwIfAborted()
      if (!isStorageError(error)) throw error
      return false
    }
  }
}

/** Plaintext that is encrypted with one call: a whole segment would come back in new pages, each of which costs a fault. */
const SEALED_AT_ONCE = 256 * 1024

/** Leaves of a shard that a node must show before it counts as a holder; an honest node hashes the whole shard to answer. */
const AUDITED_LEAVES = 4

/** A buffer for at least `needed` bytes that begins with the first `used` of `bytes`: twice as large, up to `most`. */
function grown(bytes: Uint8Array, used: number, needed: number, most: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.min(most, Math.max(needed, 2 * bytes.length)))
  larger.set(bytes.subarray(0, used))
  return larger
}

interface Block {
  readonly cid: CID
  readonly bytes: Uint8Array
  /** the CID was made from the bytes just now */
  readonly hashed: boolean
}

/** The file key is used for one file only, so a counter never repeats under it. */
function segmentNonce(index: number): Uint8Array {
  const nonce = new Uint8Array(NONCE_BYTES)
  new DataView(nonce.buffer).setUint32(8, index + 1)
  return nonce
}

function segmentLabel(index: number): Uint8Array {
  return new TextEncoder().encode(`zos/rain/segment/1/${index}`)
}
