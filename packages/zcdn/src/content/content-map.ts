import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { CdnError } from '../errors.ts'
import { type Hasher, isBlock, portableHasher, SHA2_256 } from './hasher.ts'
import { DAG_PB, decodeFileNode, encodeFileNode, type FileLink, RAW } from './unixfs.ts'

/** Links of one node, as in `unixfs-v1-2025`. */
const MAX_LINKS = 1024
/** Our leaves: small enough that a lie is found after 64 KiB, large enough that the map of 1 GB is 16,384 leaves. */
export const DEFAULT_LEAF_BYTES = 64 * 1024
/** A node block larger than this is refused: IPFS's limit of a block is 2 MiB. */
const MAX_NODE_BYTES = 2 * 1024 * 1024

/** Where each verifiable leaf of an object lies. Leaf i is bytes `starts[i]` to `starts[i + 1]`, and its CID is `leaves[i]`. */
export interface ContentMap {
  readonly root: CID
  readonly size: number
  readonly starts: Float64Array
  readonly leaves: readonly CID[]
}

function mapOf(root: CID, links: readonly { cid: CID; bytes: number }[]): ContentMap {
  const starts = new Float64Array(links.length + 1)
  links.forEach((link, i) => {
    starts[i + 1] = starts[i]! + link.bytes
  })
  return { root, size: starts[links.length]!, starts, leaves: links.map((link) => link.cid) }
}

/** Gets a block by CID; the caller verifies it. */
export type GetBlock = (cid: CID) => Promise<Uint8Array>

/**
 * Reads the map of the object `root`: a raw block (then `size` must be known, from a source), or a UnixFS file DAG whose nodes are fetched and
 * verified from the root down. @throws CdnError `CDN_BAD_BLOCK`.
 */
export async function readContentMap(
  root: CID,
  getBlock: GetBlock,
  options: { hasher?: Hasher } = {},
): Promise<ContentMap> {
  const { hasher = portableHasher } = options
  const links: { cid: CID; bytes: number }[] = []
  const walk = async (cid: CID, bytes: number | undefined): Promise<void> => {
    if (cid.code === RAW && bytes !== undefined) {
      links.push({ cid, bytes })
      return
    }
    const block = await getBlock(cid)
    if (block.length > MAX_NODE_BYTES || !(await isBlock(cid, block, hasher))) {
      throw new CdnError('CDN_BAD_BLOCK', `the block is not what ${cid} names`, { cid: cid.toString() })
    }
    if (cid.code === RAW) {
      links.push({ cid, bytes: block.length })
      return
    }
    if (cid.code !== DAG_PB)
      throw new CdnError('CDN_BAD_BLOCK', `codec 0x${cid.code.toString(16)} is not of a file`, { cid: cid.toString() })
    const children = decodeFileNode(block)
    const sum = children.reduce((total, child) => total + child.bytes, 0)
    if (bytes !== undefined && sum !== bytes) {
      throw new CdnError('CDN_BAD_BLOCK', `${cid} holds ${sum} bytes, its parent says ${bytes}`, {
        cid: cid.toString(),
      })
    }
    for (const child of children) await walk(child.cid, child.bytes)
  }
  await walk(root, undefined)
  return mapOf(root, links)
}

/** What {@link describe} makes: the map, and the node blocks that lead to it. */
export interface Description {
  map: ContentMap
  /** Every DAG-PB block, the root last; none when the object is one raw leaf. */
  nodes: { cid: CID; bytes: Uint8Array }[]
}

/**
 * Cuts bytes into leaves and names them: a balanced UnixFS file of raw leaves and at most 1,024 links a node. With `leafBytes` of 1 MiB and
 * SHA2-256 the root is that of IPFS's `unixfs-v1-2025` profile.
 */
export async function describe(
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: { leafBytes?: number; hasher?: Hasher; hashCode?: number } = {},
): Promise<Description> {
  const { leafBytes = DEFAULT_LEAF_BYTES, hasher = portableHasher, hashCode = SHA2_256 } = options
  const name = async (codec: number, bytes: Uint8Array) =>
    CID.createV1(codec, createDigest(hashCode, await hasher(hashCode, bytes)))
  const leaves: FileLink[] = []
  const add = async (bytes: Uint8Array) => {
    leaves.push({ cid: await name(RAW, bytes), bytes: bytes.length, treeBytes: bytes.length })
  }
  let leaf = new Uint8Array(leafBytes)
  let filled = 0
  for await (const chunk of content) {
    for (let at = 0; at < chunk.length; ) {
      const take = Math.min(leafBytes - filled, chunk.length - at)
      leaf.set(chunk.subarray(at, at + take), filled)
      filled += take
      at += take
      if (filled < leafBytes) continue
      await add(leaf)
      leaf = new Uint8Array(leafBytes)
      filled = 0
    }
  }
  if (filled > 0 || leaves.length === 0) await add(leaf.subarray(0, filled))
  const nodes: Description['nodes'] = []
  let level = leaves
  while (level.length > 1) {
    const parents: FileLink[] = []
    for (let i = 0; i < level.length; i += MAX_LINKS) {
      const links = level.slice(i, i + MAX_LINKS)
      const bytes = encodeFileNode(links)
      const cid = await name(DAG_PB, bytes)
      nodes.push({ cid, bytes })
      const sum = (key: 'bytes' | 'treeBytes') => links.reduce((total, link) => total + link[key], 0)
      parents.push({ cid, bytes: sum('bytes'), treeBytes: bytes.length + sum('treeBytes') })
    }
    level = parents
  }
  return { map: mapOf(level[0]!.cid, leaves), nodes }
}
