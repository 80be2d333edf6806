/**
 * The verify stage in packed form: a batch crosses to a worker as two byte arrays and comes back as two. In one thread the same
 * code runs without the crossing.
 *
 *   native in:  the 176 bytes of each transfer            evm in:  signing hash (32) ‖ r (32) ‖ s (32) ‖ flags ‖ sender hint (20)
 *   out, both:  1 when valid ‖ sender's address (20)               flags: bit 0 parity, bit 1 a hint is given
 */
import { keccak256 } from '../hash/keccak.ts'
import { NATIVE_TRANSFER_BYTES, nativeTransferId } from '../native/native-transfer.ts'
import { Rejection } from '../stage/outcome.ts'
import type { CompressedKey, EcdsaItem, FullKey, RecoverItem, Scheme, SchemeItems, Verifier } from '../verify/port.ts'
import { KeyMemory } from './key-memory.ts'
import type { DecodedTx, VerifiedTx } from './transaction.ts'

/**
 * A batch on its way to a verifier or back: native transfers and Ethereum transactions, each packed in one array, so
 * that a worker gets them without copying. In: 176 and 117 bytes an item; out: 21 each, a verdict and the sender's
 * address.
 */
export interface PackedSignatures {
  readonly native: Uint8Array<ArrayBuffer>
  readonly evm: Uint8Array<ArrayBuffer>
}

const EVM_BYTES = 117
const RESULT_BYTES = 21
/** Keys remembered of each kind; 52 MB in all when full. */
const MAX_KEYS = 250_000
/** x of a native sender's key and the parity of its y. */
const NATIVE_KEY_BYTES = 33
const EVEN_KEY_BYTES = 64
const FULL_KEY_BYTES = 64
const ADDRESS_BYTES = 20
const PRIME = 2n ** 256n - 2n ** 32n - 977n

/**
 * Packs what a verifier needs of each item, in order; {@link signatureChecker} answers in the same form. Cost: one copy
 * of about 150 bytes an item.
 */
export function packSignatures(items: readonly DecodedTx[]): PackedSignatures {
  const natives = items.reduce((count, item) => count + (item.kind === 'native' ? 1 : 0), 0)
  const native = new Uint8Array(natives * NATIVE_TRANSFER_BYTES)
  const evm = new Uint8Array((items.length - natives) * EVM_BYTES)
  const view = new DataView(evm.buffer)
  let n = 0
  let e = 0
  for (const item of items) {
    if (item.kind === 'native') {
      native.set(item.raw, n)
      n += NATIVE_TRANSFER_BYTES
      continue
    }
    const { signingHash, signature } = item.tx
    evm.set(signingHash, e)
    writeNumber(view, e + 32, signature.r)
    writeNumber(view, e + 64, signature.s)
    evm[e + 96] = signature.yParity | (item.senderHint?.length === 20 ? 2 : 0)
    if (item.senderHint?.length === 20) evm.set(item.senderHint, e + 97)
    e += EVM_BYTES
  }
  return { native, evm }
}

/** The answer for the items that were packed, in their order. */
export function unpackSignatures(
  { native, evm }: PackedSignatures,
  items: readonly DecodedTx[],
): (VerifiedTx | Rejection)[] {
  let n = 0
  let e = 0
  return items.map((item) => {
    const [from, at] = item.kind === 'native' ? [native, n] : [evm, e]
    if (item.kind === 'native') n += RESULT_BYTES
    else e += RESULT_BYTES
    if (from[at] !== 1) return new Rejection('signature')
    return { ...item, from: from.subarray(at + 1, at + RESULT_BYTES) }
  })
}

/** What a verifier is asked for on the way. */
type Query = (verifier: Verifier | AsyncVerifier) => unknown
/** A check that stops at each of its queries and goes on with the answer. */
type Check = Generator<Query, Uint8Array<ArrayBuffer>, never>

/** A verifier elsewhere, such as on a GPU. */
export interface AsyncVerifier {
  verifyMany<S extends Scheme>(scheme: S, items: readonly SchemeItems[S][]): Promise<boolean[]>
  recoverPublicKeys(items: readonly RecoverItem[]): Promise<(Uint8Array | null)[]>
  liftMany(keys: readonly CompressedKey[]): Promise<(FullKey | null)[]>
}

/** Checks packed batches, remembering the keys it met. */
export class SignatureChecker {
  readonly #nativeKeys = new KeyMemory(MAX_KEYS, NATIVE_KEY_BYTES, EVEN_KEY_BYTES + ADDRESS_BYTES)
  readonly #evmKeys = new KeyMemory(MAX_KEYS, ADDRESS_BYTES, FULL_KEY_BYTES)

