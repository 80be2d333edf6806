import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CacheStore } from './cached-solc.ts'

/**
 * A folder with a file for each answer, which keeps itself out of git. A file appears whole or not at all, also when two builds write it. The
 * folder may be deleted at any time; nothing else removes what is in it.
 */
export function diskStore(folder: string): CacheStore {
  const file = (key: string) => join(folder, `${key}.json`)
  let made = false
  return {
    read(key) {
      try {
        return readFileSync(file(key), 'utf8')
      } catch {
        return undefined
      }
    },
    write(key, value) {
      if (!made) {
        mkdirSync(folder, { recursive: true })
        writeFileSync(join(folder, '.gitignore'), '*\n')
        made = true
      }
      const draft = `${file(key)}.${process.pid}.draft`
      writeFileSync(draft, value)
      renameSync(draft, file(key))
    },
  }
}
