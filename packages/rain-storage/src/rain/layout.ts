/**
 * The layout of a stored file: which shards make which segment. It names ciphertext only, so that any node can audit and repair without a
 * key; size, name and type of the file are sealed inside.
 */
import * as dagCbor from '@ipld/dag-cbor'
import { CID } from 'multiformats/cid'
import { type Construction, MAX_SHARDS } from '../erasure/code.ts'
import { MAX_SEGMENT_BYTES } from '../erasure/segment.ts'
import { StorageError } from '../errors.ts'

/** A segment of a layout. */
export interface LayoutSegment {
  /** bytes of ciphertext, tag included */
  readonly length: number
  /** the n shards in order */
  readonly shards: readonly CID[]
  /** Merkle roots of the shards, 32 bytes each, joined */
  readonly roots: Uint8Array
}

/** What the version of a layout says about the code of its shards. */
const CONSTRUCTIONS = new Map<unknown, Construction>([
  [1, 'cauchy'],
  [2, 'transform'],
])

/** A decoded layout. */
export interface Layout {
  readonly construction: Construction
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

/** Encodes a layout as DAG-CBOR; the links make it an IPLD node like any other. */
export function encodeLayout(layout: Layout): Uint8Array {
  return dagCbor.encode({
    zosRain: layout.construction === 'cauchy' ? 1 : 2,
    k: layout.dataShards,
    n: layout.totalShards,
    segmentBytes: layout.segmentBytes,
    segments: layout.segments.map(({ length, shards, roots }) => ({ length, shards: [...shards], roots })),
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
  const construction = CONSTRUCTIONS.get(zosRain)
  if (
    construction === undefined ||
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
    if (
      !whole(length, 1, MAX_SEGMENT_BYTES) ||
      !Array.isArray(shards) ||
      shards.length !== n ||
      !(roots instanceof Uint8Array) ||
      roots.length !== 32 * n
    ) {
      throw malformed('a segment is broken')
    }
    const cids = shards.map((shard) => CID.asCID(shard))
    if (cids.some((cid) => cid === null)) throw malformed('a shard is not a CID')
    return { length, shards: cids as CID[], roots }
  })
  return { construction, dataShards: k, totalShards: n, segmentBytes, segments: checked, facts }
}

function malformed(what: string): StorageError {
  return new StorageError('STORAGE_MALFORMED', `Broken layout: ${what}`)
}
