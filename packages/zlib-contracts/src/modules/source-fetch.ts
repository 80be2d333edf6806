/** Where sources come from. Whoever answers need not be trusted: what comes is compared with its CID. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ZlibError } from '../errors.ts'
import { cidOf, cidText } from './cid.ts'

/** Largest file, bytes: a block that every IPFS implementation passes on. */
export const MAX_SOURCE_BYTES = 1_048_576

/** Gets the bytes that a CID names; undefined where they are not to be had. */
export type SourceFetch = (cid: string, options?: { readonly signal?: AbortSignal }) => Promise<Uint8Array | undefined>

/** Sources in a folder, a file a CID: what `zlib publish` writes. */
export function folderSources(folder: string): SourceFetch {
  return async (cid) => {
    if (!/^[a-z2-7]+$/.test(cid)) return undefined
    return await readFile(join(folder, cid)).catch(() => undefined)
  }
}

/** Sources behind an HTTP gateway (`https://…/ipfs/CID?format=raw`), such as that of rain-storage or of IPFS. */
export function gatewaySources(gateway: string, net: typeof globalThis.fetch = globalThis.fetch): SourceFetch {
  const base = gateway.replace(/\/+$/, '')
  return async (cid, { signal } = {}) => {
    const answer = await net(`${base}/ipfs/${cid}?format=raw`, signal ? { signal } : {})
    if (!answer.ok || !answer.body) return undefined
    const chunks: Uint8Array[] = []
    let size = 0
    for await (const chunk of answer.body) {
      size += chunk.length
      if (size > MAX_SOURCE_BYTES) return undefined
      chunks.push(chunk)
    }
    return Buffer.concat(chunks)
  }
}

/** The bytes of `cid`, checked. Errors: `ZLIB_SOURCES`. */
export async function fetchChecked(
  from: SourceFetch,
  cid: `0x${string}`,
  options: { readonly signal?: AbortSignal } = {},
): Promise<Uint8Array> {
  const text = cidText(cid)
  const content = await from(text, options)
  if (!content) throw new ZlibError('ZLIB_SOURCES', `${text} is not to be had`, { cid: text })
  if (content.length > MAX_SOURCE_BYTES || cidOf(content) !== cid)
    throw new ZlibError('ZLIB_SOURCES', `what came for ${text} is something else`, { cid: text })
  return content
}
