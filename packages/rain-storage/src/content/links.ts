/** The links of a block, for walking, pinning and collecting. */
import * as dagCbor from '@ipld/dag-cbor'
import * as dagJson from '@ipld/dag-json'
import * as dagPb from '@ipld/dag-pb'
import { CID } from 'multiformats/cid'
import { StorageError } from '../errors.ts'
import { codec } from './cid.ts'

/** Links of one block that are followed: a 2 MiB block cannot hold more. */
export const MAX_LINKS = 65_536

/**
 * The CIDs that a block links to, in document order, duplicates included. Raw, cbor and json blocks have none.
 * @throws StorageError `STORAGE_MALFORMED` when the block is not of its codec or the codec is unknown, `STORAGE_LIMIT` above 65,536 links
 */
export function linksOf(cid: CID, bytes: Uint8Array): CID[] {
  const links: CID[] = []
  switch (cid.code) {
    case codec.raw:
    case codec.cbor:
    case codec.json:
      return links
    case codec.dagPb:
      for (const link of decodeBlock(cid, bytes, dagPb.decode).Links) links.push(link.Hash)
      break
    case codec.dagCbor:
    case codec.dagJson:
      collect(decodeDocument(cid, bytes), links)
      break
    default:
      throw new StorageError('STORAGE_MALFORMED', `Codec 0x${cid.code.toString(16)} of ${cid} is not supported`, {
        cid: `${cid}`,
      })
  }
  if (links.length > MAX_LINKS) {
    throw new StorageError('STORAGE_LIMIT', `${cid} has ${links.length} links, more than ${MAX_LINKS}`, {
      cid: `${cid}`,
    })
  }
  return links
}

/**
 * The value of a dag-cbor or dag-json block.
 * @throws StorageError `STORAGE_MALFORMED`, also for one nested so deeply that the decoder's stack ends
 */
export function decodeDocument(cid: CID, bytes: Uint8Array): unknown {
  return decodeBlock<unknown>(cid, bytes, cid.code === codec.dagCbor ? dagCbor.decode : dagJson.decode)
}

function decodeBlock<T>(cid: CID, bytes: Uint8Array, decode: (bytes: Uint8Array) => T): T {
  try {
    return decode(bytes)
  } catch (cause) {
    throw new StorageError(
      'STORAGE_MALFORMED',
      `${cid} is not a valid block of its codec`,
      { cid: `${cid}` },
      { cause },
    )
  }
}

/** Depth first with an own stack: foreign documents may nest deeper than the engine's. */
function collect(document: unknown, into: CID[]): void {
  const stack: unknown[] = [document]
  while (stack.length > 0) {
    const value = stack.pop()
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) continue
    const cid = CID.asCID(value)
    if (cid !== null) {
      into.push(cid)
      continue
    }
    const children = Array.isArray(value) ? value : Object.values(value)
    for (let i = children.length - 1; i >= 0; i--) stack.push(children[i])
  }
}
