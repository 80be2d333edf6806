/**
 * Zones with queues, a launcher that takes its time and fails, and a workload, on a clock that jumps from one sampling interval to the next. The
 * controller in it is the real one.
 */
import type { Expansion, ExpansionEvent, ExpansionOptions } from '../../src/expansion/index.ts'
import {
  createDraw,
  DAY,
  drawTenant,
  HOUR,
  MINUTE,
  REGIONS,
  STEP,
  seasonOf,
  type Tenant,
  tenantsFor,
  type Workload,
} from './workload.ts'

/** What came of a run. Demand is counted in seconds of a zone at its limit. */
export interface SimulationResult {
  demanded: number
  /** Found the queue full. */
  refused: number
  /** Had to wait for more than a minute. */
  delayed: number
  /** Zones that ran, were coming or going, times hours. */
  zoneHours: number
  started: number
  stopped: number
  failedAttempts: number
  mostZones: number
  events: ExpansionEvent[]
  /** For comparing two runs. */
  trace: string
}

export interface SimulationOptions {
  readonly workload: Workload
  readonly seed: number
  readonly create: (options: ExpansionOptions) => Promise<Expansion>
  readonly with?: Partial<ExpansionOptions>
  /** Zones that run from the start. Default 1. */
  readonly zones?: number
  readonly startMs?: number
  /** Shares of attempts that fail, and that never end. */
  readonly failing?: number
  readonly hanging?: number
  /** Share of measurements that are missing. */
  readonly blind?: number
  /** Makes the controller anew from its store, as after a crash, every so often. */
  readonly restartEveryMs?: number
  /** Looks at each step. */
  readonly onStep?: (now: number, expansion: Expansion, load: ReadonlyMap<string, number>) => void
}

/** A zone's queue holds what it can serve in this time; the rest is refused. */
const QUEUE_S = 10 * 60
const DELAY_S = 60

interface SimulatedZone {
  /** Sizes of those who live there, by region. */
  readonly living: number[]
  tenants: number
  queue: number
  noise: number
  measured: number
}

