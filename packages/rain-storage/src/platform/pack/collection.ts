/**
 * Garbage collection of a pack store while reads and writes go on: mark what pins reach, delete the rest from packs that are sealed, then
 * write again what lives in packs that are mostly dead, and remove those.
 */
import { CID } from 'multiformats/cid'
import type { BlockOptions } from '../../blocks/store.ts'
import { codec, identityBytes } from '../../content/cid.ts'
import { DigestIndex, type Place } from './digest-index.ts'
import type { Pack, PackLog } from './pack-log.ts'
import { decodePin, HEADER_BYTES, recordKind } from './record.ts'
import type { FoundRecord } from './recovery.ts'

/** A pack with less than this share alive is rewritten. */
const COMPACT_BELOW = 0.5
/** Deletions under way at once. */
const MAX_DELETIONS = 1_000

/** Gives the CIDs that a block links to. */
export type Links = (cid: CID, bytes: Uint8Array) => readonly CID[]

/** What a collection did. */
export interface CollectReport {
  readonly removedBlocks: number
  readonly removedBytes: number
  readonly packsRewritten: number
  readonly bytesReclaimed: number
}

/** What the collection asks of the store. */
export interface Collected {
  readonly log: PackLog
  readonly index: DigestIndex
  /** pinned roots that hold now */
  roots(): readonly CID[]
  get(cid: CID, options?: BlockOptions): Promise<Uint8Array>
  cidAt(place: Place): Promise<CID | undefined>
  /** put again since the collection began: not garbage, whatever the marks say */
  touched(cid: CID): boolean
  remove(cid: CID): Promise<void>
  /** Writes a live block of `pack` again at the end of the log. */
  moveBlock(pack: number, meta: Uint8Array, bytes: Uint8Array): Promise<void>
  /** Writes the pin again at the end of the log, if its record is the one in `pack`; gives whether it was. */
  movePin(pack: number, cid: CID): Promise<boolean>
  pinned(cid: CID): boolean
  liveBytes(pack: number): number
}

/** Collects in the packs before `limit`. */
export async function collectBefore(
  store: Collected,
  limit: number,
  links: Links,
  options: BlockOptions,
): Promise<CollectReport> {
  const marked = await mark(store, links, options)
  const removed = await removeUnmarked(store, limit, marked, options)
  await store.log.flush()
  return { ...removed, ...(await compact(store, limit, options)) }
}

async function mark(store: Collected, links: Links, options: BlockOptions): Promise<DigestIndex> {
  const marked = new DigestIndex()
  const found: Place = { pack: 1, offset: 0, length: 0, metaLength: 0 }
  const stack = [...store.roots()]
  for (let cid = stack.pop(); cid !== undefined; cid = stack.pop()) {
    options.signal?.throwIfAborted()
    const inline = identityBytes(cid)
    if (inline === undefined) {
      if (marked.has(cid.multihash.digest)) continue
      marked.set(cid.multihash.digest, found)
    }
    if (cid.code === codec.raw) continue
    // A damaged or missing block ends its branch here: what lies below it is unknown, so nothing else is.
    const bytes = inline ?? (await store.get(cid, options).catch(() => undefined))
    if (bytes !== undefined) stack.push(...links(cid, bytes))
  }
  return marked
}

async function removeUnmarked(
  store: Collected,
  limit: number,
  marked: DigestIndex,
  options: BlockOptions,
): Promise<{ removedBlocks: number; removedBytes: number }> {
  let removedBlocks = 0
  let removedBytes = 0
  for (const place of [...store.index.places()]) {
    if (place.pack >= limit) continue
    options.signal?.throwIfAborted()
    const cid = await store.cidAt(place)
    if (cid === undefined || marked.has(cid.multihash.digest) || store.touched(cid)) continue
    if (store.index.get(cid.multihash.digest)?.pack !== place.pack) continue
    removedBlocks++
    removedBytes += place.length
    const removed = store.remove(cid)
    if (store.log.waiting > MAX_DELETIONS) await removed
    else removed.catch(() => undefined) // a failed write shows at the next flush
  }
  return { removedBlocks, removedBytes }
}

async function compact(
  store: Collected,
  limit: number,
  options: BlockOptions,
): Promise<{ packsRewritten: number; bytesReclaimed: number }> {
  let packsRewritten = 0
  let bytesReclaimed = 0
  for (const pack of store.log.packs()) {
    if (pack.id >= limit || store.liveBytes(pack.id) >= pack.size * COMPACT_BELOW) continue
    options.signal?.throwIfAborted()
    const older = store.log.packs().some(({ id }) => id < pack.id)
    let written = 0
    for (const record of await store.log.records(pack)) written += await carry(store, pack, record, older)
    await store.log.flush()
    await store.log.remove(pack)
    packsRewritten++
    bytesReclaimed += pack.size - written
  }
  return { packsRewritten, bytesReclaimed }
}

/** Writes a record again at the end when it still means something; gives the bytes written. */
async function carry(
  store: Collected,
  pack: Pack,
  { kind, meta, offset, length }: FoundRecord,
  older: boolean,
): Promise<number> {
  if (kind === recordKind.pin) return (await store.movePin(pack.id, decodePin(meta).cid)) ? length : 0
  const cid = CID.decode(meta)
  const place = store.index.get(cid.multihash.digest)
  if (kind === recordKind.block && place?.pack === pack.id && place.offset === offset + HEADER_BYTES + meta.length) {
    const bytes = await store.get(cid).catch(() => undefined)
    if (bytes === undefined) return 0 // rotten: repair comes from elsewhere, the bytes are worth nothing
    await store.moveBlock(pack.id, meta, bytes)
    return length
  }
  // A deletion or unpinning still counts while an older pack may hold what it removed.
  const stillGone = kind === recordKind.delete ? place === undefined : kind === recordKind.unpin && !store.pinned(cid)
  if (!older || !stillGone) return 0
  await store.log.append({ kind, meta, durable: false })
  return length
}
