/** What the controller keeps of each zone, and its form on disk. */
import { HubError } from '../errors.ts'
import type { PolicyMemory, ZonePhase } from './policy.ts'

/** A zone as the controller knows it. Plain JSON. */
export interface ZoneRecord {
  readonly name: string
  /** The most load that it can take, in the unit of the samples. */
  readonly limit: number
  phase: ZonePhase
  /** Whether it takes newcomers. */
  accepts: boolean
  /** Where it is reached, as the launcher said. */
  address?: string | undefined
  /** What attaching it to the hub gave: client identifiers, a route; for the caller. */
  attachment?: Record<string, string> | undefined
  /** Attempts to start or attach it that failed in a row. */
  failures: number
  /** When the next attempt is due, if one has failed. */
  retryAt?: number | undefined
  /** Milliseconds since 1970 when the phase began. */
  since: number
}

/** Everything that outlives a restart. */
export interface ExpansionState {
  readonly version: 1
  readonly zones: ZoneRecord[]
  readonly memory: PolicyMemory
  /** The number in the next zone's name. */
  nextZone: number
  /** The sampling interval that was observed last, counted from 1970. */
  lastInterval?: number | undefined
  /** By zone, and of all of them together. */
  forecasts: { zones: Record<string, unknown>; fleet?: unknown }
}

const PHASES: readonly ZonePhase[] = ['starting', 'attaching', 'open', 'draining', 'stopping', 'stopped', 'failed']

/** Reads what was saved. Throws `HUB_DECODE` where it is damaged or of another version. */
export function parseState(text: string): ExpansionState {
  let state: ExpansionState
  try {
    state = JSON.parse(text) as ExpansionState
  } catch (cause) {
    throw new HubError('HUB_DECODE', 'the state of the expansion is not JSON', {}, { cause })
  }
  if (state?.version !== 1)
    throw new HubError('HUB_DECODE', 'the state of the expansion is of another version; this code reads version 1', {
      version: state?.version,
    })
  const names = new Set<string>()
  const sound =
    Array.isArray(state.zones) &&
    state.zones.every(
      ({ name, limit, phase, failures, since }) =>
        typeof name === 'string' &&
        !names.has(name) &&
        names.add(name) &&
        limit > 0 &&
        PHASES.includes(phase) &&
        Number.isInteger(failures) &&
        Number.isFinite(since),
    ) &&
    Number.isInteger(state.nextZone) &&
    typeof state.memory === 'object' &&
    typeof state.forecasts?.zones === 'object'
  if (!sound) throw new HubError('HUB_DECODE', 'the state of the expansion is damaged', { zones: [...names] })
  return state
}
