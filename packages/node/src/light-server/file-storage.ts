import { open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { LightStorage } from '../light/storage.ts'
import { makeDirectory } from '../store/directory.ts'

/** Keeps what a light node has verified in `folder`, a file a key, each written whole. */
export function fileStorage(folder: string): LightStorage {
  makeDirectory(folder)
  const pathOf = (key: string) => join(folder, `${encodeURIComponent(key)}.light`)
  return {
    async get(key) {
      return readFile(pathOf(key)).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined
        throw error
      })
    },
    async set(key, value) {
      const path = pathOf(key)
      const file = await open(`${path}.new`, 'w')
      try {
        await file.writeFile(value)
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(`${path}.new`, path)
    },
  }
}
