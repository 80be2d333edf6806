/** What the GPU is asked about signatures on secp256k1, and what follows from its answer. Hashes and scalars are worked out here. */
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { utf8ToBytes } from '@noble/hashes/utils.js'
import type { Bip340Item, CompressedKey, EcdsaItem, RecoverItem } from '../verify/port.ts'
import { fromBigEndian, putBigEndian, putNumber, toBigEndian } from './items.ts'
import { ITEM_WORDS, RESULT_WORDS, yFrom } from './secp256k1-wgsl.ts'

const PRIME = secp256k1.Point.Fp.ORDER
const { Fn } = secp256k1.Point
const ORDER = Fn.ORDER
const HALF_ORDER = ORDER >> 1n
const X = 0
const Y = 8
const OF_G = 16
const OF_P = 24
const Y_FROM = 32

/** Items for the GPU: a·G + b·P of each. */
export class Questions {
  readonly words: Uint32Array<ArrayBuffer>

  constructor(count: number) {
    this.words = new Uint32Array(count * ITEM_WORDS)
    for (let i = 0; i < count; i++) this.words[i * ITEM_WORDS + Y_FROM] = yFrom.nothing
  }

  /** P by both coordinates; nothing when one is p or more. */
  setPoint(index: number, xy: Uint8Array): void {
    const at = index * ITEM_WORDS
    if (fromBigEndian(xy.subarray(0, 32)) >= PRIME || fromBigEndian(xy.subarray(32, 64)) >= PRIME) return
    putBigEndian(this.words, at + X, xy.subarray(0, 32))
    putBigEndian(this.words, at + Y, xy.subarray(32, 64))
    this.words[at + Y_FROM] = yFrom.item
  }

  /** P by x and the parity of y; nothing when x is p or more. */
  setX(index: number, x: bigint, parity: 0 | 1): void {
    if (x >= PRIME) return
    putNumber(this.words, index * ITEM_WORDS + X, x)
    this.words[index * ITEM_WORDS + Y_FROM] = parity === 0 ? yFrom.evenRoot : yFrom.oddRoot
  }

  setScalars(index: number, ofG: bigint, ofP: bigint): void {
    putNumber(this.words, index * ITEM_WORDS + OF_G, ofG)
    putNumber(this.words, index * ITEM_WORDS + OF_P, ofP)
  }
}

/** The points that came of {@link Questions}. */
export class Answers {
  readonly #words: Uint32Array

  constructor(words: Uint32Array) {
    this.#words = words
  }

  /** x ‖ y, or undefined where there is no point, or it is the one at infinity. */
  point(index: number): Uint8Array | undefined {
    const at = index * RESULT_WORDS
    if (this.#words[at + 16] !== 1) return undefined
    const bytes = new Uint8Array(64)
    bytes.set(toBigEndian(this.#words, at), 0)
    bytes.set(toBigEndian(this.#words, at + 8), 32)
    return bytes
  }
}

const TAG = sha256(utf8ToBytes('BIP0340/challenge'))
/** What every challenge begins with: the tag twice, one block. */
const CHALLENGE = sha256.create().update(TAG).update(TAG)

/** BIP-340: R = s·G − e·P has an even y and the x of the signature. */
export function askBip340(items: readonly Bip340Item[]): Questions {
  const questions = new Questions(items.length)
  items.forEach(({ publicKey, message, signature }, i) => {
    if (signature.length !== 64 || (publicKey.length !== 32 && publicKey.length !== 64)) return
    const s = fromBigEndian(signature.subarray(32))
    if (s >= ORDER) return
    const x = publicKey.subarray(0, 32)
    if (publicKey.length === 32) questions.setX(i, fromBigEndian(x), 0)
    else if ((publicKey[63]! & 1) === 0) questions.setPoint(i, publicKey)
    const hash = CHALLENGE.clone().update(signature.subarray(0, 32)).update(x).update(message).digest()
    questions.setScalars(i, s, Fn.neg(fromBigEndian(hash) % ORDER))
  })
  return questions
}

export function judgeBip340(items: readonly Bip340Item[], answers: Answers): boolean[] {
  return items.map(({ signature }, i) => {
    const point = answers.point(i)
    return point !== undefined && (point[63]! & 1) === 0 && startsWith(point, signature.subarray(0, 32))
  })
}

/** ECDSA: R = (z/s)·G + (r/s)·P has r as its x, modulo the order; exactly r, and the parity, where a parity is given. */
export function askEcdsa(items: readonly EcdsaItem[]): Questions {
  const questions = new Questions(items.length)
  const good = items.map(
    ({ publicKey, hash, r, s, yParity }) =>
      publicKey.length === 64 &&
      hash.length === 32 &&
      inRange(r, s) &&
      (yParity === undefined || yParity === 0 || yParity === 1),
  )
  const inverses = Fn.invertBatch(items.map(({ s }, i) => (good[i] ? s : 0n)))
  items.forEach(({ publicKey, hash, r }, i) => {
    if (!good[i]) return
    questions.setPoint(i, publicKey)
    questions.setScalars(i, Fn.mul(fromBigEndian(hash) % ORDER, inverses[i]!), Fn.mul(r, inverses[i]!))
  })
  return questions
}

export function judgeEcdsa(items: readonly EcdsaItem[], answers: Answers): boolean[] {
  return items.map(({ r, yParity }, i) => {
    const point = answers.point(i)
    if (point === undefined) return false
    const x = fromBigEndian(point.subarray(0, 32))
    return yParity === undefined ? x % ORDER === r : x === r && (point[63]! & 1) === yParity
  })
}

/** The key of a signature: Q = (s/r)·R − (z/r)·G, with r as the x of R (SEC 1 §4.1.6 with j = 0). */
export function askRecover(items: readonly RecoverItem[]): Questions {
  const questions = new Questions(items.length)
  const good = items.map(
    ({ hash, r, s, yParity }) => hash.length === 32 && inRange(r, s) && (yParity === 0 || yParity === 1),
  )
  const inverses = Fn.invertBatch(items.map(({ r }, i) => (good[i] ? r : 0n)))
  items.forEach(({ hash, r, s, yParity }, i) => {
    if (!good[i]) return
    questions.setX(i, r, yParity)
    questions.setScalars(i, Fn.neg(Fn.mul(fromBigEndian(hash) % ORDER, inverses[i]!)), Fn.mul(s, inverses[i]!))
  })
  return questions
}

/** The point of each key: 0·G + 1·P. */
export function askLift(keys: readonly CompressedKey[]): Questions {
  const questions = new Questions(keys.length)
  keys.forEach(({ x, yParity }, i) => {
    if (x.length !== 32 || (yParity !== 0 && yParity !== 1)) return
    questions.setX(i, fromBigEndian(x), yParity)
    questions.setScalars(i, 0n, 1n)
  })
  return questions
}

function inRange(r: bigint, s: bigint): boolean {
  return r > 0n && r < ORDER && s > 0n && s <= HALF_ORDER
}

function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  return prefix.every((byte, i) => byte === bytes[i])
}
