import { expect, test } from 'vitest'
import {
  isPipelineError,
  manualTimers,
  type Outcome,
  pipeline,
  reject,
  type StageContext,
  serveStage,
  type WorkerLike,
  workerStage,
} from '../../src/index.ts'
import { random } from '../random.ts'

/** A worker on this thread: messages arrive later, `crash()` ends it as a thread would. */
function fakeWorker(handle: (message: unknown) => unknown, delays: () => number): WorkerLike & { crash(): void } {
  let toMain: (message: unknown) => void = () => {}
  let exit: (reason: unknown) => void = () => {}
  let alive = true
  let toWorker: (message: unknown) => void = () => {}
  const later = (run: () => void) => setTimeout(() => alive && run(), delays())
  serveStage(
    {
      postMessage: (message) => void later(() => toMain(message)),
      onMessage: (listener) => {
        toWorker = listener
      },
    },
    async (message) => ({ message: await handle(message) }),
  )
  const end = (reason: string) => {
    if (!alive) return
    alive = false
    setTimeout(() => exit(new Error(reason)), 0)
  }
  return {
    postMessage: (message) => void later(() => toWorker(structuredClone(message))),
    onMessage: (listener) => {
      toMain = listener
    },
    onExit: (listener) => {
      exit = listener
    },
    terminate: () => end('terminated'),
    crash: () => end('crashed'),
  }
}

test('nothing is lost, doubled or reordered under random delays, failures, crashes and rejections', async () => {
  const { below, seed } = random()
  for (let round = 0; round < 12; round++) {
    const workers: ReturnType<typeof fakeWorker>[] = []
    const stage = workerStage<number, number>({
      size: 3,
      spawn() {
        const worker = fakeWorker(
          (message) => {
            if (below(15) === 0) worker.crash()
            if (below(15) === 0) throw new Error('bad luck')
            return (message as number[]).map((n) => n * 2)
          },
          () => below(4),
        )
        workers.push(worker)
        return worker
      },
      encode: (items) => ({ message: [...items] }),
      decode: (reply, items) => (reply as number[]).map((n, i) => (items[i]! % 7 === 0 ? reject('seven') : n)),
    })
    const p = pipeline<number>()
      .batch({ count: 1 + below(6), lingerMs: 1 })
      .stage('worker', stage.run, { concurrency: 3, queue: 1 + below(3), retries: below(2) })
      .batch({ count: 1 + below(9), lingerMs: 1 })
      .stage('check', async (batch) => {
        if (below(3)) await new Promise((resolve) => setTimeout(resolve, below(3)))
        return batch
      })
      .start()
    const out: Outcome<number, number>[] = []
    for await (const outcome of p.run(Array.from({ length: 150 }, (_, i) => i))) out.push(outcome)
    stage.close()
    expect(
      out.map((o) => o.input),
      `seed ${seed}, round ${round}`,
    ).toEqual(Array.from({ length: 150 }, (_, i) => i))
    for (const o of out) {
      if (o.status === 'ok') expect(o.value).toBe(o.input * 2)
      else
        expect(o).toMatchObject(
          o.input % 7 === 0 ? { status: 'rejected' } : { status: 'rejected', reason: 'stage-failed' },
        )
    }
    const stats = p.stats()
    expect(stats).toMatchObject({ accepted: 150, ended: 150, inside: 0 })
    const worker = stats.stages[0]!
    expect(worker.in).toBe(worker.out + worker.rejected + worker.failed)
  }
})

