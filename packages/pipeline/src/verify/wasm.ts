import { verifyScalarWasm } from '../generated/verify-scalar.ts'
import { verifySimdWasm } from '../generated/verify-simd.ts'
import { bisect, type PreparedBatch } from './bisect.ts'
import { Kernel } from './kernel.ts'
import { nobleVerifier } from './noble.ts'
import type { Bip340Item, EcdsaItem, RecoverItem, Scheme, SchemeItems, Verifier } from './port.ts'

/** Items a call of `recover`: enough to share one inversion, small enough to stay in the second-level cache. */
const RECOVER_CHUNK = 256
/** Items a batch equation: beyond, the gain is below 3 % and memory leaves the cache. */
const BATCH_CHUNK = 1024
/** Layouts of assembly/recover.ts and assembly/secp256k1-verify.ts. */
const RECOVER_ITEM = 104
const RECOVER_RESULT = 104
const BIP340_ITEM = 144
const ECDSA_ITEM = 168
const RECORD = 312
const LIMIT = 1n << 256n

/** The verifier on WebAssembly; undefined where the engine refuses the module. */
export function wasmVerifier(backend: 'wasm-relaxed-simd' | 'wasm'): Verifier | undefined {
  const kernel = Kernel.load(backend === 'wasm' ? verifyScalarWasm : verifySimdWasm)
  return kernel && new WasmVerifier(backend, kernel)
}

class WasmVerifier implements Verifier {
  readonly backend: 'wasm-relaxed-simd' | 'wasm'
  readonly #kernel: Kernel
  readonly #reference = nobleVerifier()

  constructor(backend: 'wasm-relaxed-simd' | 'wasm', kernel: Kernel) {
    this.backend = backend
    this.#kernel = kernel
  }

  verifyMany<S extends Scheme>(scheme: S, items: readonly SchemeItems[S][]): boolean[] {
    if (scheme === 'ed25519') return this.#reference.verifyMany(scheme, items)
    const verdicts: boolean[] = []
    for (let start = 0; start < items.length; start += BATCH_CHUNK) {
      const { batch, live, single } = this.#prepare(scheme, items.slice(start, start + BATCH_CHUNK))
      const size = Math.min(BATCH_CHUNK, items.length - start)
      const chunk: boolean[] = Array(size).fill(false)
      const mark = (indices: number[], each: boolean[]) => {
        for (const [i, index] of indices.entries()) chunk[index] = each[i]!
      }
      mark(single, batch.checkEach(single))
      mark(live, bisect(batch, live))
      for (const verdict of chunk) verdicts.push(verdict)
    }
    return verdicts
  }

  verifyBatch<S extends Scheme>(scheme: S, items: readonly SchemeItems[S][]): boolean {
    if (scheme === 'ed25519') return this.#reference.verifyBatch(scheme, items)
    for (let start = 0; start < items.length; start += BATCH_CHUNK) {
      const chunk = items.slice(start, start + BATCH_CHUNK)
      const { batch, live, single } = this.#prepare(scheme, chunk)
      if (live.length + single.length < chunk.length) return false
      if (!batch.checkEach(single).every(Boolean)) return false
      if (live.length > 0 && !batch.checkTogether(live)) return false
    }
    return true
  }

  recoverMany(items: readonly RecoverItem[]): (Uint8Array | null)[] {
    return this.#recover(items, (bytes, at) => bytes.slice(at + 76, at + 96))
  }

  recoverPublicKeys(items: readonly RecoverItem[]): (Uint8Array | null)[] {
    return this.#recover(items, (bytes, at) => bytes.slice(at, at + 64))
  }

