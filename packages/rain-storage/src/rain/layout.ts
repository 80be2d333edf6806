/**
 * The layout of a stored file: which shards make which segment. It names ciphertext only, so that any node can audit and repair without a
 * key; size, name and type of the file are sealed inside.
 */
import * as dagCbor from '@ipld/dag-cbor'
import { CID } from 'multiformats/cid'
import { hash } from '../content/cid.ts'
import { type Construction, MAX_SHARDS } from '../erasure/code.ts'
import { MAX_SEGMENT_BYTES } from '../erasure/segment.ts'
import { StorageError } from '../errors.ts'

/** A segment of a layout. */
export interface LayoutSegment {
  /** bytes of ciphertext, tag included */
  readonly length: number
  /** the n shards in order */
  readonly shards: readonly CID[]
  /** Merkle roots of the shards, 32 bytes each, joined; none under `blake3`, where the CID holds the root */
  readonly roots?: Uint8Array
}

/** What shards are named by. `blake3` is a tree: one pass names a shard and commits to its leaves. */
export type ShardHash = 'blake3' | 'sha2-256'

/** What the version of a layout says about its shards. New files have the last; all are read and repaired. */
const VERSIONS: ReadonlyMap<unknown, { readonly construction: Construction; readonly shardHash: ShardHash }> = new Map([
  [1, { construction: 'cauchy', shardHash: 'sha2-256' }],
  [2, { construction: 'transform', shardHash: 'sha2-256' }],
  [3, { construction: 'transform', shardHash: 'blake3' }],
])

/** A decoded layout. */
export interface Layout {
  readonly construction: Construction
  readonly shardHash: ShardHash
  readonly dataShards: number
  readonly totalShards: number
  /** bytes of plaintext in a segment */
  readonly segmentBytes: number
  readonly segments: readonly LayoutSegment[]
  /** sealed {@link FileFacts} */
  readonly facts: Uint8Array
}

/** What only key holders see. */
export interface FileFacts {
  /** bytes before padding */
  readonly size: number
  readonly name?: string
  readonly type?: string
}

/**
 * The version of layouts with this construction and this hash.
 * @throws StorageError `STORAGE_INVALID_ARGUMENT` when there is none
 */
export function layoutVersion(construction: Construction, shardHash: ShardHash): number {
  for (const [version, about] of VERSIONS)
    if (about.construction === construction && about.shardHash === shardHash) return version as number
  throw new StorageError('STORAGE_INVALID_ARGUMENT', `No layout has ${construction} shards named by ${shardHash}`, {
    construction,
    shardHash,
  })
}

/** Encodes a layout as DAG-CBOR; the links make it an IPLD node like any other. @throws as {@link layoutVersion} */
export function encodeLayout(layout: Layout): Uint8Array {
  return dagCbor.encode({
    zosRain: layoutVersion(layout.construction, layout.shardHash),
    k: layout.dataShards,
    n: layout.totalShards,
    segmentBytes: layout.segmentBytes,
    segments: layout.segments.map(({ length, shards, roots }) => ({
      length,
      shards: [...shards],
      ...(roots === undefined ? {} : { roots }),
    })),
    facts: layout.facts,
  })
}

/**
 * Decodes and checks a layout.
 * @throws StorageError `STORAGE_MALFORMED`
 */
export function decodeLayout(bytes: Uint8Array): Layout {
  let value: Record<string, unknown>
  try {
    value = dagCbor.decode(bytes) as Record<string, unknown>
  } catch (cause) {
    throw new StorageError('STORAGE_MALFORMED', 'The layout is not DAG-CBOR', {}, { cause })
  }
  const { zosRain, k, n, segmentBytes, segments, facts } = value ?? {}
  const whole = (x: unknown, low: number, high: number): x is number =>
    Number.isInteger(x) && (x as number) >= low && (x as number) <= high
  const version = VERSIONS.get(zosRain)
  if (
    version === undefined ||
    !whole(k, 1, MAX_SHARDS) ||
    !whole(n, k, MAX_SHARDS) ||
    !whole(segmentBytes, 1, MAX_SEGMENT_BYTES) ||
    !Array.isArray(segments) ||
    !(facts instanceof Uint8Array)
  ) {
    throw malformed('a field is missing or out of range')
  }
  const checked = segments.map((segment: Record<string, unknown>): LayoutSegment => {
    const { length, shards, roots } = segment ?? {}
    if (!whole(length, 1, MAX_SEGMENT_BYTES) || !Array.isArray(shards) || shards.length !== n) {
      throw malformed('a segment is broken')
    }
    const cids = shards.map((shard) => CID.asCID(shard))
    const code = version.shardHash === 'blake3' ? hash.blake3 : hash.sha256
    if (!cids.every((cid) => cid?.multihash.code === code && cid.multihash.digest.length === 32))
      throw malformed(`a shard is not the CID of a ${version.shardHash}`)
    if (version.shardHash === 'blake3') return { length, shards: cids as CID[] }
    if (!(roots instanceof Uint8Array) || roots.length !== 32 * n) throw malformed('the Merkle roots are missing')
    return { length, shards: cids as CID[], roots }
  })
  return { ...version, dataShards: k, totalShards: n, segmentBytes, segments: checked, facts }
}

function malformed(what: string): StorageError {
  return new StorageError('STORAGE_MALFORMED', `Broken layout: ${what}`)
}
