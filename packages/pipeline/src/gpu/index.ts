/** `@zos/pipeline/gpu`: signatures on the GPU, by WebGPU. */
export { createGpuVerifier, type GpuVerifier, type GpuVerifierOptions } from './gpu-verifier.ts'
export { type VerifyOnGpuOptions, verifyOnGpu } from './verify-on-gpu.ts'
export type { Gpu, GpuAdapter, GpuBuffer, GpuDevice } from './webgpu.ts'
