// Makes signed transactions for the TPU benches. Everything on the curve is noble's; to sign hundreds of thousands in seconds, keys and
// nonces are consecutive multiples of the base point, one addition each, brought to affine form together. Such nonces would give
// a secret key away; for a benchmark they are as distinct and as expensive to verify as any.
import { normalizeZ } from '@noble/curves/abstract/curve.js'
import { schnorr, secp256k1 } from '@noble/curves/secp256k1.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { encodeNativeTransfer, nativeTransferId } from '@zos/pipeline/native'

const { Point } = secp256k1
const { Fn, Fp } = Point
export const CHAIN_ID = 7n

export interface Key {
  readonly secret: bigint
  /** x ‖ y. */
  readonly publicKey: Uint8Array
  readonly address: Uint8Array
}

/** `count` consecutive multiples of the base point from `first` on, affine. */
function multiples(first: bigint, count: number): { x: bigint; y: bigint }[] {
  const points = [Point.BASE.multiply(first)]
  for (let i = 1; i < count; i++) points.push(points[i - 1]!.add(Point.BASE))
  return normalizeZ(Point, points).map((point) => point.toAffine())
}

export function makeKeys(count: number, first: bigint): Key[] {
  return multiples(first, count).map(({ x, y }, i) => {
    const publicKey = Uint8Array.from([...Fp.toBytes(x), ...Fp.toBytes(y)])
    return { secret: first + BigInt(i), publicKey, address: keccak_256(publicKey).slice(12) }
  })
}

export interface Plan {
  readonly from: Key
  readonly to: Uint8Array
  readonly nonce: bigint
  readonly amount: bigint
}

const number = (bytes: Uint8Array) => BigInt(`0x${Buffer.from(bytes).toString('hex')}`)

/** BIP-340: native transfers. */
export function signNative(plans: readonly Plan[], firstNonce: bigint): Uint8Array[] {
  const nonces = multiples(firstNonce, plans.length)
  return plans.map(({ from, to, nonce, amount }, i) => {
    const x = from.publicKey.slice(0, 32)
    const odd = from.publicKey[63]! & 1
    const raw = encodeNativeTransfer({ chainId: CHAIN_ID, nonce, amount, fee: 0n, to }, x, odd as 0 | 1)
    const d = odd ? Fn.neg(from.secret) : from.secret
    const R = nonces[i]!
    const k = R.y & 1n ? Fn.neg(firstNonce + BigInt(i)) : firstNonce + BigInt(i)
    const r = Fp.toBytes(R.x)
    const e = Fn.create(number(schnorr.utils.taggedHash('BIP0340/challenge', r, x, nativeTransferId(raw))))
    raw.set(r, 112)
    raw.set(Fn.toBytes(Fn.add(k, Fn.mul(e, d))), 144)
    return raw
  })
}

/** ECDSA: Ethereum transactions of type 2, `data` for all of them. */
export function signEvm(
  plans: readonly Plan[],
  firstNonce: bigint,
  gasLimit: bigint,
  data: (plan: Plan) => Uint8Array = () => new Uint8Array(0),
  target?: Uint8Array,
): Uint8Array[] {
  const nonces = multiples(firstNonce, plans.length)
  const inverses = Fn.invertBatch(plans.map((_, i) => firstNonce + BigInt(i)))
  return plans.map((plan, i) => {
    const fields = [
      integer(CHAIN_ID),
      integer(plan.nonce),
      integer(0n),
      integer(0n),
      integer(gasLimit),
      text(target ?? plan.to),
      integer(target ? 0n : plan.amount),
      text(data(plan)),
      Uint8Array.of(0xc0),
    ]
    const hash = keccak_256(Uint8Array.from([2, ...list(fields)]))
    const R = nonces[i]!
    const r = Fn.create(R.x)
    let s = Fn.mul(inverses[i]!, Fn.add(Fn.create(number(hash)), Fn.mul(r, plan.from.secret)))
    let parity = R.y & 1n
    if (s > Fn.ORDER >> 1n) {
      s = Fn.neg(s)
      parity ^= 1n
    }
    return Uint8Array.from([2, ...list([...fields, integer(parity), integer(r), integer(s)])])
  })
}

function text(bytes: Uint8Array): Uint8Array {
  if (bytes.length === 1 && bytes[0]! < 0x80) return bytes
  return bytes.length < 56
    ? Uint8Array.from([0x80 + bytes.length, ...bytes])
    : Uint8Array.from([0xb8, bytes.length, ...bytes])
}
function integer(value: bigint): Uint8Array {
  const hex = value === 0n ? '' : value.toString(16)
  return text(Uint8Array.from(Buffer.from(hex.length % 2 ? `0${hex}` : hex, 'hex')))
}
function list(items: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(items)
  const size = content.length
  const head = size < 56 ? [0xc0 + size] : size < 256 ? [0xf8, size] : [0xf9, size >> 8, size & 255]
  return Uint8Array.from([...head, ...content])
}
