export { type Construction, createErasureCode, type ErasureCode, type ErasureCodeOptions, MAX_SHARDS } from './code.ts'
export {
  bestKernel,
  createScalarKernel,
  createWasmKernel,
  type Kernel,
  type KernelName,
  type KernelPlan,
} from './kernel.ts'
export type { Matrix } from './matrix.ts'
export type { PlaneRunner } from './plane-runner.ts'
export {
  decodeSegment,
  type EncodedSegment,
  encodeSegment,
  encodeStream,
  MAX_SEGMENT_BYTES,
  shardLength,
} from './segment.ts'
export type { LinearMap } from './transform.ts'