export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const { workload, seed, failing = 0.15, hanging = 0.03, startMs = 30 * MINUTE } = options
  // Demand and troubles each have their own stream, so that policies are compared on the same demand.
  const demandDraw = createDraw(seed)
  const noiseDraw = createDraw(seed ^ 0x5bd1e995)
  const troubleDraw = createDraw(seed ^ 0x27d4eb2f)
  let now = 0
  const zones = new Map<string, SimulatedZone>()
  const newZone = (): SimulatedZone => ({
    living: new Array(REGIONS).fill(0),
    tenants: 0,
    queue: 0,
    noise: 0,
    measured: 0,
  })
  const coming: { at: number; run: () => void }[] = []
  const leaving = new Map<number, { zone: string; tenant: Tenant }[]>()
  const result: SimulationResult = {
    demanded: 0,
    refused: 0,
    delayed: 0,
    zoneHours: 0,
    started: 0,
    stopped: 0,
    failedAttempts: 0,
    mostZones: 0,
    events: [],
    trace: '',
  }
  const names = Array.from({ length: options.zones ?? 1 }, (_, i) => `zone-${i + 1}`)
  for (const name of names) zones.set(name, newZone())

  const launcher: ExpansionOptions['launcher'] = {
    start: (name) =>
      new Promise((resolve, reject) => {
        const luck = troubleDraw.uniform()
        if (luck < hanging) return
        const fails = luck < hanging + failing
        coming.push({
          at: now + startMs * (fails ? 0.3 : 0.9 + 0.2 * troubleDraw.uniform()),
          run: () => (fails ? reject(new Error('no machine')) : resolve({ address: `sim:${name}` })),
        })
      }),
    stop: async (name) => {
      zones.delete(name)
    },
  }
  let text: string | undefined
  const store = {
    load: async () => text,
    save: async (next: string) => {
      text = next
    },
  }
  const given: ExpansionOptions = {
    zones: names.map((name) => ({ name, limit: 1, address: `sim:${name}` })),
    newZone: { limit: 1, name: (number) => `zone-${number + names.length}` },
    launcher,
    hub: {
      attach: async ({ name }) => {
        zones.set(name, newZone())
        return { hubClient: `client-${name}`, zoneClient: 'client-0' }
      },
      empty: async ({ name }) => zones.get(name)?.tenants === 0,
    },
    loadOf: async ({ name }) => (troubleDraw.uniform() < (options.blind ?? 0) ? undefined : zones.get(name)?.measured),
    clock: { now: () => now, sleep: async () => {} },
    store,
    attempts: { timeoutMs: 2 * startMs, backoffMs: 5 * MINUTE },
    saveMs: 7 * DAY,
    ...options.with,
    onEvent: (event) => {
      result.events.push(event)
      if (event.type === 'attached') result.started++
      if (event.type === 'stopped') result.stopped++
      if (event.type === 'attempt-failed') result.failedAttempts++
      if (event.type !== 'decision' || event.decision.action !== 'wait')
        result.trace += `${now / STEP}:${event.type}:${'zone' in event ? event.zone : ''}:${event.type === 'decision' ? event.decision.action : ''} `
    },
  }
  let expansion = await options.create(given)
  let homes = 0
  const settle = (tenant: Tenant) => {
    const { zone: name } = expansion.place(`app-${homes++}`)
    const zone = zones.get(name)!
    zone.living[tenant.region]! += tenant.size
    zone.tenants++
    const end = Math.floor((now + tenant.lifeMs) / STEP) + 1
    const list = leaving.get(end) ?? []
    list.push({ zone: name, tenant })
    leaving.set(end, list)
  }
  for (let i = 0; i < tenantsFor(workload.initial); i++) settle(drawTenant(demandDraw, workload.meanLifeMs))

  const dt = STEP / 1000
  for (let step = 0; step < (workload.days * DAY) / STEP; step++) {
    now = step * STEP
    for (const { zone: name, tenant } of leaving.get(step) ?? []) {
      const zone = zones.get(name)!
      zone.living[tenant.region]! -= tenant.size
      zone.tenants--
    }
    leaving.delete(step)
    const busy = seasonOf(0, now)
    for (let i = demandDraw.poisson(tenantsFor(workload.inflow(now)) * busy); i > 0; i--)
      settle(drawTenant(demandDraw, workload.meanLifeMs))
    for (const crowd of workload.crowds)
      if (now >= crowd.at && now < crowd.at + crowd.lastsMs)
        for (let i = demandDraw.poisson((tenantsFor(crowd.demand) * STEP) / crowd.lastsMs); i > 0; i--)
          settle(drawTenant(demandDraw, crowd.lifeMs))

    const loads = new Map<string, number>()
    const seasons = Array.from({ length: REGIONS }, (_, region) => seasonOf(region, now))
    for (const [name, zone] of zones) {
      zone.noise = 0.9 * zone.noise + 0.03 * noiseDraw.normal()
      const wanted =
        Math.max(
          0,
          zone.living.reduce((sum, size, region) => sum + size * seasons[region]!, 0),
        ) * Math.exp(zone.noise)
      const before = zone.queue
      const arrived = wanted * dt
      const refused = Math.max(0, before + arrived - dt - QUEUE_S)
      zone.queue = Math.min(QUEUE_S, Math.max(0, before + arrived - dt))
      const served = before + arrived - refused - zone.queue
      // What is refused at the door is not seen: a full zone hides how much was wanted.
      zone.measured = (served + zone.queue - before) / dt
      if (zone.measured < 0) zone.measured = 0
      loads.set(name, wanted)
      result.demanded += arrived
      result.refused += refused
      if ((before + zone.queue) / 2 > DELAY_S) result.delayed += arrived - refused
    }
    for (let i = coming.length - 1; i >= 0; i--) if (coming[i]!.at <= now) coming.splice(i, 1)[0]!.run()
    for (let i = 0; i < 4; i++) await undefined
    if (options.restartEveryMs && now > 0 && now % options.restartEveryMs === 0) {
      expansion.close()
      expansion = await options.create(given)
    }
    await expansion.step()
    for (let i = 0; i < 4; i++) await undefined
    const paid = expansion.zones().filter(({ phase }) => phase !== 'stopped' && phase !== 'failed').length
    result.zoneHours += (paid * STEP) / HOUR
    result.mostZones = Math.max(result.mostZones, paid)
    options.onStep?.(now, expansion, loads)
  }
  return result
}
