/// <reference types="node" />
import { ClassicLevel } from 'classic-level'
import { StorageError } from '../errors.ts'
import type { ObjectIndex } from '../s3/object-index.ts'

/** Names of objects in LevelDB; batches are atomic and synced. @throws StorageError `STORAGE_LOCKED` while another process has it open */
export async function openLevelIndex(folder: string): Promise<ObjectIndex> {
  const level = new ClassicLevel<string, Uint8Array>(folder, { keyEncoding: 'utf8', valueEncoding: 'view' })
  try {
    await level.open()
  } catch (cause) {
    throw new StorageError('STORAGE_LOCKED', `${folder} cannot be opened`, { folder }, { cause })
  }
  return {
    get: (key) => level.get(key),
    async write(changes) {
      const batch = changes.map(([key, value]) =>
        value === undefined ? { type: 'del' as const, key } : { type: 'put' as const, key, value },
      )
      await level.batch(batch, { sync: true })
    },
    async *list(from, to) {
      for await (const [key, value] of level.iterator({ gte: from, lt: to })) yield [key, value] as const
    },
    close: () => level.close(),
  }
}
