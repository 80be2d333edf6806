import { blake2b } from '@noble/hashes/blake2.js'
import { blake3 } from '@noble/hashes/blake3.js'
import { sha256 } from '@noble/hashes/sha2.js'
import type { CID } from 'multiformats/cid'
import { CdnError } from '../errors.ts'

/** Multihash code of SHA2-256 (multicodec table): what IPFS adds files with by default. */
export const SHA2_256 = 0x12
/** Multihash code of BLAKE3 with 32 bytes (multicodec table). */
export const BLAKE3 = 0x1e
/** Multihash code of BLAKE2b with 32 bytes (multicodec table). */
export const BLAKE2B_256 = 0xb220

/** Computes the digest of a multihash code; may be asynchronous (WebCrypto). */
export type Hasher = (code: number, bytes: Uint8Array) => Uint8Array | Promise<Uint8Array>

/** SHA2-256, BLAKE2b-256 and BLAKE3 in plain JavaScript: everywhere the same, and synchronous, as simulations need. About a tenth of native speed. */
export const portableHasher: Hasher = (code, bytes) => {
  if (code === SHA2_256) return sha256(bytes)
  if (code === BLAKE2B_256) return blake2b(bytes, { dkLen: 32 })
  if (code === BLAKE3) return blake3(bytes)
  throw new CdnError('CDN_INVALID_ARGUMENT', `no hash function for multihash code 0x${code.toString(16)}`, { code })
}

/** SHA2-256 by WebCrypto (browsers, workers, Node), the rest as {@link portableHasher}. Needs a secure context in browsers. */
export const webHasher: Hasher = async (code, bytes) =>
  code === SHA2_256 && globalThis.crypto?.subtle
    ? new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>))
    : portableHasher(code, bytes)

/** True when `bytes` are what `cid` names. Synchronous when the hasher is. */
export function isBlock(cid: CID, bytes: Uint8Array, hasher: Hasher): boolean | Promise<boolean> {
  const same = (digest: Uint8Array) => {
    const expected = cid.multihash.digest
    return digest.length === expected.length && digest.every((byte, i) => byte === expected[i])
  }
  const digest = hasher(cid.multihash.code, bytes)
  return digest instanceof Uint8Array ? same(digest) : digest.then(same)
}
