/**
 * The expansion controller: measures zones, lets the policy decide, and carries out what it decides over ports. Its state is written before anything is
 * started, so a crash at any point loses no zone and starts none twice.
 */
import { type CancelSignal, throwIfAborted } from '../cancel.ts'
import { HubError } from '../errors.ts'
import { createAttempts, type Outcome } from './attempts.ts'
import { createForecaster, type Forecast, type Forecaster, type ForecastOptions } from './forecaster.ts'
import { type Candidate, choosePlacement, type Placement } from './placement.ts'
import {
  completeRules,
  decide,
  type ExpansionDecision,
  type ExpansionRules,
  withFleetShape,
  type ZoneFacts,
} from './policy.ts'
import type {
  ExpansionClock,
  ExpansionEvent,
  ExpansionStore,
  LoadSource,
  RunningZone,
  ZoneHub,
  ZoneLauncher,
  ZoneStep,
} from './ports.ts'
import { type ExpansionState, parseState, type ZoneRecord } from './zones.ts'

/** How often and how long the launcher and the hub are tried. */
export interface AttemptRules {
  /** An attempt that takes longer counts as failed. Default ten minutes. */
  readonly timeoutMs?: number
  /** Before the second attempt; it doubles with each further one. Default ten seconds. */
  readonly backoffMs?: number
  /** Default half an hour. */
  readonly maxBackoffMs?: number
  /** Attempts to start and attach a zone before it is given up. Stopping is tried for ever. Default 5. */
  readonly maxAttempts?: number
}

/** The parts and rules of a {@link createExpansion}. */
export interface ExpansionOptions {
  /** Zones that run and are attached already. */
  readonly zones: readonly {
    readonly name: string
    readonly limit: number
    readonly address: string
    readonly attachment?: Record<string, string>
  }[]
  /** What a zone that is started gets: its limit, in the unit of the loads, and its name by number, 1 for the first. */
  readonly newZone: { readonly limit: number; readonly name: (number: number) => string }
  readonly launcher: ZoneLauncher
  readonly hub: ZoneHub
  readonly loadOf: LoadSource
  readonly clock: ExpansionClock
  readonly store: ExpansionStore
  readonly rules?: Partial<ExpansionRules>
  readonly forecast?: ForecastOptions
  readonly attempts?: AttemptRules
  /**
   * Every change of a zone is saved at once; what the forecasts have learnt, some 260 kB a zone for five-minute samples, this often. Default an hour.
   */
  readonly saveMs?: number
  readonly onEvent?: (event: ExpansionEvent) => void
  /** Makes the forecasters; for comparisons. Default {@link createForecaster}. */
  readonly forecaster?: (options: ForecastOptions, saved?: unknown) => Forecaster
}

/** A zone, for people to look at. */
export type ZoneStatus = Readonly<ZoneRecord> & { readonly forecast: Forecast | undefined }

/** A running controller. */
export interface Expansion {
  /**
   * One round: takes in what the launcher and the hub have done, and once a sampling interval measures and decides. It waits for measurements, never for
   * the launcher. Call it every few seconds. Rejects with what the store rejects with, and with `HUB_ABORTED`.
   */
  step(options?: { signal?: CancelSignal }): Promise<readonly ExpansionDecision[]>
  /** Calls `step` every `pollMs` (default 5 s) until `signal` is aborted; then lets go of what is under way. */
  run(options: { signal: CancelSignal; pollMs?: number }): Promise<void>
  /** The zone for an application or account; with `home`, the one that it has while that exists. */
  place(key: string, home?: string): Placement
  /** All zones that ever were, in the order in which they came. */
  zones(): readonly ZoneStatus[]
  /** The forecast of all zones' load together. */
  fleet(): Forecast | undefined
  /** Lets go of the launcher's and the hub's work that is under way. The state stays as saved. */
  close(): void
}

const MINUTE = 60_000

