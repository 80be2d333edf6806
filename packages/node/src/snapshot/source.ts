import type { SnapshotManifest } from './manifest.ts'

/** Where a snapshot comes from: a running node, a file, or peers. */
export interface SnapshotSource {
  readonly manifest: SnapshotManifest
  /** Bytes of a chunk as the source has them: the reader checks its hash. Throws when it has them no more. */
  chunk(index: number, options?: { signal?: AbortSignal }): Promise<Uint8Array>
  /** The checkpoint of an epoch with its certificate, as it lies in a node's store. */
  record(epoch: number, options?: { signal?: AbortSignal }): Promise<Uint8Array | undefined>
}

export interface SnapshotProgress {
  readonly chunks: number
  readonly chunksDone: number
  readonly bytesDone: number
  readonly bytes: number
}

export interface SnapshotOptions {
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: SnapshotProgress) => void
}
