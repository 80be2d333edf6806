import type { CID } from 'multiformats/cid'

/** A piece of an object: whole leaves, as bytes and by name, so that a source may answer by range or by block. */
export interface RangeRequest {
  readonly root: CID
  /** Bytes `start` to `end` (exclusive) of the object. */
  readonly start: number
  readonly end: number
  /** The leaves that make up the range. */
  readonly leaves: readonly CID[]
}

/**
 * The port to one place that has (part of) an object: an HTTP server, a peer, a store, a data channel. Nothing that it says is believed:
 * every leaf is checked against its CID.
 */
export interface Source {
  /** Unique within a download; shows in reports. */
  readonly id: string
  /** Requests at once. Default 3: the next answers begin while the last one ends, which hides round trips. */
  readonly parallel?: number
  /**
   * The bytes of the range in order, in chunks of any size. The consumer may stop early, by the signal or by leaving the loop.
   * Throws when it cannot answer.
   */
  read(request: RangeRequest, options: { signal: AbortSignal }): AsyncIterable<Uint8Array>
  /** One block of the object's DAG by CID, for those that can serve blocks. */
  block?(cid: CID, options: { signal?: AbortSignal }): Promise<Uint8Array>
}
