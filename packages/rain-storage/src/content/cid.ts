/** Content identifiers: making them, and checking that bytes are what a CID names. */
import { blake2b } from '@noble/hashes/blake2.js'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import type { CryptoPort, MaybePromise } from '../crypto/port.ts'
import { StorageError } from '../errors.ts'
import { sameBytes } from './bytes.ts'

/** Multicodec codes of the codecs that the package speaks. */
export const codec = { raw: 0x55, dagPb: 0x70, dagCbor: 0x71, dagJson: 0x0129, cbor: 0x51, json: 0x0200 } as const

/** Multihash codes that blocks may be named by. */
export const hash = { identity: 0x00, sha256: 0x12, sha512: 0x13, blake3: 0x1e, blake2b256: 0xb220 } as const

/** Largest block that is stored. Bitswap peers refuse more than 2 MiB; shards of large segments may be larger. */
export const MAX_BLOCK_BYTES = 8 * 1024 * 1024

/** Longest digest in an identity CID, as UnixFS has it (ipfs/specs unixfs.md). */
export const MAX_IDENTITY_BYTES = 128

/** CIDv1 of a block under BLAKE3: what shards are named by, because the tree under that hash is what audits check. */
export function blake3Cid(crypto: CryptoPort, codecCode: number, bytes: Uint8Array): CID {
  return CID.createV1(codecCode, createDigest(hash.blake3, crypto.blake3.hash(bytes)))
}

/** CIDv1 of a block under SHA-256. */
export function blockCid(crypto: CryptoPort, codecCode: number, bytes: Uint8Array): MaybePromise<CID> {
  const digest = crypto.sha256(bytes)
  const wrap = (value: Uint8Array) => CID.createV1(codecCode, createDigest(hash.sha256, value))
  return digest instanceof Promise ? digest.then(wrap) : wrap(digest)
}

/** The digest of `bytes` under the hash function with this multihash code; `undefined` for one that is not in {@link hash}. */
export function digestOf(crypto: CryptoPort, code: number, bytes: Uint8Array): MaybePromise<Uint8Array> | undefined {
  switch (code) {
    case hash.sha256:
      return crypto.sha256(bytes)
    case hash.sha512:
      return crypto.sha512(bytes)
    case hash.blake2b256:
      return blake2b(bytes, { dkLen: 32 })
    case hash.blake3:
      return crypto.blake3.hash(bytes)
    case hash.identity:
      return bytes
    default:
      return undefined
  }
}

/**
 * True when `bytes` have the hash that `cid` names. Synchronous where the platform's hash is.
 * @throws StorageError `STORAGE_MALFORMED` for a hash function that is not in {@link hash}
 */
export function isBlockOf(crypto: CryptoPort, cid: CID, bytes: Uint8Array): MaybePromise<boolean> {
  const { code, digest } = cid.multihash
  const actual = digestOf(crypto, code, bytes)
  if (actual === undefined) {
    throw new StorageError('STORAGE_MALFORMED', `Hash function 0x${code.toString(16)} of ${cid} is not supported`, {
      cid: `${cid}`,
    })
  }
  return actual instanceof Promise ? actual.then((value) => sameBytes(value, digest)) : sameBytes(actual, digest)
}

/**
 * Gives `bytes` back when they are what `cid` names.
 * @throws StorageError `STORAGE_CORRUPT` when they are not
 */
export async function verifyBlock(crypto: CryptoPort, cid: CID, bytes: Uint8Array): Promise<Uint8Array> {
  if (await isBlockOf(crypto, cid, bytes)) return bytes
  throw new StorageError('STORAGE_CORRUPT', `The bytes of ${cid} do not have its hash`, { cid: `${cid}` })
}

/** The bytes inside an identity CID, or `undefined` for any other. Such blocks are never stored or fetched. */
export function identityBytes(cid: CID): Uint8Array | undefined {
  return cid.multihash.code === hash.identity ? cid.multihash.digest : undefined
}

/**
 * Parses the text form of a CID.
 * @throws StorageError `STORAGE_INVALID_ARGUMENT`
 */
export function parseCid(text: string): CID {
  try {
    return CID.parse(text)
  } catch (cause) {
    throw new StorageError('STORAGE_INVALID_ARGUMENT', `"${text.slice(0, 100)}" is not a CID`, { text }, { cause })
  }
}
