/// <reference types="node" />
import { type FileHandle, open } from 'node:fs/promises'
import { Cache } from '../caching/cache.ts'
import type { CacheStats } from '../caching/engine.ts'
import { CdnError } from '../errors.ts'

/** The unit that is read from disk and kept. */
const CHUNK_BYTES = 1 << 18

/** Reads of files that do not change, with what is asked for often kept in memory, {@link CHUNK_BYTES} at a time. */
export class HotFiles {
  private readonly cache: Cache<string, Uint8Array>

  /** @param memoryBytes - At most so much is kept; positive. */
  constructor(memoryBytes: number) {
    this.cache = new Cache({ capacityBytes: memoryBytes })
  }

  stats(): CacheStats {
    return this.cache.stats()
  }

  /**
   * Bytes `start` to `end` (exclusive) of a file of `size` bytes.
   * @throws CdnError `CDN_SOURCE_FAILED` when the file has become shorter; else what the file system says
   */
  async *read(path: string, size: number, start: number, end: number): AsyncGenerator<Uint8Array> {
    let file: FileHandle | undefined
    try {
      for (let at = start - (start % CHUNK_BYTES); at < end; at += CHUNK_BYTES) {
        const key = `${at}:${path}`
        let chunk = this.cache.get(key)
        if (!chunk) {
          file ??= await open(path)
          chunk = await readChunk(file, at, Math.min(CHUNK_BYTES, size - at))
          this.cache.set(key, chunk, chunk.length)
        }
        yield chunk.subarray(Math.max(0, start - at), Math.min(chunk.length, end - at))
      }
    } finally {
      await file?.close()
    }
  }
}

async function readChunk(file: FileHandle, position: number, length: number): Promise<Uint8Array> {
  // A Buffer, as sockets take: any other view would be wrapped for each answer.
  const bytes = Buffer.allocUnsafeSlow(length)
  for (let done = 0; done < length; ) {
    const { bytesRead } = await file.read(bytes, done, length - done, position + done)
    if (bytesRead === 0)
      throw new CdnError('CDN_SOURCE_FAILED', 'the file has become shorter while it was served', { position, length })
    done += bytesRead
  }
  return bytes
}
