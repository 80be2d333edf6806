/// <reference types="node" />
import { open } from 'node:fs/promises'
import type { Sink } from '../download/download.ts'

/** A file as a {@link Sink}: leaves land where they belong, and what is there already can be resumed from. */
export async function openFileSink(
  path: string,
): Promise<Sink & { close(): Promise<void>; truncate(size: number): Promise<void> }> {
  const file = await open(path, 'a+').then(async (touched) => {
    await touched.close()
    return open(path, 'r+')
  })
  return {
    async write(offset, bytes) {
      for (let at = 0; at < bytes.length; ) {
        at += (await file.write(bytes, at, bytes.length - at, offset + at)).bytesWritten
      }
    },
    async read(offset, length) {
      const bytes = new Uint8Array(length)
      const { bytesRead } = await file.read(bytes, 0, length, offset)
      return bytes.subarray(0, bytesRead)
    },
    truncate: (size) => file.truncate(size),
    close: () => file.close(),
  }
}
