/** Where segments live. The file-system implementation is `@zos/pipeline/journal/node`. */
export interface JournalStorage {
  /** Names of all segments, in any order. */
  list(): Promise<string[]>
  /** A whole segment. */
  read(name: string): Promise<Uint8Array>
  /** An empty new segment; its name survives a crash once this resolves. */
  create(name: string): Promise<JournalFile>
  /** An existing segment, cut to `size` bytes durably, for appending. */
  reopen(name: string, size: number): Promise<JournalFile>
  remove(name: string): Promise<void>
}

/** The segment that is open for appending. {@link Journal} makes one call at a time; any rejection ends the journal. */
export interface JournalFile {
  /** Appends. Resolving promises nothing about durability. */
  write(bytes: Uint8Array): Promise<void>
  /** Resolves when everything written before the call survives a loss of power. */
  sync(): Promise<void>
  close(): Promise<void>
}
