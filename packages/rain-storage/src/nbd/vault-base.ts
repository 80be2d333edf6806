/** A disk image that lies in a vault, encrypted and erasure-coded, as the base of an overlay: a machine boots from any k of n nodes. */
import { concat } from '../content/bytes.ts'
import type { Capability } from '../rain/capability.ts'
import type { Vault } from '../rain/vault.ts'
import type { ImageBase } from './image.ts'

/** Opened segments kept in memory. */
const CACHED_SEGMENTS = 16

/** Reads the file of `capability` by whole segments, the unit in which a vault decodes. */
export async function createVaultBase(
  vault: Vault,
  capability: Capability,
): Promise<ImageBase & { readonly size: number }> {
  const [{ size }, { segmentBytes }] = await Promise.all([vault.facts(capability), vault.layout(capability.root)])
  const segments = new Map<number, Promise<Uint8Array>>()
  const segmentAt = (index: number): Promise<Uint8Array> => {
    const known = segments.get(index)
    segments.delete(index)
    const segment = known ?? load(index)
    segments.set(index, segment)
    if (segments.size > CACHED_SEGMENTS) segments.delete(segments.keys().next().value!)
    // A failed read is tried again the next time.
    segment.catch(() => segments.delete(index))
    return segment
  }
  async function load(index: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = [new Uint8Array(0)]
    for await (const part of vault.get(capability, { offset: index * segmentBytes, length: segmentBytes }))
      parts.push(part)
    return concat(parts)
  }
  return {
    size,
    async read(offset, length) {
      const end = Math.min(offset + length, size)
      const parts: Uint8Array[] = [new Uint8Array(0)]
      for (let at = offset; at < end; ) {
        const index = Math.floor(at / segmentBytes)
        const segment = await segmentAt(index)
        const part = segment.subarray(at - index * segmentBytes, end - index * segmentBytes)
        parts.push(part)
        at += part.length
      }
      return concat(parts)
    },
  }
}