test('random aborts: every item that went in comes out exactly once, in order', async () => {
  const { below, seed } = random()
  for (let round = 0; round < 60; round++) {
    const seen: number[] = []
    const p = pipeline<number>()
      .batch({ count: 1 + below(4) })
      .stage(
        'slow',
        async (batch) => {
          await new Promise((resolve) => setTimeout(resolve, below(3)))
          return batch
        },
        { concurrency: 1 + below(3), queue: 1 + below(2) },
      )
      .stage('next', (batch) => batch)
      .start({ onOutcome: (outcome) => seen.push(outcome.input) })
    let accepted = 0
    setTimeout(() => p.abort(new Error('random')), below(12))
    for (let i = 0; i < 400; i++) {
      if (p.tryPush(accepted)) accepted++
      if (i % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    }
    p.abort(new Error('end'))
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(seen, `seed ${seed}, round ${round}`).toEqual(Array.from({ length: accepted }, (_, i) => i))
  }
})

test('a crash fails only the batch in flight, names itself, and the worker is replaced; a retry saves the batch', async () => {
  let crashes = 0
  const make = () =>
    workerStage<number, number>({
      size: 1,
      spawn() {
        const worker = fakeWorker(
          (message) => {
            if ((message as number[]).includes(13) && crashes++ === 0) {
              worker.crash()
              return new Promise(() => {})
            }
            return message
          },
          () => 0,
        )
        return worker
      },
      encode: (items) => ({ message: [...items] }),
      decode: (reply) => reply as number[],
    })
  for (const retries of [0, 1]) {
    crashes = 0
    const stage = make()
    const p = pipeline<number>().batch({ count: 1 }).stage('w', stage.run, { retries }).start()
    const outcomes = await Promise.all([12, 13, 14].map((n) => p.push(n)))
    expect(outcomes.map((o) => o.status)).toEqual(['ok', retries ? 'ok' : 'rejected', 'ok'])
    if (!retries)
      expect(isPipelineError((outcomes[1] as { detail: unknown }).detail, 'PIPELINE_WORKER_CRASHED')).toBe(true)
    expect(stage.respawned()).toBe(1)
    await p.close()
    stage.close()
  }
})

test('a worker that never answers is ended at the time limit and replaced', async () => {
  let stuck = true
  const stage = workerStage<number, number>({
    size: 1,
    spawn: () =>
      fakeWorker(
        (message) => (stuck ? new Promise(() => {}) : message),
        () => 0,
      ),
    encode: (items) => ({ message: [...items] }),
    decode: (reply) => reply as number[],
  })
  const p = pipeline<number>().batch({ count: 1 }).stage('w', stage.run, { timeoutMs: 20 }).start()
  expect(await p.push(1)).toMatchObject({ status: 'rejected', reason: 'stage-timeout' })
  stuck = false
  // On a busy machine an honest answer may take longer than the limit too.
  let outcome = await p.push(2)
  for (let again = 0; again < 20 && outcome.status !== 'ok'; again++) outcome = await p.push(2)
  expect(outcome).toMatchObject({ status: 'ok', value: 2 })
  stage.close()
})

test('workers that never answer are started ever more slowly, and batches fail instead of waiting', async () => {
  const timers = manualTimers()
  let spawned = 0
  let broken = true
  const stage = workerStage<number, number>({
    size: 2,
    timers,
    spawn() {
      spawned++
      const worker = fakeWorker(
        (message) => message,
        () => 0,
      )
      if (broken) worker.crash()
      return worker
    },
    encode: (items) => ({ message: [...items] }),
    decode: (reply) => reply as number[],
  })
  const run = () => stage.run([1, 2], { signal: new AbortController().signal } as StageContext)
  const turn = () => new Promise((resolve) => setTimeout(resolve, 5))
  for (let i = 0; i < 10; i++) await turn()
  expect(spawned).toBe(2 + 2)
  const failure = await run().catch((error: unknown) => error)
  expect(isPipelineError(failure, 'PIPELINE_WORKER_CRASHED')).toBe(true)
  for (let minute = 0; minute < 5; minute++)
    for (let step = 0; step < 12; step++) {
      await timers.advance(5_000)
      await turn()
    }
  // Pauses of 0.1, 0.2, … 10 s for each of two.
  expect(spawned).toBeGreaterThan(20)
  expect(spawned).toBeLessThan(90)
  broken = false
  await timers.advance(10_000)
  expect(await run()).toEqual([1, 2])
  stage.close()
})
