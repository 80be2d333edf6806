/** The key-value port on LevelDB (`classic-level`): Node, Bun and other runtimes with native add-ons. */
import { ClassicLevel } from 'classic-level'
import type { KeyValueStore } from './key-value.ts'

/** LevelDB hands out Buffers, whose `slice` shares memory: callers get plain arrays. */
function plain(value: Uint8Array): Uint8Array {
  return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
}

/** Opens or creates a database in a folder; one process at a time. Writes are synced to disk before they resolve. */
export async function openLevelKeyValue(folder: string): Promise<KeyValueStore> {
  const db = new ClassicLevel<Uint8Array, Uint8Array>(folder, { keyEncoding: 'view', valueEncoding: 'view' })
  await db.open()
  return {
    get: async (key) => {
      const value = await db.get(key)
      return value && plain(value)
    },
    write: async (changes) => {
      const operations = changes.map(({ key, value }) =>
        value === undefined ? ({ type: 'del', key } as const) : ({ type: 'put', key, value } as const),
      )
      await db.batch(operations, { sync: true })
    },
    async *range(from, to) {
      for await (const [key, value] of db.iterator({ gte: from, lt: to })) yield [plain(key), plain(value)] as const
    },
    close: () => db.close(),
  }
}
