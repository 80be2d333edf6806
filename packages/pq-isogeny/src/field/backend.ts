/** Which engine computes: WebAssembly where it can be compiled, else BigInt. One engine a parameter set, made on first use. */
import { IsogenyError } from '../errors.ts'
import type { ParameterSet } from '../params.ts'
import { createBigIntEngine } from './bigint.ts'
import type { Fp2Engine } from './engine.ts'
import { createWasmEngine, isWasmAvailable } from './wasm.ts'

/** `auto` is WebAssembly with BigInt as the fallback, for example under a content-security policy without `wasm-unsafe-eval`. */
export type Backend = 'auto' | 'wasm' | 'bigint'

let chosen: Backend = 'auto'
const engines = new Map<string, Fp2Engine>()

/**
 * Chooses the backend of all later calls in this realm. Results do not depend on it, only time: BigInt is about eight times
 * slower.
 * @throws {IsogenyError} `ISOGENY_INVALID_ARGUMENT` for another name
 */
export function setBackend(backend: Backend): void {
  if (backend !== 'auto' && backend !== 'wasm' && backend !== 'bigint')
    throw new IsogenyError('ISOGENY_INVALID_ARGUMENT', `backend must be 'auto', 'wasm' or 'bigint'`, { backend })
  chosen = backend
}

/** The engine of a parameter set under the chosen backend. */
export function engineOf(set: ParameterSet): Fp2Engine {
  const key = `${chosen}/${set.name}`
  let engine = engines.get(key)
  if (engine === undefined) {
    engine = make(set)
    engines.set(key, engine)
  }
  return engine
}

function make(set: ParameterSet): Fp2Engine {
  if (chosen === 'bigint') return createBigIntEngine(set)
  try {
    if (isWasmAvailable()) return createWasmEngine(set)
  } catch (cause) {
    if (chosen === 'wasm')
      throw new IsogenyError('ISOGENY_BACKEND', 'this platform does not compile WebAssembly at run time', {}, { cause })
  }
  if (chosen === 'wasm') throw new IsogenyError('ISOGENY_BACKEND', 'this platform has no WebAssembly')
  return createBigIntEngine(set)
}
