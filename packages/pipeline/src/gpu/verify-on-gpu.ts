import { isPipelineError } from '../errors.ts'
import { packSignatures, SignatureChecker, unpackSignatures } from '../tpu/signatures.ts'
import type { VerifyStage } from '../tpu/tpu.ts'
import { createVerifier } from '../verify/create-verifier.ts'
import type { Verifier } from '../verify/port.ts'
import type { GpuVerifier } from './gpu-verifier.ts'

/** When {@link verifyOnGpu} leaves a batch to the CPU. */
export interface VerifyOnGpuOptions {
  /** What checks small batches, and all of them once the GPU is gone. Default: `createVerifier()`. */
  readonly cpu?: Verifier
  /** Batches below this stay on the CPU: the way to the GPU and back costs milliseconds. Default 512. */
  readonly minBatch?: number
}

const DEFAULT_MIN_BATCH = 512

/** The verify stage of a TPU or TVU on a GPU. Its verdicts are those of the CPU, which takes over when the GPU is lost. */
export function verifyOnGpu(gpu: GpuVerifier, options: VerifyOnGpuOptions = {}): VerifyStage {
  const { cpu = createVerifier(), minBatch = DEFAULT_MIN_BATCH } = options
  const checker = new SignatureChecker()
  let lost = false
  return async (items) => {
    const packed = packSignatures(items)
    if (!lost && items.length >= minBatch) {
      try {
        return unpackSignatures(await checker.checkBy(packed, gpu), items)
      } catch (error) {
        if (!isPipelineError(error, 'PIPELINE_GPU_LOST')) throw error
        lost = true
      }
    }
    return unpackSignatures(checker.check(packed, cpu), items)
  }
}
