export { createZoneHub, type ZoneHubOptions } from './attach.ts'
export {
  type AttemptRules,
  createExpansion,
  type Expansion,
  type ExpansionOptions,
  type ZoneStatus,
} from './controller.ts'
export { createForecaster, type Forecast, type Forecaster, type ForecastOptions } from './forecaster.ts'
export type { ForecastMethod } from './models.ts'
export { type Candidate, choosePlacement, type Placement, type PlacementReason } from './placement.ts'
export {
  DEFAULT_RULES,
  type ExpansionDecision,
  type ExpansionRules,
  type FleetFigures,
  type ZoneFigures,
  type ZonePhase,
} from './policy.ts'
export {
  createMemoryExpansionStore,
  type ExpansionClock,
  type ExpansionEvent,
  type ExpansionStore,
  type LoadSource,
  type PortOptions,
  type RunningZone,
  type ZoneHub,
  type ZoneLauncher,
  type ZoneStep,
} from './ports.ts'
export type { ZoneRecord } from './zones.ts'
