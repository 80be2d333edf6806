import { workerStage } from '../stage/worker-stage.ts'
import { type PackedSignatures, packSignatures, unpackSignatures } from '../tpu/signatures.ts'
import type { VerifyStage } from '../tpu/tpu.ts'
import type { DecodedTx, VerifiedTx } from '../tpu/transaction.ts'
import { nodeWorker } from './worker.ts'

export interface VerifyWorkers {
  readonly verify: VerifyStage
  /** For `verifyConcurrency`. */
  readonly size: number
  close(): void
}

export interface VerifyWorkerOptions {
  /** For `createVerifier`, in each worker. Default 32,768 (44 MB when all are taken). */
  readonly keyTables?: number
}

/** Verification on `size` worker threads; each has its own kernel and its own memory of keys. */
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
