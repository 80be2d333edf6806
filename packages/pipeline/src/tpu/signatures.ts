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
import type { CompressedKey, EcdsaItem, Verifier } from '../verify/port.ts'
import type { DecodedTx, VerifiedTx } from './transaction.ts'

export interface PackedSignatures {
  readonly native: Uint8Array<ArrayBuffer>
  readonly evm: Uint8Array<ArrayBuffer>
}

const EVM_BYTES = 117
const RESULT_BYTES = 21
/** Keys remembered of each kind, about 100 MB in all when full; then the older half is forgotten. */
const MAX_KEYS = 250_000
const PRIME = 2n ** 256n - 2n ** 32n - 977n

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

/** Checks packed batches, remembering the keys it met. */
export function signatureChecker(verifier: Verifier): (batch: PackedSignatures) => PackedSignatures {
  const nativeKeys = new KeyMemory<{ even: Uint8Array; address: Uint8Array }>()
  const evmKeys = new KeyMemory<Uint8Array>()
  return ({ native, evm }) => ({
    native: checkNative(verifier, native, nativeKeys),
    evm: checkEvm(verifier, evm, evmKeys),
  })
}

/** Two generations: bounded, and what is in use survives. */
class KeyMemory<T> {
  #young = new Map<string, T>()
  #old = new Map<string, T>()

  get(name: string): T | undefined {
    const young = this.#young.get(name)
    if (young !== undefined) return young
    const old = this.#old.get(name)
    if (old !== undefined) this.set(name, old)
    return old
  }

  set(name: string, value: T): void {
    if (this.#young.size >= MAX_KEYS / 2) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(name, value)
  }
}

function checkNative(
  verifier: Verifier,
  batch: Uint8Array,
  memory: KeyMemory<{ even: Uint8Array; address: Uint8Array }>,
): Uint8Array<ArrayBuffer> {
  const count = batch.length / NATIVE_TRANSFER_BYTES
  const raws = Array.from({ length: count }, (_, i) =>
    batch.subarray(i * NATIVE_TRANSFER_BYTES, (i + 1) * NATIVE_TRANSFER_BYTES),
  )
  const names = raws.map((raw) => latin1(raw, 80, 112) + (raw[2] === 1 ? '1' : '0'))
  const known = names.map((name) => memory.get(name))
  const unknown = new Map<string, CompressedKey>()
  for (const [i, name] of names.entries())
    if (!known[i]) unknown.set(name, { x: raws[i]!.subarray(80, 112), yParity: raws[i]![2] === 1 ? 1 : 0 })
  const lifted = verifier.liftMany([...unknown.values()])
  const found = new Map([...unknown.keys()].map((name, i) => [name, lifted[i]!] as const))
  const keys = names.map((name, i) => {
    if (known[i]) return known[i]
    const full = found.get(name)
    return full ? { even: evenForm(full.publicKey), address: full.address } : undefined
  })
  const verdicts = verifier.verifyMany(
    'bip340',
    raws.map((raw, i) => ({
      publicKey: keys[i]?.even ?? raw.subarray(80, 112),
      message: nativeTransferId(raw),
      signature: raw.subarray(112, 176),
    })),
  )
  const out = new Uint8Array(count * RESULT_BYTES)
  for (let i = 0; i < count; i++) {
    const key = keys[i]
    if (!verdicts[i] || !key) continue
    out[i * RESULT_BYTES] = 1
    out.set(key.address, i * RESULT_BYTES + 1)
    // Only proven keys are remembered: nobody can fill the memory without signing.
    if (!known[i]) memory.set(names[i]!, key)
  }
  return out
}

function checkEvm(verifier: Verifier, batch: Uint8Array, memory: KeyMemory<Uint8Array>): Uint8Array<ArrayBuffer> {
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
    const publicKey = batch[at + 96]! & 2 ? memory.get(latin1(batch, at + 97, at + 117)) : undefined
    if (publicKey) hinted.push({ i, item: { ...items[i]!, publicKey } })
    else rest.push(i)
  }
  const verdicts = verifier.verifyMany(
    'ecdsa',
    hinted.map(({ item }) => item),
  )
  for (const [k, { i }] of hinted.entries()) {
    if (verdicts[k]) accept(i, batch.subarray(i * EVM_BYTES + 97, i * EVM_BYTES + 117))
    else rest.push(i) // the hint, or the signature, is wrong
  }
  const keys = verifier.recoverPublicKeys(rest.map((i) => items[i]!))
  for (const [k, i] of rest.entries()) {
    const key = keys[k]
    if (!key) continue
    const address = keccak256(key).subarray(12)
    accept(i, address)
    memory.set(latin1(address, 0, 20), key)
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

function latin1(bytes: Uint8Array, start: number, end: number): string {
  return String.fromCharCode.apply(null, bytes.subarray(start, end) as unknown as number[])
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
