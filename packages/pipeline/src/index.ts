export { isPipelineError, PipelineError, type PipelineErrorCode } from './errors.ts'
export { type ManualTimers, manualTimers, systemTimers, type Timers } from './platform/timers.ts'
export type { BatchLimits, StageContext } from './stage/engine.ts'
export { formatStats, type PipelineStats, type StageStats, type Summary } from './stage/metrics.ts'
export { type Outcome, Rejection, reject } from './stage/outcome.ts'
export {
  Pipeline,
  PipelineBuilder,
  type PipelineOptions,
  pipeline,
  type StageFunction,
  type StageOptions,
} from './stage/pipeline.ts'
export {
  serveStage,
  type Transferable,
  type WorkerLike,
  type WorkerStage,
  type WorkerStageOptions,
  workerStage,
} from './stage/worker-stage.ts'
