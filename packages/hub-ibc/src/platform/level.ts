import { ClassicLevel } from 'classic-level'
import type { NodeDatabase } from '../iavl/store.ts'

/** A {@link NodeDatabase} in a folder, with `close`. */
export interface LevelDatabase extends NodeDatabase {
  close(): Promise<void>
}

/** Opens (or makes) the classic-level database in `folder`. Every write is one synced batch. Node only. */
export async function openLevelDatabase(folder: string): Promise<LevelDatabase> {
  const level = new ClassicLevel<Uint8Array, Uint8Array>(folder, { keyEncoding: 'view', valueEncoding: 'view' })
  await level.open()
  return {
    get: (key) => level.getSync(key),
    write: (puts, deletes) =>
      level.batch(
        [
          ...deletes.map((key) => ({ type: 'del' as const, key })),
          ...puts.map(([key, value]) => ({ type: 'put' as const, key, value })),
        ],
        { sync: true },
      ),
    close: () => level.close(),
  }
}
