export { EXPORTS, type InstrumentedModule, instrument } from './metering/instrument.ts'
export { MODULE_LIMITS } from './module/limits.ts'
export { type Agreement, type AgreementOptions, type EdgeRunner, runWithAgreement } from './result/agree.ts'
export { httpRunner } from './result/http-runner.ts'
export {
  decodeRecord,
  decodeSignedResult,
  type ExpectedResult,
  encodeRecord,
  encodeSignedResult,
  type ResultRecord,
  type SignedResult,
  signResult,
  type Verdict,
  verifyResult,
} from './result/record.ts'
export { createEd25519Signer, type Signer, verifyEd25519 } from './result/signer.ts'
export type { BlockPort } from './run/content.ts'
export { HOST_FUEL, LOG_LIMITS, RUN_LIMITS } from './run/limits.ts'
export {
  createEdgePool,
  type EdgePool,
  type EdgePoolOptions,
  type EdgeResult,
  type EdgeRunOptions,
  rawCid,
} from './run/pool.ts'
export {
  type Grants,
  type PreparedFunction,
  prepareFunction,
  type RunNeeds,
  type RunOutcome,
  type RunRequest,
  type RunStatus,
  runFunction,
} from './run/run.ts'
export { serveEdge, type WorkerPort } from './run/worker.ts'
export type { EdgeWorker } from './run/workers.ts'
