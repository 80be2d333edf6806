/**
 * Owners, readers and sharing. An owner's keys come from the wallet's seed; a share record wraps a file key for each reader (HPKE); taking a
 * reader off wraps anew for the rest, and `rotateKey` stores the file again under a new key, for what the reader may have kept.
 */
import * as dagCbor from '@ipld/dag-cbor'
import { CID } from 'multiformats/cid'
import { concat, sameBytes } from '../content/bytes.ts'
import { deriveKey } from '../crypto/hkdf.ts'
import { type KeyPair, keyPairOf, unwrap, wrapFor } from '../crypto/hpke.ts'
import { type CryptoPort, KEY_BYTES } from '../crypto/port.ts'
import { StorageError } from '../errors.ts'
import type { Capability } from './capability.ts'
import type { Vault } from './vault.ts'

/** Readers of one record; a group of more shares a key of its own. */
export const MAX_READERS = 1024
const RECORD_LABEL = 'zos/rain/share/1'

/** Keys of an owner or reader. */
export interface Identity extends KeyPair {
  /** seals what only the owner reads: the list of own files */
  readonly rootKey: Uint8Array
}

/** Keys from a wallet's secret (32 bytes or more, e.g. a BIP-39 seed or a signature over a fixed text). */
export async function identityFromSeed(crypto: CryptoPort, seed: Uint8Array): Promise<Identity> {
  if (seed.length < KEY_BYTES)
    throw new StorageError('STORAGE_INVALID_ARGUMENT', `A seed has at least ${KEY_BYTES} bytes`, {
      length: seed.length,
    })
  return {
    ...keyPairOf(await deriveKey(crypto, seed, 'zos/rain/reader/1')),
    rootKey: await deriveKey(crypto, seed, 'zos/rain/owner/1'),
  }
}

/** A record, decoded. */
export interface ShareRecord {
  readonly root: CID
  /** counts up with every change */
  readonly epoch: number
  readonly readers: readonly Uint8Array[]
}

function label(root: CID, epoch: number): Uint8Array {
  return concat([new TextEncoder().encode(`${RECORD_LABEL}/${epoch}/`), root.bytes])
}

/** Wraps the key of `capability` for `readers` (X25519 public keys; the owner's own belongs among them). */
export async function share(
  crypto: CryptoPort,
  capability: Capability,
  readers: readonly Uint8Array[],
  epoch = 0,
): Promise<Uint8Array> {
  if (readers.length > MAX_READERS)
    throw new StorageError('STORAGE_LIMIT', `A record has at most ${MAX_READERS} readers`, { readers: readers.length })
  const info = label(capability.root, epoch)
  const wraps = await Promise.all(
    readers.map(async (reader) => [reader, await wrapFor(crypto, reader, capability.key, info)]),
  )
  return dagCbor.encode({ zosShare: 1, root: capability.root, epoch, wraps })
}

/** Reads a record without opening it. @throws StorageError `STORAGE_MALFORMED` */
export function readShare(record: Uint8Array): ShareRecord {
  const { root, epoch, wraps } = decodeShare(record)
  return { root, epoch, readers: wraps.map(([reader]) => reader) }
}

/** The capability in a record, for one of its readers. @throws StorageError `STORAGE_FORBIDDEN` for anyone else */
export async function openShare(crypto: CryptoPort, record: Uint8Array, reader: KeyPair): Promise<Capability> {
  const { root, epoch, wraps } = decodeShare(record)
  const wrap = wraps.find(([key]) => sameBytes(key, reader.publicKey))
  if (wrap === undefined)
    throw new StorageError('STORAGE_FORBIDDEN', 'The file is not shared with this reader', { root: `${root}` })
  return { root, key: await unwrap(crypto, reader, wrap[1], label(root, epoch)) }
}

/** A new record without `revoked`. The file key stays: follow with {@link rotateKey} when the reader must not read it again. */
export async function revoke(
  crypto: CryptoPort,
  record: Uint8Array,
  owner: KeyPair,
  revoked: readonly Uint8Array[],
): Promise<Uint8Array> {
  const { epoch, readers } = readShare(record)
  const left = readers.filter((reader) => !revoked.some((gone) => sameBytes(gone, reader)))
  return share(crypto, await openShare(crypto, record, owner), left, epoch + 1)
}

/** Stores the file again under a new key and shares it with the record's readers. Cost: one get and one put of the file. */
export async function rotateKey(
  crypto: CryptoPort,
  vault: Vault,
  record: Uint8Array,
  owner: KeyPair,
  options: { signal?: AbortSignal } = {},
): Promise<Uint8Array> {
  const { epoch, readers } = readShare(record)
  const old = await openShare(crypto, record, owner)
  const { name, type } = await vault.facts(old, options)
  const fresh = await vault.put(vault.get(old, options), {
    ...options,
    ...(name === undefined ? {} : { name }),
    ...(type === undefined ? {} : { type }),
  })
  return share(crypto, fresh, readers, epoch + 1)
}

function decodeShare(record: Uint8Array): { root: CID; epoch: number; wraps: [Uint8Array, Uint8Array][] } {
  let value: Record<string, unknown>
  try {
    value = dagCbor.decode(record) as Record<string, unknown>
  } catch (cause) {
    throw new StorageError('STORAGE_MALFORMED', 'The share record is not DAG-CBOR', {}, { cause })
  }
  const root = CID.asCID(value?.root)
  const { zosShare, epoch, wraps } = value ?? {}
  const isWrap = (wrap: unknown) =>
    Array.isArray(wrap) && wrap.length === 2 && wrap.every((part) => part instanceof Uint8Array)
  if (
    zosShare !== 1 ||
    root === null ||
    !Number.isInteger(epoch) ||
    !Array.isArray(wraps) ||
    wraps.length > MAX_READERS ||
    !wraps.every(isWrap)
  ) {
    throw new StorageError('STORAGE_MALFORMED', 'The share record is broken')
  }
  return { root, epoch: epoch as number, wraps: wraps as [Uint8Array, Uint8Array][] }
}
