/** When a zone is started, reopened, closed to newcomers, emptied or stopped: a function of forecasts and rules, without side effects. */
import { HubError } from '../errors.ts'
import type { Forecast } from './forecaster.ts'

/** Where a zone is in its life. */
export type ZonePhase =
  /** The launcher is at work, or waits for its next attempt. */
  | 'starting'
  /** It runs and is being attached to the hub. */
  | 'attaching'
  /** Attached. */
  | 'open'
  /** Attached, gets no newcomers, and waits until those who live there have left. */
  | 'draining'
  /** The launcher is stopping it. */
  | 'stopping'
  /** Gone. */
  | 'stopped'
  /** It could not be started; given up. */
  | 'failed'

/** The shares and times that the policy goes by. Shares are of limits. */
export interface ExpansionRules {
  /** Zones that may run or be on the way at once, the first ones included. Default 8. */
  readonly maxZones: number
  /** Zones that stay open however little there is to do. Default 1. */
  readonly minZones: number
  /** A zone is started when the upper bound of all load at the horizon passes this share of what open and coming zones can take. Default 0.8. */
  readonly startAt: number
  /** A zone takes no newcomers while its upper bound, up to the end of the look-ahead, passes this share. Default 0.9. */
  readonly closeAt: number
  /** A zone that was closed takes newcomers again below this share. Default 0.8. */
  readonly reopenAt: number
  /** A zone is emptied when the others would stay below this share, for as long as `spareMs`. Default 0.5. */
  readonly drainAt: number
  /** Default a day. */
  readonly spareMs: number
  /** Time between two starts for want of a zone that accepts, and from a start to an emptying. Default one hour. */
  readonly cooldownMs: number
  /** A drained zone counts as idle below this share of its limit. Default 0.001. */
  readonly idleAt: number
}

const HOUR = 3_600_000

/** The rules where nothing else is said. */
export const DEFAULT_RULES: ExpansionRules = {
  maxZones: 8,
  minZones: 1,
  startAt: 0.8,
  closeAt: 0.9,
  reopenAt: 0.8,
  drainAt: 0.5,
  spareMs: 24 * HOUR,
  cooldownMs: HOUR,
  idleAt: 0.001,
}

/** `rules` over the defaults. Throws `HUB_INVALID_ARGUMENT` where they contradict each other. */
export function completeRules(rules: Partial<ExpansionRules> = {}): ExpansionRules {
  const all = { ...DEFAULT_RULES, ...rules }
  const rising = 0 <= all.idleAt && all.idleAt < all.drainAt && all.drainAt < all.startAt && all.reopenAt < all.closeAt
  if (!rising || !(all.minZones >= 1) || !(all.maxZones >= all.minZones) || all.cooldownMs < 0 || all.spareMs < 0)
    throw new HubError(
      'HUB_INVALID_ARGUMENT',
      'rules need idleAt < drainAt < startAt, reopenAt < closeAt, and at least one zone',
      { ...all },
    )
  return all
}

/** What the policy knows of a zone. */
export interface ZoneFacts {
  readonly name: string
  readonly phase: ZonePhase
  readonly limit: number
  /** Whether it takes newcomers. */
  readonly accepts: boolean
  readonly forecast: Forecast | undefined
  /** Whether the hub's books say that nothing of value is there or on its way. */
  readonly empty: boolean
}

/** What the policy remembers from one decision to the next. Plain JSON. */
export interface PolicyMemory {
  lastStartAt?: number | undefined
  /** Since when there has been a zone too many. */
  spareSince?: number | undefined
}

/** The figures that a decision about all zones was made from; loads in the unit of the samples. */
export interface FleetFigures {
  /** Upper bound of the load at the horizon that open and coming zones have to take; the newest load where there is no bound yet. */
  readonly demand: number
  /** The same up to the end of the look-ahead. */
  readonly peak: number
  /** What open and coming zones can take. */
  readonly capacity: number
  /** Zones that run or are on the way. */
  readonly zones: number
  readonly horizonMs: number
  /** The method that the forecast comes from. */
  readonly method: Forecast['method']
}

