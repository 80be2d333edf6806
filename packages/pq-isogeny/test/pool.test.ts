import { describe, expect, it } from 'vitest'
import { isIsogenyError } from '../src/errors.ts'
import { createVerifyPool, type PoolWorker } from '../src/pool.ts'
import { answer, type PoolRequest, serve } from '../src/worker.ts'
import { knownAnswers } from './kat.ts'

const [v] = knownAnswers('p324_3')
const good = { signature: v!.signature, message: v!.message, publicKey: v!.publicKey }
const bad = { ...good, message: Uint8Array.of(1) }

/** A worker in this thread: the protocol without the platform. */
function inProcessWorker(behave: 'well' | 'fail' | 'silent' = 'well'): PoolWorker {
  const listeners: Record<string, ((value: unknown) => void)[]> = { message: [], error: [] }
  const emit = (event: string, value: unknown): void => {
    for (const l of listeners[event]!) l(value)
  }
  return {
    postMessage: (request) =>
      queueMicrotask(() => {
        if (behave === 'well') emit('message', answer(request as PoolRequest))
        if (behave === 'fail') emit('error', new Error('crashed'))
      }),
    terminate: () => undefined,
    on: (event, listener) => listeners[event]?.push(listener),
  }
}

describe('the pool', () => {
  it('keeps the order over several workers and reports progress', async () => {
    const pool = createVerifyPool({ size: 2, createWorker: () => inProcessWorker(), batchSize: 2 })
    const seen: number[] = []
    const items = [good, bad, good, bad, bad]
    expect(await pool.verify(1, items, { onProgress: (done) => seen.push(done) })).toEqual([
      true,
      false,
      true,
      false,
      false,
    ])
    expect(seen.at(-1)).toBe(5)
    expect(await pool.verify(1, [])).toEqual([])
    await pool.close()
    await expect(pool.verify(1, items)).rejects.toThrow(/closed/)
  })

  it('speaks to workers with addEventListener too', async () => {
    const pool = createVerifyPool({
      size: 1,
      createWorker: () => {
        const toWorker: ((e: { data: unknown }) => void)[] = []
        const toMain: ((e: { data: unknown }) => void)[] = []
        serve({
          postMessage: (m) => queueMicrotask(() => toMain.forEach((l) => void l({ data: m }))),
          addEventListener: (_, l) => toWorker.push(l),
        })
        return {
          postMessage: (m) => queueMicrotask(() => toWorker.forEach((l) => void l({ data: m }))),
          terminate: () => undefined,
          addEventListener: (event, l) => (event === 'message' ? toMain.push(l) : 0),
        }
      },
    })
    expect(await pool.verify(1, [good, bad])).toEqual([true, false])
    await pool.close()
  })

  it('a crash rejects with a code, and so does a refused batch', async () => {
    const crashed = createVerifyPool({ size: 1, createWorker: () => inProcessWorker('fail') })
    await expect(crashed.verify(1, [good])).rejects.toSatisfy((e) => isIsogenyError(e, 'ISOGENY_POOL'))
    const pool = createVerifyPool({ size: 1, createWorker: () => inProcessWorker() })
    await expect(pool.verify(1, [{ ...good, message: 7 as never }])).rejects.toSatisfy((e) =>
      isIsogenyError(e, 'ISOGENY_POOL'),
    )
    expect(() => createVerifyPool({ size: 0, createWorker: () => inProcessWorker() })).toThrow(/positive/)
  })

  it('a signal ends the wait', async () => {
    const pool = createVerifyPool({ size: 1, createWorker: () => inProcessWorker('silent') })
    const controller = new AbortController()
    const pending = pool.verify(1, [good, bad], { signal: controller.signal })
    controller.abort(new Error('enough'))
    await expect(pending).rejects.toThrow('enough')
    await expect(pool.verify(1, [good], { signal: controller.signal })).rejects.toThrow('enough')
    await pool.close()
  })
})
