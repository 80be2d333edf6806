import { expect, it } from 'vitest'
import {
  createExpansion,
  createMemoryExpansionStore,
  type ExpansionEvent,
  type ExpansionOptions,
} from '../../src/expansion/index.ts'
import { DAY, HOUR, MINUTE } from './workload.ts'

/** A network of one zone at 95 of 100, a clock that moves by hand, and a launcher that does what the test says. */
function world(given: Partial<ExpansionOptions> = {}) {
  let now = 0
  const loads = new Map<string, number | undefined | Error>([
    ['zone-1', 95],
    ['zone-2', 0],
    ['zone-3', 0],
  ])
  const events: ExpansionEvent[] = []
  const calls: string[] = []
  const store = createMemoryExpansionStore()
  const answers: { start: (() => Promise<{ address: string }>)[]; attach: (() => Promise<Record<string, string>>)[] } =
    {
      start: [],
      attach: [],
    }
  const options: ExpansionOptions = {
    zones: [{ name: 'zone-1', limit: 100, address: 'one' }],
    newZone: { limit: 100, name: (number) => `zone-${number}` },
    launcher: {
      start: (name) => {
        calls.push(`start ${name}`)
        return answers.start.shift()?.() ?? Promise.resolve({ address: `at ${name}` })
      },
      stop: async (name) => {
        calls.push(`stop ${name}`)
      },
    },
    hub: {
      attach: ({ name, address }) => {
        calls.push(`attach ${name} ${address}`)
        return answers.attach.shift()?.() ?? Promise.resolve({ hubClient: 'client-7' })
      },
      empty: async () => true,
    },
    loadOf: async ({ name }) => {
      const load = loads.get(name)
      if (load instanceof Error) throw load
      return load
    },
    clock: { now: () => now, sleep: async () => {} },
    store,
    forecast: { intervalMs: MINUTE, horizonMs: 5 * MINUTE, seasonsMs: [] },
    attempts: { timeoutMs: 10 * MINUTE, backoffMs: MINUTE, maxBackoffMs: 3 * MINUTE, maxAttempts: 4 },
    onEvent: (event) => events.push(event),
    ...given,
  }
  const settle = async () => {
    for (let i = 0; i < 5; i++) await undefined
  }
  return {
    options,
    loads,
    events,
    calls,
    store,
    answers,
    open: () => createExpansion(options),
    /** Steps once a minute. */
    async pass(expansion: Awaited<ReturnType<typeof createExpansion>>, minutes: number) {
      for (let i = 0; i < minutes; i++) {
        await expansion.step()
        await settle()
        now += MINUTE
      }
    },
    phases: (expansion: Awaited<ReturnType<typeof createExpansion>>) =>
      Object.fromEntries(expansion.zones().map(({ name, phase }) => [name, phase])),
    types: () => events.map((event) => (event.type === 'decision' ? event.decision.action : event.type)),
    setNow: (time: number) => {
      now = time
    },
  }
}

it('a zone that nears its limit gets a neighbour, which is started, attached, and gets the newcomers', async () => {
  const w = world()
  const expansion = await w.open()
  await w.pass(expansion, 3)
  // The second name, because the first is taken.
  expect(w.calls).toEqual(['start zone-2', 'attach zone-2 at zone-2'])
  expect(w.types()).toEqual(['close', 'start', 'started', 'attached'])
  expect(expansion.zones()[1]).toMatchObject({
    phase: 'open',
    address: 'at zone-2',
    attachment: { hubClient: 'client-7' },
  })
  const newcomers = ['a', 'b', 'c', 'd'].map((key) => expansion.place(key))
  expect(newcomers.map(({ zone }) => zone)).toEqual(Array(4).fill('zone-2'))
  expect(expansion.place('a', 'zone-1')).toMatchObject({ zone: 'zone-1', reason: 'home' })
  expect(expansion.fleet()).toMatchObject({ last: 95 })
})

