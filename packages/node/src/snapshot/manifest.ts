import { RLP } from '@ethereumjs/rlp'
import { bytesToBigInt, bytesToHex } from '@ethereumjs/util'
import { decodeBlock, encodeBlock, type StoredBlock } from '../chain/block-codec.ts'
import { NodeError } from '../errors.ts'
import { headerHash } from '../execution/header.ts'
import type { EpochStart } from '../ledger/epoch.ts'
import { decodeEpochStart, encodeEpochStart } from '../ledger/epoch-record.ts'
import { unitHash } from '../ledger/unit-hash.ts'
import type { Hash } from '../state/account.ts'

const VERSION = 1
/** Eight gigabytes of state: a manifest is then a megabyte. */
export const MAX_CHUNKS = 32_768
export const MAX_MANIFEST_BYTES = 1_150_000

/** What a snapshot says of itself: where the ledger goes on, the block whose state it holds, and the hash of every chunk. */
export interface SnapshotManifest {
  readonly genesisHash: Hash
  readonly start: EpochStart
  /** The block that the epoch's first unit made, without its transactions. */
  readonly block: StoredBlock
  /** BLAKE2b-256 of each chunk. */
  readonly chunks: readonly Hash[]
  /** Bytes of all chunks. */
  readonly bytes: number
}

export function encodeManifest({ genesisHash, start, block, chunks, bytes }: SnapshotManifest): Uint8Array {
  return RLP.encode([VERSION, genesisHash, encodeEpochStart(start), encodeBlock(block), [...chunks], bytes])
}

/** The same for the same state at the same block, whoever makes it. */
export function manifestId(manifest: SnapshotManifest): Hash {
  return bytesToHex(unitHash(encodeManifest(manifest)))
}

/** Reads a manifest and checks that its parts belong together and to the network. Throws `NODE_SNAPSHOT_INVALID`, `NODE_GENESIS_MISMATCH`. */
export function decodeManifest(encoded: Uint8Array, genesis: Hash): SnapshotManifest {
  const manifest = parse(encoded)
  const { genesisHash, start, block } = manifest
  if (genesisHash !== genesis)
    throw new NodeError(
      'NODE_GENESIS_MISMATCH',
      `the snapshot is of a network with genesis ${genesisHash}, not ${genesis}`,
      { theirs: genesisHash, mine: genesis },
    )
  if (block.hash !== headerHash(block.header)) throw invalid('the block does not have its hash')
  if (block.header.number !== start.block || block.leader !== start.unit.id || start.number < 1)
    throw invalid('the block is not the one that the epoch began with')
  return manifest
}

function parse(encoded: Uint8Array): SnapshotManifest {
  if (encoded.length > MAX_MANIFEST_BYTES) throw invalid(`the manifest has ${encoded.length} bytes`)
  try {
    const [version, genesisHash, start, block, chunks, bytes] = RLP.decode(encoded) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
      Uint8Array,
      Uint8Array[],
      Uint8Array,
    ]
    if (Number(bytesToBigInt(version)) !== VERSION) throw new Error(`version ${bytesToHex(version)}`)
    if (chunks.length > MAX_CHUNKS || chunks.some((chunk) => chunk.length !== 32)) throw new Error('its chunks')
    return {
      genesisHash: bytesToHex(genesisHash),
      start: decodeEpochStart(start),
      block: decodeBlock(block),
      chunks: chunks.map((chunk) => bytesToHex(chunk)),
      bytes: Number(bytesToBigInt(bytes)),
    }
  } catch (cause) {
    throw invalid(`the manifest cannot be read: ${(cause as Error).message}`)
  }
}

function invalid(reason: string): NodeError {
  return new NodeError('NODE_SNAPSHOT_INVALID', `the snapshot cannot be used: ${reason}`)
}
