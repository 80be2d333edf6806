import { workerStage } from '../stage/worker-stage.ts'
import { type PackedSignatures, packSignatures, unpackSignatures } from '../tpu/signatures.ts'
import type { VerifyStage } from '../tpu/tpu.ts'
import type { DecodedTx, VerifiedTx } from '../tpu/transaction.ts'
import { nodeWorker } from './worker.ts'

/** Signature checks on worker threads, made by {@link verifyOnWorkers}: the verify stage of a TPU or TVU. */
export interface VerifyWorkers {
  readonly verify: VerifyStage
  /** For `verifyConcurrency`. */
  readonly size: number
  /** Ends the threads; batches in work fail. */
  close(): void
}

/** How each worker of {@link verifyOnWorkers} is set up. */
export interface VerifyWorkerOptions {
  /** For `createVerifier`, in each worker. Default 32,768 (44 MB when all are taken). */
  readonly keyTables?: number
}

/**
 * Verification on `size` worker threads; each has its own kernel and its own memory of keys. A batch crosses without
 * copying; a worker that crashes fails its batch and is replaced.
 */
export function verifyOnWorkers(size: number, { keyTables = 32_768 }: VerifyWorkerOptions = {}): VerifyWorkers {
  const stage = workerStage<DecodedTx, VerifiedTx>({
    size,
    spawn: () => nodeWorker(new URL('./verify-worker.js', import.meta.url), { keyTables }),
    encode(items) {
      const packed = packSignatures(items)
      return { message: packed, transfer: [packed.native.buffer, packed.evm.buffer] }
    },
    decode: (reply, items) => unpackSignatures(reply as PackedSignatures, items),
  })
  return { verify: stage.run, size, close: stage.close }
}
