import type { CompressedKey, FullKey, RecoverItem, Scheme, SchemeItems } from '../verify/port.ts'

/**
 * Checks signatures on a GPU, with the verdicts of every `Verifier`: foreign data never throws, the answer to each input is the same. One by one, without
 * batch equations. Calls reject with `PIPELINE_GPU_LOST` once the GPU is gone.
 */
export interface GpuVerifier {
  readonly backend: 'webgpu'
  /** Vendor and architecture, as the platform tells them. */
  readonly adapter: string
  /** Resolves when the GPU is gone, with the reason. */
  readonly lost: Promise<string>
  /** A verdict per item. */
  verifyMany<S extends Scheme>(scheme: S, items: readonly SchemeItems[S][]): Promise<boolean[]>
  /** The Ethereum address (20 bytes) that signed each item; null where no public key fits. `s` of the upper half is refused. */
  recoverMany(items: readonly RecoverItem[]): Promise<(Uint8Array | null)[]>
  /** As {@link GpuVerifier.recoverMany}, the public key x ‖ y (64 bytes) instead of the address. */
  recoverPublicKeys(items: readonly RecoverItem[]): Promise<(Uint8Array | null)[]>
  /** Finds y and the address of each key; null where x is no coordinate of a point. */
  liftMany(keys: readonly CompressedKey[]): Promise<(FullKey | null)[]>
  /** Frees the GPU's memory; calls reject with `PIPELINE_GPU_LOST` from then on. */
  close(): void
}
