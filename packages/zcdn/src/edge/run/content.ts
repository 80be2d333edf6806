import type { CID } from 'multiformats/cid'
import { readContentMap } from '../../content/content-map.ts'
import { type Hasher, isBlock } from '../../content/hasher.ts'
import { RAW } from '../../content/unixfs.ts'
import { CdnError } from '../../errors.ts'

/** The port to what is at hand: one block by CID, `undefined` where it is not. What it gives is verified. */
export type BlockPort = (cid: CID, options: { signal?: AbortSignal | undefined }) => Promise<Uint8Array | undefined>

/**
 * The bytes that `cid` names: a raw block, or a UnixFS file put together from its leaves; every block verified.
 * @throws CdnError `CDN_EDGE_CONTENT_MISSING` when a block is not at hand, `CDN_BAD_BLOCK` when one is not what its CID says,
 * `CDN_EDGE_REFUSED` beyond `limitBytes`
 */
export async function readContent(
  cid: CID,
  block: BlockPort,
  options: { hasher: Hasher; limitBytes: number; signal?: AbortSignal | undefined },
): Promise<Uint8Array> {
  const { hasher, limitBytes, signal } = options
  const tooMuch = (bytes: number) =>
    new CdnError('CDN_EDGE_REFUSED', `${cid} has ${bytes} bytes, ${limitBytes} are allowed`, { cid: `${cid}`, bytes })
  const get = async (part: CID): Promise<Uint8Array> => {
    signal?.throwIfAborted()
    const bytes = await block(part, { signal })
    if (!bytes)
      throw new CdnError('CDN_EDGE_CONTENT_MISSING', `${part} is not here`, { cid: `${part}`, content: `${cid}` })
    return bytes
  }
  const verified = async (part: CID): Promise<Uint8Array> => {
    const bytes = await get(part)
    if (!(await isBlock(part, bytes, hasher)))
      throw new CdnError('CDN_BAD_BLOCK', `the block is not what ${part} names`, { cid: `${part}` })
    return bytes
  }
  if (cid.code === RAW) {
    const bytes = await verified(cid)
    if (bytes.length > limitBytes) throw tooMuch(bytes.length)
    return bytes
  }
  const map = await readContentMap(cid, get, { hasher })
  if (map.size > limitBytes) throw tooMuch(map.size)
  const bytes = new Uint8Array(map.size)
  for (const [i, leaf] of map.leaves.entries()) {
    const part = await verified(leaf)
    if (part.length !== map.starts[i + 1]! - map.starts[i]!)
      throw new CdnError('CDN_BAD_BLOCK', `${leaf} has not the length that ${cid} says`, { cid: `${leaf}` })
    bytes.set(part, map.starts[i])
  }
  return bytes
}