it('what fails is tried again after a while that doubles up to a bound, and given up after so many attempts', async () => {
  const w = world({ rules: { maxZones: 2 } })
  for (let i = 0; i < 4; i++) w.answers.start.push(() => Promise.reject(new Error(`no machine ${i}`)))
  const expansion = await w.open()
  await w.pass(expansion, 11)
  const failed = w.events.filter((event) => event.type === 'attempt-failed')
  expect(failed.map(({ at, retryAt }) => (retryAt - at) / MINUTE)).toEqual([1, 2, 3])
  expect(failed[2]).toMatchObject({
    zone: 'zone-2',
    step: 'start',
    hung: false,
    failures: 3,
    error: new Error('no machine 2'),
  })
  expect(w.events.find((event) => event.type === 'gave-up')).toMatchObject({ zone: 'zone-2', step: 'start' })
  // Whatever it left is cleaned up, and its place in the budget goes to the next one.
  expect(w.calls).toContain('stop zone-2')
  await w.pass(expansion, 60)
  expect(w.phases(expansion)).toEqual({ 'zone-1': 'open', 'zone-2': 'failed', 'zone-3': 'open' })
})

it('what hangs counts as failed at its deadline and is told so; a late answer changes nothing', async () => {
  let late: (answer: { address: string }) => void = () => {}
  let told: { aborted: boolean } | undefined
  const w = world()
  const launcher = w.options.launcher
  let first = true
  const expansion = await createExpansion({
    ...w.options,
    launcher: {
      ...launcher,
      start: (name, options) => {
        if (!first) return launcher.start(name, options)
        first = false
        told = options.signal
        return new Promise((resolve) => {
          late = resolve
        })
      },
    },
  })
  await w.pass(expansion, 10)
  expect(told!.aborted).toBe(false)
  await w.pass(expansion, 1)
  expect(told!.aborted).toBe(true)
  expect(w.events.at(-1)).toMatchObject({ type: 'attempt-failed', hung: true, failures: 1 })
  late({ address: 'too late' })
  await w.pass(expansion, 3)
  expect(expansion.zones()[1]).toMatchObject({ phase: 'open', address: 'at zone-2' })
})

it('an attachment that fails is repeated without starting the zone again', async () => {
  const w = world()
  w.answers.attach.push(() => Promise.reject(new Error('the hub is busy')))
  const expansion = await w.open()
  await w.pass(expansion, 5)
  expect(w.calls).toEqual(['start zone-2', 'attach zone-2 at zone-2', 'attach zone-2 at zone-2'])
  expect(w.phases(expansion)).toMatchObject({ 'zone-2': 'open' })
})

it('also a launcher that throws at once is one that failed', async () => {
  const w = world()
  w.answers.start.push(() => {
    throw new Error('not even a promise')
  })
  const expansion = await w.open()
  await w.pass(expansion, 5)
  expect(w.types()).toContain('attempt-failed')
  expect(w.phases(expansion)).toMatchObject({ 'zone-2': 'open' })
})

it('is saved before a zone is started: after a crash in the middle the same zone is started, not another', async () => {
  const w = world()
  let savedAtStart = ''
  w.answers.start.push(() => {
    savedAtStart = w.store.text!
    return new Promise(() => {})
  })
  await w.pass(await w.open(), 2)
  expect(JSON.parse(savedAtStart).zones).toMatchObject([{ name: 'zone-1' }, { name: 'zone-2', phase: 'starting' }])
  const again = await w.open()
  await w.pass(again, 3)
  expect(w.calls).toEqual(['start zone-2', 'start zone-2', 'attach zone-2 at zone-2'])
  // And a zone that is open stays so, without being started again.
  const third = await w.open()
  await w.pass(third, 2)
  expect(w.calls).toHaveLength(3)
  expect(w.phases(third)).toEqual({ 'zone-1': 'open', 'zone-2': 'open' })
})

it('a zone that is no longer needed is emptied and stopped when it is idle and empty', async () => {
  const w = world({ rules: { spareMs: 10 * MINUTE, cooldownMs: 5 * MINUTE } })
  const expansion = await w.open()
  await w.pass(expansion, 3)
  w.loads.set('zone-1', 30)
  w.loads.set('zone-2', 4)
  await w.pass(expansion, 40)
  expect(w.phases(expansion)).toMatchObject({ 'zone-2': 'draining' })
  expect(expansion.place('a').zone).toBe('zone-1')
  expect(expansion.place('a', 'zone-2')).toMatchObject({ zone: 'zone-2', reason: 'home' })
  w.loads.set('zone-2', 0)
  await w.pass(expansion, 30)
  expect(w.phases(expansion)).toMatchObject({ 'zone-2': 'stopped' })
  expect(w.calls.filter((call) => call.startsWith('stop'))).toEqual(['stop zone-2'])
})

