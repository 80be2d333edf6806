import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createMemoryBlockStore } from '../../src/blocks/memory.ts'
import type { BlockStore } from '../../src/blocks/store.ts'
import { openFileStore } from '../../src/platform/file-store.ts'
import { openLevelStore } from '../../src/platform/level-store.ts'
import { openPackStore } from '../../src/platform/pack/pack-store.ts'
import { blockStoreSuite } from './suite.ts'

const inFolder = (open: (folder: string) => Promise<BlockStore>) => async () => {
  const folder = await mkdtemp(join(tmpdir(), 'zos-blocks-'))
  return { store: await open(folder), reopen: () => open(folder), end: () => rm(folder, { recursive: true }) }
}

blockStoreSuite('the memory block store', async () => ({ store: createMemoryBlockStore() }))
blockStoreSuite(
  'the file block store',
  inFolder((folder) => openFileStore(folder)),
)
blockStoreSuite(
  'the LevelDB block store',
  inFolder((folder) => openLevelStore(folder)),
)
blockStoreSuite(
  'the pack store',
  inFolder((folder) => openPackStore(folder)),
)
blockStoreSuite(
  'the pack store with tiny packs',
  inFolder((folder) => openPackStore(folder, { packBytes: 100 })),
)
