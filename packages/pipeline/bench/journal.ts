// Records of 200 bytes a second, durable: fdatasync before each acknowledgement, in groups of 1,000. Recovery is checked.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Journal } from '@zos/pipeline/journal'
import { folderStorage } from '@zos/pipeline/journal/node'
import { report } from './measure.ts'

const seconds = process.argv.includes('--quick') ? 3 : 10
const folder = await mkdtemp(join(tmpdir(), 'zos-bench-journal-'))
try {
  for (const size of [1000, 100, 1]) {
    const place = join(folder, `${size}`)
    const journal = await Journal.open(folderStorage(place))
    const group = Array.from({ length: size }, (_, i) => new Uint8Array(200).fill(i))
    const start = performance.now()
    const cpu = process.cpuUsage()
    let records = 0
    while (performance.now() - start < (seconds * 1000) / 3) {
      // Two groups under way, as a pipeline has: one is written while the other waits.
      await Promise.all([journal.appendMany(group), journal.appendMany(group)])
      records += 2 * size
    }
    const wall = (performance.now() - start) / 1000
    const { user, system } = process.cpuUsage(cpu)
    await journal.close()
    const again = await Journal.open(folderStorage(place))
    if (again.next !== BigInt(records)) throw new Error(`${again.next} records recovered, ${records} acknowledged`)
    await again.close()
    report('journal', size === 1000 ? 'records-s' : `records-s-group${size}`, records / wall, '1/s')
    if (size === 1000) report('journal', 'cpu-per-record', (user + system) / records, 'us')
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}
