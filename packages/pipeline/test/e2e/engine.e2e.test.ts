import { executeOptimistically, workerEngine } from '@zos/pipeline/bank'
import { nodeWorker } from '@zos/pipeline/node'
import { expect, test } from 'vitest'
import { random } from '../random.ts'
import { type Program, run } from './engine-program.ts'

test('on real worker threads, results equal the serial order at every rate of conflict, with wrong predictions', async () => {
  const { below, seed } = random()
  for (const size of [1, 2, 4]) {
    const engine = workerEngine<Program, number, number>({
      size,
      spawn: () => nodeWorker(new URL('engine-worker.ts', import.meta.url)),
      predict: (program) => (program.id % 5 === 0 ? { reads: ['k0'], writes: [] } : program),
    })
    for (const keys of [1, 12, 500]) {
      const some = () => Array.from({ length: below(4) }, () => `k${below(keys)}`)
      const programs = Array.from({ length: 80 }, (_, id) => ({
        id,
        reads: some(),
        writes: some(),
        indirect: below(2) === 0,
      }))
      const state = new Map<string, number>()
      const expected = programs.map((program) =>
        run(
          program,
          (key) => state.get(key),
          (key, value) => state.set(key, value),
        ),
      )
      const { results, writes } = await executeOptimistically(
        programs,
        engine,
        { get: () => undefined },
        { lanes: size },
      )
      expect(results, `seed ${seed}, ${size} workers, ${keys} keys`).toEqual(expected)
      expect(new Map([...writes].sort())).toEqual(new Map([...state].sort()))
    }
    const broken = { id: 666, reads: [], writes: [], indirect: false }
    await expect(executeOptimistically([broken], engine, { get: () => undefined })).rejects.toThrow('the machine broke')
    engine.close()
  }
})
