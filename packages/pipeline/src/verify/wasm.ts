import { ed25519ScalarWasm } from '../generated/ed25519-scalar.ts'
import { ed25519SimdWasm } from '../generated/ed25519-simd.ts'
import { verifyScalarWasm } from '../generated/verify-scalar.ts'
import { verifySimdWasm } from '../generated/verify-simd.ts'
import { Identifier, LEAST_GROUP } from './identifier.ts'
import { type Ed25519Exports, Kernel, type Secp256k1Exports } from './kernel.ts'
import type {
  Bip340Item,
  CompressedKey,
  EcdsaItem,
  Ed25519Item,
  FullKey,
  RecoverItem,
  Scheme,
  SchemeItems,
  Verifier,
} from './port.ts'
import { type Areas, judgeAll, judgeEach } from './prepared.ts'

/** Items a call of `recover`: enough to share one inversion, small enough to stay in the second-level cache. */
const RECOVER_CHUNK = 256
/** Items a batch equation: beyond, the gain is below 3 % and memory leaves the cache. */
const BATCH_CHUNK = 1024
/** Layouts of assembly/recover.ts, assembly/secp256k1-verify.ts and assembly/ed25519.ts. */
const RECOVER_ITEM = 104
const RECOVER_RESULT = 104
const LIFT_ITEM = 40
const BIP340_ITEM = 144
const ECDSA_ITEM = 168
const ED25519_ITEM = 112
const RECORD = 320
const ED25519_RECORD = 312
const LIMIT = 1n << 256n
/** What a kept table saves of a single check (measured; docs/verification.md). */
const KNOWN_SAVES = 0.42

type WasmBackend = 'wasm-relaxed-simd' | 'wasm'

/** The verifier on WebAssembly, keeping the tables of `keyTables` keys; undefined where the engine refuses the modules. */
export function wasmVerifier(backend: WasmBackend, keyTables: number): Verifier | undefined {
  const secp256k1 = Kernel.load<Secp256k1Exports>(backend === 'wasm' ? verifyScalarWasm : verifySimdWasm)
  const ed25519 = Kernel.load<Ed25519Exports>(backend === 'wasm' ? ed25519ScalarWasm : ed25519SimdWasm)
  if (!secp256k1 || !ed25519) return undefined
  const { exports } = secp256k1
  const tables = secp256k1.keep(exports.keyTableBytes(keyTables))
  exports.initKeyTables(tables, keyTables, crypto.getRandomValues(new BigUint64Array(1))[0]!)
  return new WasmVerifier(backend, secp256k1, ed25519)
}

class WasmVerifier implements Verifier {
  readonly backend: WasmBackend
  readonly #secp256k1: Kernel<Secp256k1Exports>
  readonly #ed25519: Kernel<Ed25519Exports>
  readonly #identifiers: Record<Scheme, Identifier>