  check({ native, evm }: PackedSignatures, verifier: Verifier): PackedSignatures {
    const run = (check: Check) => {
      let step = check.next()
      while (!step.done) step = check.next(step.value(verifier) as never)
      return step.value
    }
    return { native: run(checkNative(native, this.#nativeKeys)), evm: run(checkEvm(evm, this.#evmKeys)) }
  }

  async checkBy({ native, evm }: PackedSignatures, verifier: AsyncVerifier): Promise<PackedSignatures> {
    const run = async (check: Check) => {
      let step = check.next()
      while (!step.done) step = check.next((await step.value(verifier)) as never)
      return step.value
    }
    return { native: await run(checkNative(native, this.#nativeKeys)), evm: await run(checkEvm(evm, this.#evmKeys)) }
  }
}

/** Checks packed batches in this thread, remembering the keys it met. */
export function signatureChecker(verifier: Verifier): (batch: PackedSignatures) => PackedSignatures {
  const checker = new SignatureChecker()
  return (batch) => checker.check(batch, verifier)
}

interface Senders {
  readonly senders: (Uint8Array | undefined)[]
  readonly fresh: boolean[]
}

/** The even key (x ‖ y) ‖ address of each transfer's sender; `fresh` where it was not remembered; undefined where x is on no point. */
function* nativeSenders(names: readonly Uint8Array[], memory: KeyMemory): Generator<Query, Senders, never> {
  const senders = names.map((name) => memory.get(name))
  const fresh = senders.map((sender) => sender === undefined)
  const unknown = [...senders.keys()].filter((i) => fresh[i])
  const keys = unknown.map(
    (i): CompressedKey => ({ x: names[i]!.subarray(0, 32), yParity: names[i]![32] === 1 ? 1 : 0 }),
  )
  const lifted: (FullKey | null)[] = yield (verifier) => verifier.liftMany(keys)
  for (const [k, i] of unknown.entries()) {
    const full = lifted[k]
    if (!full) continue
    const sender = new Uint8Array(EVEN_KEY_BYTES + ADDRESS_BYTES)
    sender.set(evenForm(full.publicKey))
    sender.set(full.address, EVEN_KEY_BYTES)
    senders[i] = sender
  }
  return { senders, fresh }
}

function* checkNative(batch: Uint8Array, memory: KeyMemory): Check {
  const count = batch.length / NATIVE_TRANSFER_BYTES
  const raws = Array.from({ length: count }, (_, i) =>
    batch.subarray(i * NATIVE_TRANSFER_BYTES, (i + 1) * NATIVE_TRANSFER_BYTES),
  )
  const names = raws.map((raw) => {
    const name = new Uint8Array(NATIVE_KEY_BYTES)
    name.set(raw.subarray(80, 112))
    name[32] = raw[2] === 1 ? 1 : 0
    return name
  })
  const { senders, fresh } = yield* nativeSenders(names, memory)
  const items = raws.map((raw, i) => ({
    publicKey: senders[i]?.subarray(0, EVEN_KEY_BYTES) ?? raw.subarray(80, 112),
    message: nativeTransferId(raw),
    signature: raw.subarray(112, 176),
  }))
  const verdicts: boolean[] = yield (verifier) => verifier.verifyMany('bip340', items)
  const out = new Uint8Array(count * RESULT_BYTES)
  for (let i = 0; i < count; i++) {
    const sender = senders[i]
    if (!verdicts[i] || !sender) continue
    out[i * RESULT_BYTES] = 1
    out.set(sender.subarray(EVEN_KEY_BYTES), i * RESULT_BYTES + 1)
  }
  // Only proven keys are remembered: nobody can fill the memory without signing.
  for (let i = 0; i < count; i++) if (fresh[i] && verdicts[i] && senders[i]) memory.set(names[i]!, senders[i]!)
  return out
}

function* checkEvm(batch: Uint8Array, memory: KeyMemory): Check {
  const count = batch.length / EVM_BYTES
  const view = new DataView(batch.buffer, batch.byteOffset, batch.length)
  const out = new Uint8Array(count * RESULT_BYTES)
  const items = Array.from({ length: count }, (_, i) => {
    const at = i * EVM_BYTES
    const flags = batch[at + 96]!
    return {
      hash: batch.subarray(at, at + 32),
      r: readNumber(view, at + 32),
      s: readNumber(view, at + 64),
      yParity: (flags & 1) as 0 | 1,
    }
  })
  const accept = (i: number, address: Uint8Array) => {
    out[i * RESULT_BYTES] = 1
    out.set(address, i * RESULT_BYTES + 1)
  }
  const hinted: { i: number; item: EcdsaItem }[] = []
  const rest: number[] = []
  for (let i = 0; i < count; i++) {
    const at = i * EVM_BYTES
    const publicKey = batch[at + 96]! & 2 ? memory.get(batch, at + 97) : undefined
    if (publicKey) hinted.push({ i, item: { ...items[i]!, publicKey } })
    else rest.push(i)
  }
  const known = hinted.map(({ item }) => item)
  const verdicts: boolean[] = yield (verifier) => verifier.verifyMany('ecdsa', known)
  for (const [k, { i }] of hinted.entries()) {
    if (verdicts[k]) accept(i, batch.subarray(i * EVM_BYTES + 97, i * EVM_BYTES + 117))
    else rest.push(i) // the hint, or the signature, is wrong
  }
  const unknown = rest.map((i) => items[i]!)
  const keys: (Uint8Array | null)[] = yield (verifier) => verifier.recoverPublicKeys(unknown)
  for (const [k, i] of rest.entries()) {
    const key = keys[k]
    if (!key) continue
    const address = keccak256(key).subarray(12)
    accept(i, address)
    memory.set(address, key)
  }
  return out
}

/** x ‖ the even one of y and p − y. */
function evenForm(key: Uint8Array): Uint8Array {
  if ((key[63]! & 1) === 0) return key
  const view = new DataView(key.buffer, key.byteOffset, 64)
  const out = key.slice()
  writeNumber(new DataView(out.buffer), 32, PRIME - readNumber(view, 32))
  return out
}

function readNumber(view: DataView, at: number): bigint {
  return (
    (view.getBigUint64(at) << 192n) |
    (view.getBigUint64(at + 8) << 128n) |
    (view.getBigUint64(at + 16) << 64n) |
    view.getBigUint64(at + 24)
  )
}

function writeNumber(view: DataView, at: number, value: bigint): void {
  view.setBigUint64(at, value >> 192n)
  view.setBigUint64(at + 8, (value >> 128n) & 0xffffffffffffffffn)
  view.setBigUint64(at + 16, (value >> 64n) & 0xffffffffffffffffn)
  view.setBigUint64(at + 24, value & 0xffffffffffffffffn)
}
