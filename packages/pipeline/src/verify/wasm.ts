import { verifyScalarWasm } from '../generated/verify-scalar.ts'
import { verifySimdWasm } from '../generated/verify-simd.ts'
import { Kernel } from './kernel.ts'
import { nobleVerifier } from './noble.ts'
import type { RecoverItem, Verifier } from './port.ts'

/** Items a call of the kernel: enough to share one inversion, small enough to stay in the second-level cache. */
const CHUNK = 256
/** Layouts of assembly/recover.ts. */
const RECOVER_ITEM = 104
const RECOVER_RESULT = 104
const LIMIT = 1n << 256n

/** The verifier on WebAssembly; undefined where the engine refuses the module. */
export function wasmVerifier(backend: 'wasm-relaxed-simd' | 'wasm'): Verifier | undefined {
  const kernel = Kernel.load(backend === 'wasm' ? verifyScalarWasm : verifySimdWasm)
  if (!kernel) return undefined
  const reference = nobleVerifier()

  /** Calls `take` with the address of each valid item's result. */
  function recover<T>(items: readonly RecoverItem[], take: (bytes: Uint8Array, at: number) => T): (T | null)[] {
    const out: (T | null)[] = []
    for (let start = 0; start < items.length; start += CHUNK) {
      const chunk = items.slice(start, start + CHUNK)
      const { exports } = kernel!
      const [input, results, scratch] = kernel!.reserve(
        chunk.length * RECOVER_ITEM,
        chunk.length * RECOVER_RESULT,
        exports.recoverScratch(chunk.length),
      ) as [number, number, number]
      const { bytes } = kernel!
      chunk.forEach((item, i) => {
        const at = input + i * RECOVER_ITEM
        if (item.hash.length !== 32 || !fits(item.r) || !fits(item.s)) {
          bytes.fill(0, at, at + RECOVER_ITEM) // r = 0 is invalid
          return
        }
        bytes.set(item.hash, at)
        kernel!.writeNumber(at + 32, item.r)
        kernel!.writeNumber(at + 64, item.s)
        bytes[at + 96] = item.yParity === 0 ? 0 : item.yParity === 1 ? 1 : 2
      })
      exports.recover(input, chunk.length, results, scratch)
      for (let i = 0; i < chunk.length; i++) {
        const at = results + i * RECOVER_RESULT
        out.push(bytes[at + 96] === 1 ? take(bytes, at) : null)
      }
    }
    return out
  }

  return {
    ...reference,
    backend,
    recoverMany: (items) => recover(items, (bytes, at) => bytes.slice(at + 76, at + 96)),
    recoverPublicKeys: (items) => recover(items, (bytes, at) => bytes.slice(at, at + 64)),
  }
}

function fits(value: bigint): boolean {
  return value >= 0n && value < LIMIT
}