it.each([
  ['the books cannot be read', async () => Promise.reject(new Error('no answer'))],
  ['something is there', async () => false],
  ['nobody says', undefined],
])('a drained zone goes on running when %s', async (_, empty) => {
  const w = world({ rules: { spareMs: 10 * MINUTE, cooldownMs: 5 * MINUTE } })
  const { empty: _unused, ...hub } = w.options.hub
  const expansion = await createExpansion({ ...w.options, hub: empty ? { ...hub, empty } : hub })
  await w.pass(expansion, 3)
  w.loads.set('zone-1', 30)
  w.loads.set('zone-2', 0)
  await w.pass(expansion, 100)
  expect(w.phases(expansion)).toMatchObject({ 'zone-2': 'draining' })
})

it('a zone that does not answer is reported, and its forecast stands in for it', async () => {
  const w = world()
  w.loads.set('zone-1', 60)
  const expansion = await w.open()
  await w.pass(expansion, 30)
  w.loads.set('zone-1', new Error('timeout'))
  await w.pass(expansion, 3)
  expect(w.events.filter(({ type }) => type === 'load-missing')).toHaveLength(3)
  expect(w.events.at(-1)).toMatchObject({ zone: 'zone-1', error: new Error('timeout') })
  expect(expansion.fleet()!.last).toBeCloseTo(60)
  expect(expansion.fleet()!.samples).toBe(33)
})

it('one interval is measured once, a sleep over several counts them as missing, and a very long one forgets', async () => {
  const w = world({ forecast: { intervalMs: HOUR, horizonMs: HOUR, seasonsMs: [DAY] } })
  w.loads.set('zone-1', 10)
  const expansion = await w.open()
  await w.pass(expansion, 60)
  expect(expansion.fleet()!.samples).toBe(1)
  w.setNow(5 * HOUR)
  await expansion.step()
  expect(expansion.fleet()!.samples).toBe(6)
  w.setNow(5 * DAY)
  await expansion.step()
  expect(expansion.fleet()!.samples).toBe(1)
})

it('stops when it is told to, and lets go of what is under way', async () => {
  const w = world()
  await expect((await w.open()).step({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'HUB_ABORTED' })
  let told: { aborted: boolean } | undefined
  const abort = new AbortController()
  let rounds = 0
  const expansion = await createExpansion({
    ...w.options,
    launcher: {
      ...w.options.launcher,
      start: (_, { signal }) => {
        told = signal
        return new Promise(() => {})
      },
    },
    clock: {
      now: () => 0,
      sleep: async () => {
        if (++rounds === 3) abort.abort()
      },
    },
  })
  await expansion.run({ signal: abort.signal })
  expect([rounds, told!.aborted]).toEqual([3, true])
})

it('a store that fails is heard of', async () => {
  const w = world()
  const expansion = await createExpansion({
    ...w.options,
    store: { load: async () => undefined, save: () => Promise.reject(new Error('disk full')) },
  })
  await expect(expansion.step()).rejects.toThrow('disk full')
  expect(w.calls).toEqual([])
})

it('reads only states of its own version, and only sound ones', async () => {
  const w = world()
  await w.pass(await w.open(), 3)
  const good = JSON.parse(w.store.text!)
  const bad: unknown[] = [
    { ...good, version: 2 },
    { ...good, zones: [good.zones[0], good.zones[0]] },
    { ...good, zones: [{ ...good.zones[0], phase: 'asleep' }] },
    { ...good, zones: [{ ...good.zones[0], limit: -1 }] },
    { ...good, forecasts: {} },
    null,
  ]
  for (const text of [...bad.map((value) => JSON.stringify(value)), 'not json'])
    await expect(createExpansion({ ...w.options, store: createMemoryExpansionStore(text) })).rejects.toMatchObject({
      code: 'HUB_DECODE',
    })
  await expect(createExpansion({ ...w.options, newZone: { limit: 0, name: String } })).rejects.toMatchObject({
    code: 'HUB_INVALID_ARGUMENT',
  })
})
