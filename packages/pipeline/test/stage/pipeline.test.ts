import { expect, test } from 'vitest'
import { formatStats, isPipelineError, manualTimers, type Outcome, pipeline, reject } from '../../src/index.ts'

const values = <I, O>(outcomes: Outcome<I, O>[]) => outcomes.map((o) => (o.status === 'ok' ? o.value : o.status))
async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of source) all.push(item)
  return all
}
const numbers = (count: number) => Array.from({ length: count }, (_, i) => i)

test('the example of the README', async () => {
  const p = pipeline<number>()
    .batch({ count: 4, lingerMs: 5 })
    .stage('square', (batch) => batch.map((n) => (n < 0 ? reject('negative') : n * n)))
    .map('label', (n) => `n² = ${n}`)
    .start()
  expect(await p.push(3)).toEqual({ status: 'ok', input: 3, value: 'n² = 9' })
  expect(await p.push(-1)).toMatchObject({ status: 'rejected', stage: 'square', reason: 'negative' })
  await p.close()
})

test('batches are cut by count, bytes and linger, whichever comes first', async () => {
  const timers = manualTimers()
  const sizes: number[] = []
  const p = pipeline<string>()
    .batch({ count: 3, bytes: 10, lingerMs: 5 })
    .stage('look', (batch) => {
      sizes.push(batch.length)
      return batch
    })
    .start({ timers, sizeOf: (item) => item.length })
  for (const item of ['a', 'b', 'c']) expect(p.tryPush(item)).toBe(true)
  await timers.advance(0)
  expect(sizes).toEqual([3])
  p.tryPush('a'.repeat(10))
  await timers.advance(0)
  expect(sizes).toEqual([3, 1])
  p.tryPush('x')
  await timers.advance(4)
  expect(sizes).toEqual([3, 1])
  await timers.advance(1)
  expect(sizes).toEqual([3, 1, 1])
  await p.close()
})

test('a stalled stage makes tryPush say no, push wait, and nothing is lost', async () => {
  let open = () => {}
  const gate = new Promise<void>((resolve) => (open = resolve))
  const seen: number[] = []
  const p = pipeline<number>()
    .batch({ count: 2, lingerMs: 5 })
    .stage(
      'slow',
      async (batch) => {
        await gate
        return batch
      },
      { queue: 1 },
    )
    .start({ onOutcome: (outcome) => seen.push(outcome.input) })
  let accepted = 0
  for (let i = 0; i < 100; i++) {
    if (p.tryPush(accepted)) accepted++
    await Promise.resolve()
  }
  expect(accepted).toBe(6) // two in work, two queued, two in the batcher
  expect(p.stats()).toMatchObject({ accepted: 6, inside: 6, refused: 94 })
  let done = false
  const pushed = p.push(6).then(() => (done = true))
  await new Promise((resolve) => setTimeout(resolve, 5))
  expect(done).toBe(false)
  open()
  await pushed
  await p.close()
  expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6])
})

test('run() reads a source no faster than its outcomes are taken', async () => {
  let read = 0
  function* source() {
    for (let i = 0; i < 1000; i++) {
      read++
      yield i
    }
  }
  const p = pipeline<number>()
    .batch({ count: 4 })
    .stage('one', (b) => b, { queue: 1 })
    .stage('two', (b) => b, { queue: 1 })
    .start()
  const out: number[] = []
  for await (const outcome of p.run(source())) {
    if (out.length === 0) {
      await new Promise((resolve) => setTimeout(resolve, 10))
      expect(read).toBeLessThan(40)
    }
    if (outcome.status === 'ok') out.push(outcome.value)
  }
  expect(out).toEqual(numbers(1000))
})

test('parallel batches keep their order unless order is "any"', async () => {
  for (const order of ['preserve', 'any'] as const) {
    const p = pipeline<number>()
      .batch({ count: 1 })
      .stage(
        'wait',
        async (batch) => {
          await new Promise((resolve) => setTimeout(resolve, batch[0] === 0 ? 20 : 1))
          return batch
        },
        { concurrency: 4, order },
      )
      .start()
    const out: Outcome<number, number>[] = []
    for await (const outcome of p.run(numbers(8))) out.push(outcome)
    if (order === 'preserve') expect(values(out)).toEqual(numbers(8))
    else {
      expect(values(out)).not.toEqual(numbers(8))
      expect(values(out).sort()).toEqual(numbers(8))
    }
  }
})