  /** Parses a chunk into records; which are fit for the batch equation, and which must be checked singly. */
  #prepare<S extends Scheme>(scheme: S, items: readonly SchemeItems[S][]) {
    const kernel = this.#kernel
    const { exports } = kernel
    const count = items.length
    const messages = scheme === 'bip340' ? (items as readonly Bip340Item[]).map((item) => item.message) : []
    const [input, records, list, weights, scratch, text] = kernel.reserve(
      count * Math.max(BIP340_ITEM, ECDSA_ITEM),
      count * RECORD,
      count * 4,
      count * 16,
      exports.msmScratch(3 * count + 2),
      messages.reduce((sum, message) => sum + message.length, 0),
    ) as [number, number, number, number, number, number]
    if (scheme === 'bip340') {
      this.#writeBip340(items as readonly Bip340Item[], input, text)
      exports.prepareBip340(input, count, records)
    } else {
      this.#writeEcdsa(items as readonly EcdsaItem[], input)
      if (count > 0) exports.prepareEcdsa(input, count, records, scratch)
    }
    const live: number[] = []
    const single: number[] = []
    for (let i = 0; i < count; i++) {
      const state = exports.recordState(records, i)
      if (state === 1) live.push(i)
      else if (state === 2) single.push(i)
    }
    const batch: PreparedBatch = {
      checkTogether(indices) {
        const { bytes, view } = kernel
        indices.forEach((index, i) => {
          view.setUint32(list + 4 * i, index, true)
        })
        crypto.getRandomValues(bytes.subarray(weights, weights + 16 * indices.length))
        return exports.checkBatch(records, list, indices.length, weights, scratch) !== 0
      },
      checkEach(indices) {
        const verdicts: boolean[] = []
        for (let i = 0; i < indices.length; i += 2) {
          const second = indices[i + 1]
          const bits = exports.checkSingle(records, indices[i]!, second ?? indices[i]!)
          verdicts.push((bits & 1) !== 0)
          if (second !== undefined) verdicts.push((bits & 2) !== 0)
        }
        return verdicts
      },
    }
    return { batch, live, single }
  }

  #writeBip340(items: readonly Bip340Item[], input: number, text: number): void {
    const { bytes, view } = this.#kernel
    items.forEach(({ publicKey, message, signature }, i) => {
      const at = input + i * BIP340_ITEM
      const keyBytes = publicKey.length
      const malformed = signature.length !== 64 || (keyBytes !== 32 && keyBytes !== 64)
      view.setUint32(at + 128, text, true)
      view.setUint32(at + 132, message.length, true)
      view.setUint32(at + 136, malformed ? 1 : 0, true)
      view.setUint32(at + 140, keyBytes === 64 ? 1 : 0, true)
      bytes.set(message, text)
      text += message.length
      if (malformed) return
      bytes.set(keyBytes === 32 ? publicKey : publicKey.subarray(0, 32), at + 32)
      if (keyBytes === 64) bytes.set(publicKey.subarray(32), at + 96)
      bytes.set(signature.subarray(0, 32), at)
      bytes.set(signature.subarray(32), at + 64)
    })
  }

  #writeEcdsa(items: readonly EcdsaItem[], input: number): void {
    const { bytes, view } = this.#kernel
    items.forEach(({ publicKey, hash, r, s, yParity }, i) => {
      const at = input + i * ECDSA_ITEM
      const malformed = publicKey.length !== 64 || hash.length !== 32 || !fits(r) || !fits(s)
      const parity = yParity === undefined ? 2 : yParity === 0 ? 0 : 1
      view.setUint32(at + 160, parity, true)
      view.setUint32(at + 164, malformed || (yParity !== undefined && yParity !== 0 && yParity !== 1) ? 1 : 0, true)
      if (malformed) return
      bytes.set(hash, at)
      this.#kernel.writeNumber(at + 32, r)
      this.#kernel.writeNumber(at + 64, s)
      bytes.set(publicKey, at + 96)
    })
  }

  /** Calls `take` with the address of each valid item's result. */
  #recover<T>(items: readonly RecoverItem[], take: (bytes: Uint8Array, at: number) => T): (T | null)[] {
    const out: (T | null)[] = []
    const kernel = this.#kernel
    for (let start = 0; start < items.length; start += RECOVER_CHUNK) {
      const chunk = items.slice(start, start + RECOVER_CHUNK)
      const [input, results, scratch] = kernel.reserve(
        chunk.length * RECOVER_ITEM,
        chunk.length * RECOVER_RESULT,
        kernel.exports.recoverScratch(chunk.length),
      ) as [number, number, number]
      const { bytes } = kernel
      chunk.forEach((item, i) => {
        const at = input + i * RECOVER_ITEM
        if (item.hash.length !== 32 || !fits(item.r) || !fits(item.s)) {
          bytes.fill(0, at, at + RECOVER_ITEM) // r = 0 is invalid
          return
        }
        bytes.set(item.hash, at)
        kernel.writeNumber(at + 32, item.r)
        kernel.writeNumber(at + 64, item.s)
        bytes[at + 96] = item.yParity === 0 ? 0 : item.yParity === 1 ? 1 : 2
      })
      kernel.exports.recover(input, chunk.length, results, scratch)
      for (let i = 0; i < chunk.length; i++) {
        const at = results + i * RECOVER_RESULT
        out.push(bytes[at + 96] === 1 ? take(bytes, at) : null)
      }
    }
    return out
  }
}

function fits(value: bigint): boolean {
  return value >= 0n && value < LIMIT
}
