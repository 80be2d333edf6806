import { CID } from 'multiformats/cid'
import { CdnError } from '../errors.ts'

/** Multicodec codes of the two kinds of block in a file. */
export const RAW = 0x55
export const DAG_PB = 0x70
const UNIXFS_FILE = 2

/** One child of a file node: its CID and the bytes of the file below it. */
export interface FileLink {
  cid: CID
  bytes: number
  /** Bytes of the child's blocks in all (`Tsize`). */
  treeBytes: number
}

/**
 * Writes a UnixFS file node as a DAG-PB block (specs: ipld.io dag-pb, UnixFS `unixfs-v1-2025`). Canonical order: links before data.
 */
export function encodeFileNode(links: readonly FileLink[]): Uint8Array {
  const out: number[] = []
  for (const link of links) {
    const hash = link.cid.bytes
    const body: number[] = []
    field(body, 1, hash)
    field(body, 2, [])
    body.push(0x18)
    varint(body, link.treeBytes)
    field(out, 2, body)
  }
  const data: number[] = [0x08, UNIXFS_FILE, 0x18]
  varint(
    data,
    links.reduce((sum, link) => sum + link.bytes, 0),
  )
  for (const link of links) {
    data.push(0x20)
    varint(data, link.bytes)
  }
  field(out, 1, data)
  return Uint8Array.from(out)
}

/** Reads a UnixFS file node. @throws CdnError `CDN_BAD_BLOCK` for anything else: directories, inline data beside links, damaged bytes. */
export function decodeFileNode(bytes: Uint8Array): FileLink[] {
  try {
    const links: { cid: CID; treeBytes: number }[] = []
    let sizes: number[] = []
    for (const [tag, value] of fields(bytes)) {
      if (tag === 2 && value instanceof Uint8Array) {
        let cid: CID | undefined
        let treeBytes = 0
        for (const [inner, content] of fields(value)) {
          if (inner === 1 && content instanceof Uint8Array) cid = CID.decode(content)
          if (inner === 3 && typeof content === 'number') treeBytes = content
        }
        if (!cid) throw new Error('a link without hash')
        links.push({ cid, treeBytes })
      } else if (tag === 1 && value instanceof Uint8Array) sizes = readUnixfs(value)
    }
    if (sizes.length !== links.length) throw new Error(`${links.length} links but ${sizes.length} block sizes`)
    return links.map((link, i) => ({ ...link, bytes: sizes[i]! }))
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new CdnError('CDN_BAD_BLOCK', `not a UnixFS file node: ${reason}`, { bytes: bytes.length }, { cause })
  }
}

function readUnixfs(bytes: Uint8Array): number[] {
  const sizes: number[] = []
  for (const [tag, value] of fields(bytes)) {
    if (tag === 1 && value !== UNIXFS_FILE) throw new Error(`UnixFS type ${String(value)}`)
    if (tag === 2 && value instanceof Uint8Array && value.length > 0) throw new Error('inline data')
    if (tag === 4 && typeof value === 'number') sizes.push(value)
  }
  return sizes
}

function varint(out: number[], value: number): void {
  let rest = value
  while (rest >= 128) {
    out.push((rest % 128) | 128)
    rest = Math.floor(rest / 128)
  }
  out.push(rest)
}

function field(out: number[], tag: number, bytes: ArrayLike<number>): void {
  out.push((tag << 3) | 2)
  varint(out, bytes.length)
  for (let i = 0; i < bytes.length; i++) out.push(bytes[i]!)
}

function* fields(bytes: Uint8Array): Generator<[tag: number, value: number | Uint8Array]> {
  let at = 0
  const number = () => {
    let value = 0
    for (let unit = 1; ; unit *= 128) {
      const byte = bytes[at++]
      if (byte === undefined || unit > 2 ** 49) throw new Error('a number that does not end')
      value += (byte & 127) * unit
      if (byte < 128) return value
    }
  }
  while (at < bytes.length) {
    const key = number()
    if ((key & 7) === 0) yield [key >> 3, number()]
    else if ((key & 7) === 2) {
      const length = number()
      if (at + length > bytes.length) throw new Error('a field that is cut off')
      yield [key >> 3, bytes.subarray(at, at + length)]
      at += length
    } else throw new Error(`wire type ${key & 7}`)
  }
}