test('batch() between stages groups anew', async () => {
  const sizes: number[] = []
  const p = pipeline<number>()
    .batch({ count: 2 })
    .stage('pairs', (b) => b)
    .batch({ count: 5, lingerMs: 1000 })
    .stage('fives', (b) => {
      sizes.push(b.length)
      return b
    })
    .start()
  const out: Outcome<number, number>[] = []
  for await (const outcome of p.run(numbers(12))) out.push(outcome)
  expect(values(out)).toEqual(numbers(12))
  expect(sizes).toEqual([5, 5, 2])
})

test('a stage that throws fails its batch alone, is retried when asked, or aborts the pipeline', async () => {
  const bad = (batch: readonly number[]) => {
    if (batch.includes(3)) throw new Error('three')
    return batch
  }
  const p = pipeline<number>().batch({ count: 2, lingerMs: 1000 }).stage('bad', bad).start()
  const out: Outcome<number, number>[] = []
  for await (const outcome of p.run(numbers(6))) out.push(outcome)
  expect(values(out)).toEqual([0, 1, 'rejected', 'rejected', 4, 5])
  expect(out[2]).toMatchObject({ stage: 'bad', reason: 'stage-failed', detail: { message: 'three' } })

  let failures = 2
  const flaky = async (batch: readonly number[]) => {
    if (failures-- > 0) throw new Error('flaky')
    return batch
  }
  const q = pipeline<number>().stage('flaky', flaky, { retries: 2 }).start()
  expect(await q.push(1)).toMatchObject({ status: 'ok' })
  await q.close()

  const r = pipeline<number>().batch({ count: 2, lingerMs: 1000 }).stage('bad', bad, { onError: 'abort' }).start()
  const [two] = await Promise.all([r.push(2), r.push(3)])
  expect(two).toMatchObject({ status: 'rejected', reason: 'stage-failed' })
  await expect(r.push(9)).rejects.toSatisfy((e) => isPipelineError(e, 'PIPELINE_ABORTED'))
})

test('a stage that never answers times out, and its signal is aborted', async () => {
  const timers = manualTimers()
  let signal: AbortSignal | undefined
  const p = pipeline<number>()
    .stage(
      'stuck',
      (_, context) => {
        signal = context.signal
        return new Promise<number[]>(() => {})
      },
      { timeoutMs: 100 },
    )
    .start({ timers })
  const outcome = p.push(1)
  await timers.advance(100)
  expect(await outcome).toMatchObject({ status: 'rejected', reason: 'stage-timeout' })
  expect(signal?.aborted).toBe(true)
  expect(isPipelineError(signal?.reason, 'PIPELINE_STAGE_TIMEOUT')).toBe(true)
})

test("a wrong number of results is the stage's failure", async () => {
  const p = pipeline<number>()
    .stage('short', () => [])
    .start()
  const outcome = await p.push(1)
  expect(outcome).toMatchObject({ status: 'rejected', reason: 'stage-failed' })
  expect(isPipelineError((outcome as { detail: unknown }).detail, 'PIPELINE_STAGE_RESULT')).toBe(true)
})

test('abort ends every item inside exactly once and ignores late results', async () => {
  let release = () => {}
  const ended: string[] = []
  const controller = new AbortController()
  const p = pipeline<number>()
    .batch({ count: 1 })
    .stage('held', (b) => new Promise<readonly number[]>((resolve) => (release = () => resolve(b))), { concurrency: 2 })
    .start({ signal: controller.signal, onOutcome: (o) => ended.push(`${o.input} ${o.status}`) })
  const pushes = [p.push(0), p.push(1), p.push(2)]
  await Promise.resolve()
  await new Promise((resolve) => setTimeout(resolve, 1))
  controller.abort(new Error('stop'))
  expect((await Promise.all(pushes)).map((o) => o.status)).toEqual(['cancelled', 'cancelled', 'cancelled'])
  release()
  await new Promise((resolve) => setTimeout(resolve, 1))
  expect(ended).toEqual(['0 cancelled', '1 cancelled', '2 cancelled'])
  expect(p.tryPush(1)).toBe(false)
})