/** The figures that a decision about one zone was made from. */
export interface ZoneFigures {
  readonly limit: number
  readonly last: number
  readonly upper: number
  readonly peak: number
  readonly method: Forecast['method']
}

/** What is to be done, why, and from which figures. */
export type ExpansionDecision =
  /** `fleet-forecast`: all load nears what the zones can take. `no-zone-accepts`: newcomers have no place. */
  | { readonly action: 'start'; readonly reason: 'fleet-forecast' | 'no-zone-accepts'; readonly figures: FleetFigures }
  /** A zone that was being emptied is needed again; that is quicker than a start. */
  | {
      readonly action: 'keep'
      readonly zone: string
      readonly reason: 'fleet-forecast' | 'no-zone-accepts'
      readonly figures: FleetFigures
    }
  /** More is needed than the rules allow, or sooner. */
  | { readonly action: 'wait'; readonly reason: 'budget' | 'cooldown'; readonly figures: FleetFigures }
  /** The zone takes no newcomers for now, or takes them again. */
  | { readonly action: 'close'; readonly zone: string; readonly reason: 'zone-forecast'; readonly figures: ZoneFigures }
  | {
      readonly action: 'accept'
      readonly zone: string
      readonly reason: 'zone-forecast'
      readonly figures: ZoneFigures
    }
  /** The zone gets no newcomers for good: the others are enough. */
  | {
      readonly action: 'drain'
      readonly zone: string
      readonly reason: 'spare-capacity'
      readonly figures: FleetFigures
    }
  /** Nothing happens in a drained zone and nothing of value is left there. */
  | { readonly action: 'stop'; readonly zone: string; readonly reason: 'idle-and-empty'; readonly figures: ZoneFigures }

/** No hour of a day has more than so many times the load of another, as far as a zone without a past is concerned. */
const MAX_SHAPE = 20

/**
 * The forecast of a zone that has not seen a season yet, with the shape of all zones' load: where the fleet will rise to twice what it has now, so will
 * the zone. A zone that opens at night would else take in more than it can serve by day.
 */
export function withFleetShape(forecast: Forecast, fleet: Forecast): Forecast {
  if (forecast.seasonal || !fleet.seasonal || !(fleet.last > 0)) return forecast
  const shape = Math.min(MAX_SHAPE, fleet.peak / fleet.last)
  return { ...forecast, peak: Math.max(forecast.peak, forecast.last * shape) }
}

const upperOf = (forecast: Forecast) => forecast.upper ?? forecast.last

function figuresOf(zone: ZoneFacts, forecast: Forecast): ZoneFigures {
  const { last, peak, method } = forecast
  return { limit: zone.limit, last, upper: upperOf(forecast), peak, method }
}

/** Opens and closes zones to newcomers; the names of those that accept afterwards. */
function decideAcceptance(rules: ExpansionRules, zones: readonly ZoneFacts[]) {
  const decisions: ExpansionDecision[] = []
  const accepting = new Set<string>()
  for (const zone of zones) {
    if (zone.phase !== 'open') continue
    const { name, limit, forecast } = zone
    const share = forecast ? Math.max(upperOf(forecast), forecast.peak) / limit : 0
    const accepts = share <= (zone.accepts ? rules.closeAt : rules.reopenAt)
    if (accepts) accepting.add(name)
    if (forecast && accepts !== zone.accepts)
      decisions.push({
        action: accepts ? 'accept' : 'close',
        zone: name,
        reason: 'zone-forecast',
        figures: figuresOf(zone, forecast),
      })
  }
  return { decisions, accepting }
}

/**
 * What is to be done at `now`. `fleet` is the forecast of all zones' load together, `newLimit` the limit of a zone that would be started.
 * `memory` is changed.
 */
