import { PipelineError } from '../errors.ts'
import { nobleVerifier } from './noble.ts'
import type { BackendName, Verifier } from './port.ts'
import { selfTest } from './self-test.ts'
import { wasmVerifier } from './wasm.ts'

export interface VerifierOptions {
  /** Backends to try in this order; the first that loads and passes its self-test is taken. Default: fastest first. */
  readonly backends?: readonly BackendName[]
}

/**
 * The fastest verifier that runs correctly here. Cost: about 10 ms for tables and the self-test; keep it and share it.
 * Throws `PIPELINE_NO_BACKEND` when none of the asked backends works (noble always does).
 */
export function createVerifier(options: VerifierOptions = {}): Verifier {
  const backends = options.backends ?? ['wasm-relaxed-simd', 'wasm', 'noble']
  for (const backend of backends) {
    const verifier = backend === 'noble' ? nobleVerifier() : wasmVerifier(backend)
    if (verifier && (backend === 'noble' || selfTest(verifier))) return verifier
  }
  throw new PipelineError('PIPELINE_NO_BACKEND', `none of the backends works here: ${backends.join(', ')}`, {
    backends,
  })
}
