/** Batched inserts into a growing IAVL tree, hashes included. No peer on npm writes the format. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { IavlTree, openIavlStore } from '@zos/hub-ibc/iavl'
import { openLevelDatabase } from '@zos/hub-ibc/level'
import { best, cpuMs, print } from './metric.ts'

const quick = process.argv.includes('--quick')
const COUNT = quick ? 50_000 : 200_000
const BATCH = 10_000
const text = new TextEncoder()
const keys = Array.from({ length: COUNT }, (_, i) =>
  text.encode(`commitments/ports/transfer/channels/channel-0/sequences/${(i * 7919) % COUNT}`),
)
const value = new Uint8Array(32).fill(5)

const [ms] = best(3, () =>
  cpuMs(() => {
    const tree = new IavlTree()
    for (let i = 0; i < COUNT; i++) {
      tree.set(keys[i]!, value)
      if ((i + 1) % BATCH === 0) tree.prune(tree.commit().version - 1)
    }
    if (tree.size !== COUNT) throw new Error('keys are missing')
  }),
) as [number]
print('iavl', 'inserts', COUNT / (ms / 1000), 'inserts/s')

const folder = mkdtempSync(join(tmpdir(), 'zos-bench-'))
try {
  const database = await openLevelDatabase(folder)
  const store = openIavlStore({ database })
  const start = process.cpuUsage()
  for (let i = 0; i < COUNT; i++) {
    store.tree.set(keys[i]!, value)
    if ((i + 1) % BATCH === 0) {
      const { version } = await store.commit()
      if (version > 1) await store.prune(version - 1)
    }
  }
  const used = process.cpuUsage(start)
  print('iavl', 'inserts-durable', COUNT / ((used.user + used.system) / 1e6), 'inserts/s')
  await database.close()
} finally {
  rmSync(folder, { recursive: true })
}
