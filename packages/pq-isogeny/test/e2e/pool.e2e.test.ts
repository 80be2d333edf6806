import { Worker } from 'node:worker_threads'
import { expect, it } from 'vitest'
import { createVerifyPool } from '../../src/pool.ts'
import { knownAnswers } from '../kat.ts'

it('real worker threads verify known answers of all levels', async () => {
  const pool = createVerifyPool({
    size: 2,
    createWorker: () => new Worker(new URL('../../src/worker.ts', import.meta.url)),
  })
  try {
    for (const [level, name] of [
      [1, 'p324_3'],
      [3, 'p500_27'],
      [5, 'p664_17'],
    ] as const) {
      const items = knownAnswers(name).slice(0, 6)
      const broken = items.map((v, j) => (j % 2 ? { ...v, message: Uint8Array.of(j) } : v))
      expect(await pool.verify(level, broken)).toEqual([true, false, true, false, true, false])
    }
  } finally {
    await pool.close()
  }
})