/** A controller that goes on from what `store` holds. Throws `HUB_INVALID_ARGUMENT` and `HUB_DECODE`. */
export async function createExpansion(options: ExpansionOptions): Promise<Expansion> {
  const { newZone, launcher, hub, clock, store } = options
  const rules = completeRules(options.rules)
  const forecastOptions = options.forecast ?? {}
  const makeForecaster = options.forecaster ?? createForecaster
  const intervalMs = forecastOptions.intervalMs ?? 5 * MINUTE
  const {
    timeoutMs = 10 * MINUTE,
    backoffMs = 10_000,
    maxBackoffMs = 30 * MINUTE,
    maxAttempts = 5,
  } = options.attempts ?? {}
  if (!(newZone.limit > 0) || options.zones.some(({ limit }) => !(limit > 0)))
    throw new HubError('HUB_INVALID_ARGUMENT', 'every zone needs a limit above zero', { limit: newZone.limit })
  /** After a longer silence what was known of the seasons is forgotten. */
  const longestGap = Math.ceil(Math.max(...(forecastOptions.seasonsMs ?? [7 * 24 * 60 * MINUTE]), 0) / intervalMs)

  const saved = await store.load()
  const state: ExpansionState =
    saved === undefined
      ? { version: 1, zones: [], memory: {}, nextZone: 1, forecasts: { zones: {} } }
      : parseState(saved)
  for (const { name, limit, address, attachment } of options.zones) {
    if (state.zones.some((zone) => zone.name === name)) continue
    state.zones.push({
      name,
      limit,
      phase: 'open',
      accepts: true,
      address,
      attachment,
      failures: 0,
      since: clock.now(),
    })
  }
  let fleetForecaster = makeForecaster(forecastOptions, state.forecasts.fleet)
  const forecasters = new Map<string, Forecaster>()
  const forecasts = new Map<string, Forecast>()
  let fleet: Forecast | undefined
  const attempts = createAttempts()
  const emit = (event: ExpansionEvent) => options.onEvent?.(event)
  const runs = ({ phase }: ZoneRecord) => phase === 'open' || phase === 'draining'
  const running = (zone: ZoneRecord): RunningZone => ({ name: zone.name, address: zone.address ?? '' })

  const forecasterOf = (name: string): Forecaster => {
    let forecaster = forecasters.get(name)
    if (!forecaster) {
      forecaster = makeForecaster(forecastOptions, state.forecasts.zones[name])
      forecasters.set(name, forecaster)
    }
    return forecaster
  }
  function renewForecasts(): void {
    forecasts.clear()
    fleet = fleetForecaster.forecast()
    for (const zone of state.zones.filter(runs)) {
      const forecast = forecasterOf(zone.name).forecast()
      if (forecast) forecasts.set(zone.name, fleet ? withFleetShape(forecast, fleet) : forecast)
    }
  }
  renewForecasts()
  let savedAt = Number.NEGATIVE_INFINITY

  async function save(): Promise<void> {
    state.forecasts = {
      zones: Object.fromEntries(state.zones.filter(runs).map(({ name }) => [name, forecasterOf(name).save()])),
      fleet: fleetForecaster.save(),
    }
    await store.save(JSON.stringify(state))
    savedAt = clock.now()
  }

  /** What the phase of a zone asks of the launcher or the hub. */
  const STEPS: Partial<Record<ZoneRecord['phase'], ZoneStep>> = {
    starting: 'start',
    attaching: 'attach',
    stopping: 'stop',
  }
  const work: Record<ZoneStep, (zone: ZoneRecord, signal: CancelSignal) => Promise<unknown>> = {
    start: ({ name }, signal) => launcher.start(name, { signal }),
    attach: (zone, signal) => hub.attach(running(zone), { signal }),
    stop: ({ name }, signal) => launcher.stop(name, { signal }),
  }
  function beginDue(now: number): void {
    for (const zone of state.zones) {
      const step = STEPS[zone.phase]
      if (!step || attempts.has(zone.name) || now < (zone.retryAt ?? 0)) continue
      attempts.begin(zone.name, step, now + timeoutMs, (signal) => work[step](zone, signal))
    }
  }

  function enter(zone: ZoneRecord, phase: ZoneRecord['phase'], now: number): void {
    zone.phase = phase
    zone.since = now
    zone.accepts = phase === 'open'
    zone.failures = 0
    zone.retryAt = undefined
  }

  function finish({ zone: name, step, hung, error, value }: Outcome, now: number): void {
    const zone = state.zones.find((candidate) => candidate.name === name)
    if (!zone || STEPS[zone.phase] !== step) return
    if (error !== undefined) {
      zone.failures++
      if (step !== 'stop' && zone.failures >= maxAttempts) {
        enter(zone, 'failed', now)
        // It may run all the same, but nobody has ever been placed there.
        attempts.begin(name, 'stop', now + timeoutMs, (signal) => launcher.stop(name, { signal }))
        emit({ type: 'gave-up', at: now, zone: name, step, error })
        return
      }
      zone.retryAt = now + Math.min(maxBackoffMs, backoffMs * 2 ** (zone.failures - 1))
      const { failures, retryAt } = zone
      emit({ type: 'attempt-failed', at: now, zone: name, step, hung, failures, retryAt, error })
    } else if (step === 'start') {
      enter(zone, 'attaching', now)
      zone.address = (value as { address: string }).address
      emit({ type: 'started', at: now, zone: name, address: zone.address })
    } else if (step === 'attach') {
      enter(zone, 'open', now)
      zone.attachment = value as Record<string, string>
      emit({ type: 'attached', at: now, zone: name, attachment: zone.attachment })
    } else {
      enter(zone, 'stopped', now)
      forecasters.delete(name)
      emit({ type: 'stopped', at: now, zone: name })
    }
  }

  /** Measures every zone and takes the loads into the forecasts. */
  async function measure(interval: number, now: number, signal: CancelSignal): Promise<void> {
    const zones = state.zones.filter(runs)
    const loads = await Promise.all(
      zones.map(async (zone) => {
        try {
          const load = await options.loadOf(running(zone), { signal })
          if (load !== undefined && load >= 0 && Number.isFinite(load)) return load
          emit({ type: 'load-missing', at: now, zone: zone.name, error: load })
        } catch (error) {
          emit({ type: 'load-missing', at: now, zone: zone.name, error })
        }
        return undefined
      }),
    )
    throwIfAborted(signal, 'expansion')
    const missed = state.lastInterval === undefined ? 0 : interval - state.lastInterval - 1
    if (missed > longestGap) {
      state.forecasts = { zones: {} }
      forecasters.clear()
      fleetForecaster = makeForecaster(forecastOptions)
    } else {
      for (let i = 0; i < missed; i++)
        for (const forecaster of [fleetForecaster, ...zones.map(({ name }) => forecasterOf(name))])
          forecaster.observe(undefined)
    }
    zones.forEach(({ name }, i) => {
      forecasterOf(name).observe(loads[i])
    })
    const known = loads.every((load) => load !== undefined)
    fleetForecaster.observe(known ? loads.reduce((sum, load) => sum + load, 0) : undefined)
    state.lastInterval = interval
    renewForecasts()
  }

  async function isEmpty(zone: ZoneRecord, signal: CancelSignal): Promise<boolean> {
    const forecast = forecasts.get(zone.name)
    if (zone.phase !== 'draining' || !hub.empty || !forecast || forecast.last > rules.idleAt * zone.limit) return false
    // Not known is not empty.
    return hub.empty({ ...running(zone), attachment: zone.attachment ?? {} }, { signal }).catch(() => false)
  }

  function apply(decision: ExpansionDecision, now: number): void {
    let name = 'zone' in decision ? decision.zone : undefined
    const zone = state.zones.find((candidate) => candidate.name === name)
    if (decision.action === 'start') {
      do name = newZone.name(state.nextZone++)
      while (state.zones.some((other) => other.name === name))
      state.zones.push({ name, limit: newZone.limit, phase: 'starting', accepts: false, failures: 0, since: now })
    } else if (decision.action === 'keep') enter(zone!, 'open', now)
    else if (decision.action === 'drain') enter(zone!, 'draining', now)
    else if (decision.action === 'stop') enter(zone!, 'stopping', now)
    else if (zone) zone.accepts = decision.action === 'accept'
    emit({ type: 'decision', at: now, decision, ...(name === undefined ? {} : { zone: name }) })
  }

  async function step({ signal = { aborted: false } }: { signal?: CancelSignal } = {}) {
    throwIfAborted(signal, 'expansion')
    const now = clock.now()
    const outcomes = attempts.take(now)
    for (const outcome of outcomes) finish(outcome, now)
    const interval = Math.floor(now / intervalMs)
    const due = state.lastInterval === undefined || interval > state.lastInterval
    let decisions: ExpansionDecision[] = []
    if (due) {
      await measure(interval, now, signal)
      const zones: ZoneFacts[] = await Promise.all(
        state.zones.map(async (zone) => ({
          ...zone,
          forecast: forecasts.get(zone.name),
          empty: await isEmpty(zone, signal),
        })),
      )
      decisions = decide({ now, rules, zones, fleet, newLimit: newZone.limit, memory: state.memory })
      for (const decision of decisions) apply(decision, now)
    }
    const changed = outcomes.length > 0 || decisions.some(({ action }) => action !== 'wait')
    if (changed || now - savedAt >= (options.saveMs ?? 60 * MINUTE)) await save()
    beginDue(now)
    return decisions
  }

  const candidate = ({ name, limit, accepts }: ZoneRecord): Candidate => {
    const forecast = forecasts.get(name)
    const load = forecast ? Math.max(forecast.peak, forecast.upper ?? forecast.last) : 0
    return { name, limit, accepts, room: 1 - load / limit }
  }

  return {
    step,
    async run({ signal, pollMs = 5_000 }) {
      try {
        while (!signal.aborted) {
          await step({ signal })
          await clock.sleep(pollMs, signal)
        }
      } catch (error) {
        if (!signal.aborted) throw error
      } finally {
        attempts.cancel(signal.reason)
      }
    },
    place: (key, home) =>
      choosePlacement(
        key,
        state.zones
          .filter(({ phase, name }) => phase === 'open' || (phase === 'draining' && name === home))
          .map(candidate),
        home,
      ),
    zones: () => state.zones.map((zone) => ({ ...zone, forecast: forecasts.get(zone.name) })),
    fleet: () => fleet,
    close: () => attempts.cancel(new Error('the controller was closed')),
  }
}