  constructor(backend: WasmBackend, secp256k1: Kernel<Secp256k1Exports>, ed25519: Kernel<Ed25519Exports>) {
    this.backend = backend
    this.#secp256k1 = secp256k1
    this.#ed25519 = ed25519
    const singleCost = () => 1 - KNOWN_SAVES * secp256k1.exports.keyShare()
    this.#identifiers = {
      bip340: new Identifier(singleCost),
      ecdsa: new Identifier(singleCost),
      ed25519: new Identifier(),
    }
  }

  verifyMany<S extends Scheme>(scheme: S, items: readonly SchemeItems[S][]): boolean[] {
    const kernel = this.#kernel(scheme)
    const verdicts: boolean[] = []
    const identifier = this.#identifiers[scheme]
    for (let start = 0; start < items.length; start += BATCH_CHUNK) {
      const chunk = items.slice(start, start + BATCH_CHUNK)
      const areas = this.#prepare(scheme, chunk, chunk.length < LEAST_GROUP || identifier.prefersSingles)
      for (const verdict of judgeEach(kernel, areas, identifier)) verdicts.push(verdict)
    }
    return verdicts
  }

  verifyBatch<S extends Scheme>(scheme: S, items: readonly SchemeItems[S][]): boolean {
    const kernel = this.#kernel(scheme)
    for (let start = 0; start < items.length; start += BATCH_CHUNK) {
      const chunk = items.slice(start, start + BATCH_CHUNK)
      if (!judgeAll(kernel, this.#prepare(scheme, chunk, chunk.length < LEAST_GROUP))) return false
    }
    return true
  }

  recoverMany(items: readonly RecoverItem[]): (Uint8Array | null)[] {
    return this.#recover(items, (bytes, at) => bytes.slice(at + 76, at + 96))
  }

  recoverPublicKeys(items: readonly RecoverItem[]): (Uint8Array | null)[] {
    return this.#recover(items, (bytes, at) => bytes.slice(at, at + 64))
  }

  liftMany(keys: readonly CompressedKey[]): (FullKey | null)[] {
    const kernel = this.#secp256k1
    const count = keys.length
    const [input, results] = kernel.reserve(count * LIFT_ITEM, count * RECOVER_RESULT) as [number, number]
    const { bytes } = kernel
    for (let i = 0; i < count; i++) {
      const { x, yParity } = keys[i]!
      const at = input + i * LIFT_ITEM
      bytes[at + 32] = x.length !== 32 ? 2 : yParity === 0 ? 0 : yParity === 1 ? 1 : 2
      if (x.length === 32) bytes.set(x, at)
    }
    if (count > 0) kernel.exports.liftKeys(input, count, results)
    return keys.map((_, i) => {
      const at = results + i * RECOVER_RESULT
      if (bytes[at + 96] !== 1) return null
      return { publicKey: bytes.slice(at, at + 64), address: bytes.slice(at + 76, at + 96) }
    })
  }

  #kernel(scheme: Scheme): Kernel<Secp256k1Exports> | Kernel<Ed25519Exports> {
    return scheme === 'ed25519' ? this.#ed25519 : this.#secp256k1
  }

  /** Parses a chunk of at least one item into records; `lone`: for single checks only, where that is cheaper. */
  #prepare<S extends Scheme>(scheme: S, items: readonly SchemeItems[S][], lone: boolean): Areas {
    switch (scheme) {
      case 'bip340':
        return this.#prepareBip340(items as readonly Bip340Item[], lone)
      case 'ecdsa':
        return this.#prepareEcdsa(items as readonly EcdsaItem[], lone)
      default:
        return this.#prepareEd25519(items as readonly Ed25519Item[])
    }
  }

  #prepareBip340(items: readonly Bip340Item[], lone: boolean): Areas {
    const kernel = this.#secp256k1
    const count = items.length
    const [input, records, list, weights, scratch, messages] = kernel.reserve(
      count * BIP340_ITEM,
      count * RECORD,
      count * 4,
      count * 16,
      kernel.exports.batchScratch(count),
      totalLength(items),
    ) as [number, number, number, number, number, number]
    const { bytes, view } = kernel
    let text = messages
    for (let i = 0; i < count; i++) {
      const { publicKey, message, signature } = items[i]!
      const at = input + i * BIP340_ITEM
      const malformed = signature.length !== 64 || (publicKey.length !== 32 && publicKey.length !== 64)
      view.setUint32(at + 128, text, true)
      view.setUint32(at + 132, message.length, true)
      view.setUint32(at + 136, malformed ? 1 : 0, true)
      view.setUint32(at + 140, publicKey.length === 64 ? 1 : 0, true)
      bytes.set(message, text)
      text += message.length
      if (malformed) continue
      bytes.set(publicKey.length === 32 ? publicKey : publicKey.subarray(0, 32), at + 32)
      if (publicKey.length === 64) bytes.set(publicKey.subarray(32), at + 96)
      bytes.set(signature.subarray(0, 32), at)
      bytes.set(signature.subarray(32), at + 64)
    }
    kernel.exports.prepareBip340(input, count, records, lone)
    return { count, records, list, weights, scratch, lone }
  }

  #prepareEcdsa(items: readonly EcdsaItem[], lone: boolean): Areas {
    const kernel = this.#secp256k1
    const count = items.length
    const [input, records, list, weights, scratch] = kernel.reserve(
      count * ECDSA_ITEM,
      count * RECORD,
      count * 4,
      count * 16,
      kernel.exports.batchScratch(count),
    ) as [number, number, number, number, number]
    const { bytes, view } = kernel
    for (let i = 0; i < count; i++) {
      const { publicKey, hash, r, s, yParity } = items[i]!
      const at = input + i * ECDSA_ITEM
      const known = yParity === 0 || yParity === 1
      const malformed =
        publicKey.length !== 64 || hash.length !== 32 || !fits(r) || !fits(s) || (!known && yParity !== undefined)
      view.setUint32(at + 160, known ? yParity : 2, true)
      view.setUint32(at + 164, malformed ? 1 : 0, true)
      if (malformed) continue
      bytes.set(hash, at)
      kernel.writeNumber(at + 32, r)
      kernel.writeNumber(at + 64, s)
      bytes.set(publicKey, at + 96)
    }
    kernel.exports.prepareEcdsa(input, count, records, scratch, lone)
    return { count, records, list, weights, scratch, lone }
  }

  #prepareEd25519(items: readonly Ed25519Item[]): Areas {
    const kernel = this.#ed25519
    const count = items.length
    const [input, records, list, weights, scratch, messages] = kernel.reserve(
      count * ED25519_ITEM,
      count * ED25519_RECORD,
      count * 4,
      count * 16,
      kernel.exports.batchScratch(count),
      totalLength(items),
    ) as [number, number, number, number, number, number]
    const { bytes, view } = kernel
    let text = messages
    for (let i = 0; i < count; i++) {
      const { publicKey, message, signature } = items[i]!
      const at = input + i * ED25519_ITEM
      const malformed = signature.length !== 64 || publicKey.length !== 32
      view.setUint32(at + 96, text, true)
      view.setUint32(at + 100, message.length, true)
      view.setUint32(at + 104, malformed ? 1 : 0, true)
      bytes.set(message, text)
      text += message.length
      if (malformed) continue
      bytes.set(signature.subarray(0, 32), at)
      bytes.set(publicKey, at + 32)
      bytes.set(signature.subarray(32), at + 64)
    }
    kernel.exports.prepareEd25519(input, count, records)
    return { count, records, list, weights, scratch, lone: false }
  }

  /** Calls `take` with the address of each valid item's result. */
  #recover<T>(items: readonly RecoverItem[], take: (bytes: Uint8Array, at: number) => T): (T | null)[] {
    const out: (T | null)[] = []
    const kernel = this.#secp256k1
    for (let start = 0; start < items.length; start += RECOVER_CHUNK) {
      const count = Math.min(RECOVER_CHUNK, items.length - start)
      const [input, results, scratch] = kernel.reserve(
        count * RECOVER_ITEM,
        count * RECOVER_RESULT,
        kernel.exports.recoverScratch(count),
      ) as [number, number, number]
      const { bytes } = kernel
      for (let i = 0; i < count; i++) {
        const { hash, r, s, yParity } = items[start + i]!
        const at = input + i * RECOVER_ITEM
        if (hash.length !== 32 || !fits(r) || !fits(s)) {
          bytes.fill(0, at, at + RECOVER_ITEM) // r = 0 is invalid
          continue
        }
        bytes.set(hash, at)
        kernel.writeNumber(at + 32, r)
        kernel.writeNumber(at + 64, s)
        bytes[at + 96] = yParity === 0 ? 0 : yParity === 1 ? 1 : 2
      }
      kernel.exports.recover(input, count, results, scratch)
      for (let i = 0; i < count; i++) {
        const at = results + i * RECOVER_RESULT
        out.push(bytes[at + 96] === 1 ? take(bytes, at) : null)
      }
    }
    return out
  }
}

function totalLength(items: readonly { readonly message: Uint8Array }[]): number {
  let total = 0
  for (const { message } of items) total += message.length
  return total
}

function fits(value: bigint): boolean {
  return value >= 0n && value < LIMIT
}