export function decide(input: {
  readonly now: number
  readonly rules: ExpansionRules
  readonly zones: readonly ZoneFacts[]
  readonly fleet: Forecast | undefined
  readonly newLimit: number
  readonly memory: PolicyMemory
}): ExpansionDecision[] {
  const { now, rules, zones, fleet, newLimit, memory } = input
  if (!fleet) return []
  const { decisions, accepting } = decideAcceptance(rules, zones)
  const inPhase = (...phases: ZonePhase[]) => zones.filter(({ phase }) => phases.includes(phase))
  const open = inPhase('open')
  const coming = inPhase('starting', 'attaching')
  const draining = inPhase('draining')
  const sum = (list: readonly ZoneFacts[], of: (zone: ZoneFacts) => number) =>
    list.reduce((all, zone) => all + of(zone), 0)
  // Those who live in a zone that is emptied stay there until they leave: the others need not take their load.
  let settled = sum(draining, ({ forecast }) => forecast?.point ?? 0)
  let capacity = sum([...open, ...coming], ({ limit }) => limit)
  let running = zones.length - inPhase('stopped', 'failed').length
  const figures = (): FleetFigures => ({
    demand: Math.max(0, upperOf(fleet) - settled),
    peak: Math.max(0, Math.max(fleet.peak, upperOf(fleet)) - settled),
    capacity,
    zones: running,
    horizonMs: fleet.horizonMs,
    method: fleet.method,
  })

  const kept = new Set<string>()
  /** One zone more, if the rules allow; whether there is one. */
  const expand = (reason: 'fleet-forecast' | 'no-zone-accepts'): boolean => {
    const back = draining.find(
      ({ name, limit, forecast }) => !kept.has(name) && (forecast?.peak ?? 0) <= rules.reopenAt * limit,
    )
    if (back) {
      decisions.push({ action: 'keep', zone: back.name, reason, figures: figures() })
      kept.add(back.name)
      capacity += back.limit
      settled -= back.forecast?.point ?? 0
    } else if (running < rules.maxZones) {
      decisions.push({ action: 'start', reason, figures: figures() })
      capacity += newLimit
      running++
    } else {
      decisions.push({ action: 'wait', reason: 'budget', figures: figures() })
      return false
    }
    memory.lastStartAt = now
    memory.spareSince = undefined
    return true
  }
  const cool = memory.lastStartAt === undefined || now - memory.lastStartAt >= rules.cooldownMs
  let expanded = false
  // Zones on the way count, so this ends by itself and needs no cooldown: a leap of the load may take several at once.
  while (figures().demand > rules.startAt * capacity && expand('fleet-forecast')) expanded = true
  const short = figures().demand > rules.startAt * capacity
  if (!expanded && !short && accepting.size === 0 && coming.length === 0) {
    if (cool) expanded = expand('no-zone-accepts')
    else decisions.push({ action: 'wait', reason: 'cooldown', figures: figures() })
  }

  // The zone with the least to do is emptied first: the fewest have to leave it by themselves.
  const least = [...open].sort((a, b) => (a.forecast?.last ?? 0) - (b.forecast?.last ?? 0))[0]
  const spare =
    !expanded && !short && least && coming.length === 0 && open.length > rules.minZones
      ? figures().peak < rules.drainAt * (capacity - least.limit)
      : false
  if (!spare) memory.spareSince = undefined
  else memory.spareSince ??= now
  if (spare && least && cool && now - memory.spareSince! >= rules.spareMs) {
    decisions.push({ action: 'drain', zone: least.name, reason: 'spare-capacity', figures: figures() })
    memory.spareSince = undefined
  }
  for (const zone of draining) {
    const { name, limit, forecast, empty } = zone
    if (forecast && !kept.has(name) && empty && Math.max(forecast.last, forecast.point) <= rules.idleAt * limit)
      decisions.push({ action: 'stop', zone: name, reason: 'idle-and-empty', figures: figuresOf(zone, forecast) })
  }
  return decisions
}
