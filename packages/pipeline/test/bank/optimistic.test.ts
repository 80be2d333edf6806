import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type Access,
  conflictGroups,
  type ExecutionEngine,
  executeOptimistically,
  waves,
} from '../../src/bank/index.ts'

const seed = Number(process.env.ZOS_SEED ?? 20_261_123)

/** Reads some keys, then writes a mix of all that it read to others: any wrong or stale read changes every later result. */
interface Program {
  readonly id: number
  readonly reads: readonly string[]
  readonly writes: readonly string[]
  /** Which key is read next depends on what was read: nothing declared can foresee it. */
  readonly indirect: boolean
  readonly delay: number
  readonly lie: boolean
}

const run = (
  program: Program,
  read: (key: string) => number | undefined,
  write: (key: string, value: number) => void,
) => {
  let sum = program.id
  for (const key of program.reads) sum = (sum * 31 + (read(key) ?? 7)) | 0
  if (program.indirect) sum = (sum * 31 + (read(`k${Math.abs(sum) % 12}`) ?? 7)) | 0
  for (const key of program.writes) {
    sum = (sum * 17 + 1) | 0
    write(key, sum)
  }
  return sum
}

function serially(programs: readonly Program[]) {
  const state = new Map<string, number | undefined>()
  const results = programs.map((program) =>
    run(
      program,
      (key) => state.get(key),
      (key, value) => state.set(key, value),
    ),
  )
  return { results, state }
}

const engine = (predicts: boolean): ExecutionEngine<Program, number, number> => ({
  async execute(program, state) {
    // Reads before and after a pause, so that others commit in between.
    for (const key of program.reads.slice(0, 1)) state.read(key)
    for (let i = 0; i < program.delay; i++) await undefined
    return run(
      program,
      (key) => state.read(key),
      (key, value) => state.write(key, value),
    )
  },
  ...(predicts && { predict: (program: Program): Access => (program.lie ? { reads: [], writes: ['k0'] } : program) }),
})

const programs = (keys: number) => {
  const key = fc.nat(keys - 1).map((n) => `k${n}`)
  const some = fc.array(key, { maxLength: 4 })
  return fc
    .array(fc.record({ reads: some, writes: some, indirect: fc.boolean(), delay: fc.nat(9), lie: fc.boolean() }), {
      maxLength: 40,
    })
    .map((list) => list.map((program, id) => ({ id, ...program })))
}

test('results and state equal the serial order, from no conflicts to nothing but, on 1 to 8 lanes, with wrong predictions', async () => {
  for (const keys of [1, 3, 12, 400])
    await fc.assert(
      fc.asyncProperty(programs(keys), fc.integer({ min: 1, max: 8 }), fc.boolean(), async (list, lanes, predicts) => {
        const expected = serially(list)
        const { results, writes } = await executeOptimistically(
          list,
          engine(predicts),
          { get: () => undefined },
          { lanes },
        )
        expect(results).toEqual(expected.results)
        expect(new Map([...writes].sort())).toEqual(new Map([...expected.state].sort()))
      }),
      { seed, numRuns: 150 },
    )
})

test('without conflicts nothing runs twice; right predictions avoid repetition where conflicts are certain', async () => {
  const apart = Array.from({ length: 50 }, (_, id) => ({
    id,
    reads: [`r${id}`],
    writes: [`w${id}`],
    indirect: false,
    delay: 3,
    lie: false,
  }))
  expect((await executeOptimistically(apart, engine(false), { get: () => 1 }, { lanes: 8 })).repeated).toBe(0)
  const same = apart.map((program) => ({ ...program, reads: ['hot'], writes: ['hot'] }))
  expect((await executeOptimistically(same, engine(false), { get: () => 1 }, { lanes: 8 })).repeated).toBeGreaterThan(
    10,
  )
  expect((await executeOptimistically(same, engine(true), { get: () => 1 }, { lanes: 8 })).repeated).toBe(0)
})

test('deletions, own writes, failures on stale state, true failures, cancellation', async () => {
  const steps: ExecutionEngine<string, number, unknown> = {
    async execute(step, state) {
      if (step === 'delete') state.write('a', undefined)
      if (step === 'own') {
        state.write('b', 5)
        return state.read('b')
      }
      if (step === 'needs-deletion') {
        const a = state.read('a')
        await undefined
        if (a !== undefined) throw new Error('a still exists')
      }
      if (step === 'fail') throw new Error('broken')
      return state.read('a')
    },
  }
  const base = { get: (key: string) => (key === 'a' ? 1 : undefined) }
  const { results, writes } = await executeOptimistically(
    ['read', 'delete', 'needs-deletion', 'own', 'read'],
    steps,
    base,
  )
  expect(results).toEqual([1, undefined, undefined, 5, undefined])
  expect([...writes]).toEqual([
    ['a', undefined],
    ['b', 5],
  ])
  await expect(executeOptimistically(['own', 'fail', 'own'], steps, base)).rejects.toThrow('broken')
  await expect(
    executeOptimistically(['own'], steps, base, { signal: AbortSignal.abort(new Error('stop')) }),
  ).rejects.toThrow('stop')
  await expect(executeOptimistically(['own'], steps, base, { lanes: 0 })).rejects.toMatchObject({
    code: 'PIPELINE_INVALID_ARGUMENT',
  })
})

test('waves and groups keep the order of whatever conflicts, and run in any order to the serial result', () => {
  fc.assert(
    fc.property(programs(10), (all) => {
      const list = all.map((program) => ({ ...program, indirect: false }))
      const expected = serially(list)
      for (const order of [
        waves(list).flatMap((wave) => wave.toReversed()),
        conflictGroups(list).toReversed().flat(),
      ]) {
        expect([...order].sort((a, b) => a - b)).toEqual(list.map((_, i) => i))
        const again = serially(order.map((i) => list[i]!))
        expect(order.map((i) => expected.results[i])).toEqual(again.results)
        expect(new Map([...again.state].sort())).toEqual(new Map([...expected.state].sort()))
      }
    }),
    { seed, numRuns: 300 },
  )
})
