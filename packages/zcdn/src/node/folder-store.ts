/// <reference types="node" />
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ByteStore } from '../caching/stored-cache.ts'

/** A folder as a {@link ByteStore}: a file a key, written beside and renamed, so that a crash leaves the old bytes or the new. */
export async function openFolderStore(folder: string): Promise<ByteStore> {
  await mkdir(folder, { recursive: true })
  let temporary = 0
  const absent = (error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  for (const name of await readdir(folder)) if (name.startsWith('.tmp')) await rm(join(folder, name), { force: true })
  return {
    get: (key) => readFile(join(folder, key)).catch(absent),
    async put(key, bytes) {
      const beside = join(folder, `.tmp${process.pid}-${temporary++}`)
      await writeFile(beside, bytes)
      await rename(beside, join(folder, key))
    },
    delete: (key) => rm(join(folder, key), { force: true }),
    keys: async () => (await readdir(folder)).filter((name) => !name.startsWith('.tmp')),
  }
}
