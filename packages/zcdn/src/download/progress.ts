/** What one source did so far. */
export interface SourceReport {
  id: string
  /** Verified bytes that were used. */
  bytes: number
  /** Bytes that another source had delivered first, or that were thrown away with an unfinished leaf. */
  wastedBytes: number
  requests: number
  failures: number
  /** Estimated rate and time to the first byte. */
  bytesPerSecond: number
  latencyMs: number
  /** Why it is no longer asked; absent while it is. */
  dropped?: 'lied' | 'stalled' | 'failed'
}

/** How far a download is. */
export interface DownloadProgress {
  bytesDone: number
  bytesTotal: number
  elapsedMs: number
  bytesPerSecond: number
  sources: SourceReport[]
}

/** One verified leaf, and who sent it. */
export interface LeafEvent {
  index: number
  start: number
  end: number
  source: string
  atMs: number
}