test('a caller can withdraw an item: while it waits for room, and once inside', async () => {
  let open = () => {}
  const gate = new Promise<void>((resolve) => (open = resolve))
  const second: number[] = []
  const p = pipeline<number>()
    .batch({ count: 1 })
    .stage(
      'gate',
      async (b) => {
        await gate
        return b
      },
      { queue: 1 },
    )
    .map('after', (n) => second.push(n))
    .start()
  const inside = new AbortController()
  const kept = [p.push(0, { signal: inside.signal }), p.push(1), p.push(2)]
  await new Promise((resolve) => setTimeout(resolve, 1))
  const waiting = new AbortController()
  const withdrawn = p.push(3, { signal: waiting.signal })
  waiting.abort(new Error('changed my mind'))
  await expect(withdrawn).rejects.toThrow('changed my mind')
  inside.abort(new Error('late'))
  open()
  expect((await Promise.all(kept)).map((o) => o.status)).toEqual(['cancelled', 'ok', 'ok'])
  expect(second).toEqual([1, 2])
  await p.close()
  await expect(p.push(1)).rejects.toSatisfy((e) => isPipelineError(e, 'PIPELINE_CLOSED'))
})

test('web streams carry items in and outcomes out', async () => {
  const { writable, readable } = pipeline<number>()
    .batch({ count: 3 })
    .map('add', (n) => n + 1)
    .start()
    .toWeb()
  const source = new ReadableStream<number>({
    start(controller) {
      for (const n of numbers(10)) controller.enqueue(n)
      controller.close()
    },
  })
  const out: Outcome<number, number>[] = []
  const reading = (async () => {
    const reader = readable.getReader()
    for (;;) {
      const next = await reader.read()
      if (next.done) return
      out.push(next.value)
    }
  })()
  await source.pipeTo(writable)
  await reading
  expect(values(out)).toEqual(numbers(10).map((n) => n + 1))
})

test('an error of the source reaches the reader, and leaving the loop early aborts', async () => {
  async function* failing() {
    yield 1
    throw new Error('source broke')
  }
  const p = pipeline<number>()
    .stage('s', (b) => b)
    .start()
  await expect(collect(p.run(failing()))).rejects.toThrow('source broke')
  const q = pipeline<number>()
    .batch({ count: 2 })
    .stage('s', (b) => b)
    .start()
  for await (const _ of q.run(numbers(100))) break
  expect(q.tryPush(1)).toBe(false)
})

test('arguments are checked', () => {
  const wrong = [
    () => pipeline().start(),
    () => pipeline().batch({ count: 0 }),
    () => pipeline().batch({ bytes: 0 }),
    () => pipeline().batch({ lingerMs: -1 }),
    () => pipeline().stage('s', (b) => b, { concurrency: 0 }),
    () => pipeline().stage('s', (b) => b, { timeoutMs: 0 }),
    () =>
      pipeline()
        .batch({ count: 2 })
        .batch({ count: 2 })
        .stage('s', (b) => b)
        .start(),
  ]
  for (const make of wrong) expect(make).toThrow(expect.objectContaining({ code: 'PIPELINE_INVALID_ARGUMENT' }))
})

test('stats count every item and print as a table', async () => {
  const p = pipeline<number>()
    .batch({ count: 10 })
    .stage('even', (b) => b.map((n) => (n % 2 ? reject('odd') : n)))
    .stage('last', (b) => b)
    .start()
  await collect(p.run(numbers(100)))
  const stats = p.stats()
  expect(stats).toMatchObject({ accepted: 100, ended: 100, inside: 0 })
  expect(stats.stages[0]).toMatchObject({ name: 'even', in: 100, out: 50, rejected: 50 })
  expect(stats.stages[1]).toMatchObject({ in: 50, out: 50, rejected: 0 })
  expect(formatStats(stats)).toMatch(/even +100 +50 +50/)
})
