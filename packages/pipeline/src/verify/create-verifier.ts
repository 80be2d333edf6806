import { PipelineError } from '../errors.ts'
import { nobleVerifier } from './noble.ts'
import type { BackendName, Verifier } from './port.ts'
import { selfTest } from './self-test.ts'
import { wasmVerifier } from './wasm.ts'

/** Which implementation checks signatures, and how much memory it may take for keys that come again. */
export interface VerifierOptions {
  /** Backends to try in this order; the first that loads and passes its self-test is taken. Default: fastest first. */
  readonly backends?: readonly BackendName[]
  /**
   * Secp256k1 keys whose tables are kept, a multiple of 4 up to 1,048,576; those that were idle longest are replaced. The next signatures of such
   * a key are checked in about half the time. 1,352 bytes a key, taken as they are used. Default 4,096 (5.5 MB).
   */
  readonly keyTables?: number
}

const DEFAULT_KEY_TABLES = 4096
const MOST_KEY_TABLES = 1_048_576

/**
 * The fastest verifier that runs correctly here. Cost: about 10 ms for tables and the self-test; keep it and share it.
 * Throws `PIPELINE_NO_BACKEND` when none of the asked backends works (noble always does), `PIPELINE_INVALID_ARGUMENT` for a bad number of tables.
 */
export function createVerifier(options: VerifierOptions = {}): Verifier {
  const backends = options.backends ?? ['wasm-relaxed-simd', 'wasm', 'noble']
  const keyTables = options.keyTables ?? DEFAULT_KEY_TABLES
  if (!Number.isInteger(keyTables / 4) || keyTables < 0 || keyTables > MOST_KEY_TABLES)
    throw new PipelineError('PIPELINE_INVALID_ARGUMENT', `keyTables must be a multiple of 4 up to ${MOST_KEY_TABLES}`, {
      keyTables,
    })
  for (const backend of backends) {
    const verifier = backend === 'noble' ? nobleVerifier() : wasmVerifier(backend, keyTables)
    if (verifier && (backend === 'noble' || selfTest(verifier))) return verifier
  }
  throw new PipelineError('PIPELINE_NO_BACKEND', `none of the backends works here: ${backends.join(', ')}`, {
    backends,
  })
}
