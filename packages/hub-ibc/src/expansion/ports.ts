/** What the controller needs of the world: who starts zones, who attaches them, who measures them, where it remembers. */
import type { CancelSignal } from '../cancel.ts'
import type { ExpansionDecision } from './policy.ts'

/** Options of every port's calls. */
export interface PortOptions {
  /** Set when the answer is no longer waited for; long work should look at it now and then. */
  readonly signal: CancelSignal
}

/** Starts and stops the networks that zones are: processes, containers, a request to an operator. */
export interface ZoneLauncher {
  /**
   * Starts the zone of this name and resolves when it answers. It may be called again for the same name, after a failure, a hang or a restart of the
   * controller, and must then lead to one zone, not two.
   */
  start(name: string, options: PortOptions): Promise<{ readonly address: string }>
  /** Ends the zone. Called for one that is empty or never opened. A zone that does not exist is no error. */
  stop(name: string, options: PortOptions): Promise<void>
}

/** A zone that runs. */
export interface RunningZone {
  readonly name: string
  /** Where it is reached, as the launcher said. */
  readonly address: string
}

/** The hub's side. */
export interface ZoneHub {
  /** Opens a path between the hub and the zone; what it gives is kept with the zone. It may be called again after a failure. */
  attach(zone: RunningZone, options: PortOptions): Promise<Record<string, string>>
  /**
   * Whether the hub's books say that nothing of value is in the zone or on its way there or back. Without it no zone is ever stopped: what
   * lies in a stopped zone is lost.
   */
  empty?(zone: RunningZone & { readonly attachment: Record<string, string> }, options: PortOptions): Promise<boolean>
}

/**
 * The load of a zone since it was last asked, in units a second of the zone's limit: gas, or transactions. It should be what was wanted, not
 * only what was served: a full zone serves no more than its limit, however long the queue. Undefined or a rejection: not known.
 */
export type LoadSource = (zone: RunningZone, options: PortOptions) => Promise<number | undefined>

/** Where the state is kept, one text. */
export interface ExpansionStore {
  /** Undefined where nothing was saved. */
  load(): Promise<string | undefined>
  /** Should be durable when it resolves. */
  save(text: string): Promise<void>
}

/** Time. */
export interface ExpansionClock {
  /** Milliseconds since 1970. */
  now(): number
  /** Resolves after so many milliseconds, or when `signal` is aborted. Only `run` needs it. */
  sleep(milliseconds: number, signal?: CancelSignal): Promise<void>
}

/** An {@link ExpansionStore} in memory. */
export function createMemoryExpansionStore(text?: string): ExpansionStore & { readonly text: string | undefined } {
  let kept = text
  return {
    get text() {
      return kept
    },
    load: async () => kept,
    save: async (next) => {
      kept = next
    },
  }
}

/** What the launcher or the hub was doing. */
export type ZoneStep = 'start' | 'attach' | 'stop'

/** What happens, in order. */
export type ExpansionEvent =
  /** What the policy decided, with reason and figures; `zone` is the one it concerns. */
  | { readonly type: 'decision'; readonly at: number; readonly decision: ExpansionDecision; readonly zone?: string }
  /** A zone answers, and will now be attached. */
  | { readonly type: 'started'; readonly at: number; readonly zone: string; readonly address: string }
  /** A zone is open. */
  | {
      readonly type: 'attached'
      readonly at: number
      readonly zone: string
      readonly attachment: Record<string, string>
    }
  /** An attempt failed or took too long (`hung`), and will be repeated at `retryAt`. */
  | {
      readonly type: 'attempt-failed'
      readonly at: number
      readonly zone: string
      readonly step: ZoneStep
      readonly hung: boolean
      readonly failures: number
      readonly retryAt: number
      readonly error: unknown
    }
  /** As many attempts as allowed have failed. The policy may start another zone instead. */
  | {
      readonly type: 'gave-up'
      readonly at: number
      readonly zone: string
      readonly step: ZoneStep
      readonly error: unknown
    }
  | { readonly type: 'stopped'; readonly at: number; readonly zone: string }
  /** A zone's load could not be read; its forecast stands in. */
  | { readonly type: 'load-missing'; readonly at: number; readonly zone: string; readonly error: unknown }
