/** Sums, products and pairings of points as the precompiles of BN254 (EIP-196, EIP-197) and of BLS12-381 (EIP-2537) have them. */
import { EVMError } from '@ethereumjs/evm'
import { isBelow } from './big-endian.ts'
import { FP_BYTES, FR_BYTES, G1_BYTES, G2_BYTES, GT_BYTES, type Mcl } from './mcl.ts'

export interface CurveFormat {
  /** Bytes of a coordinate in the input; those in front are 0 where the modulus is shorter. */
  readonly coordinateBytes: number
  /** The field's modulus, big-endian, without zeros in front. */
  readonly modulus: Uint8Array
  /** Of a pair of coordinates the imaginary one comes first. */
  readonly imaginaryFirst: boolean
  /** The EVM's words for what is wrong. */
  readonly errors: { readonly notInField: EVMError['error']; readonly notOnCurve: EVMError['error'] }
}

/** One of the two groups of a pairing: what differs between them. */
interface Group {
  readonly pointBytes: number
  readonly inputBytes: number
  /** The coordinates of x and y in the order of the input, as offsets in mcl's memory. */
  readonly offsets: readonly number[]
  readonly fn: {
    readonly clear: (x: number) => void
    readonly isZero: (x: number) => number
    readonly isValid: (x: number) => number
    readonly isValidOrder: (x: number) => number
    readonly add: (z: number, x: number, y: number) => void
    readonly mulVec: (z: number, x: number, y: number, count: number) => void
    readonly normalize: (y: number, x: number) => void
  }
}

/** Points handled at a time: 60 KB of memory, and sums of products are hardly faster with more. */
const CHUNK = 128

export type GroupName = 'g1' | 'g2'

/** Errors of all: `EVMError` for what is no coordinate, not on the curve or, where that is asked, not in the subgroup. */
export class PairingCurve {
  readonly #mcl: Mcl
  readonly #format: CurveFormat
  readonly #groups: Readonly<Record<GroupName, Group>>
  readonly #g1: number
  readonly #g2: number
  readonly #scalars: number
  readonly #result: number
  readonly #gt: number

  constructor(mcl: Mcl, format: CurveFormat) {
    this.#mcl = mcl
    this.#format = format
    const { fn } = mcl
    const [first, second] = format.imaginaryFirst ? [FP_BYTES, 0] : [0, FP_BYTES]
    this.#groups = {
      g1: {
        pointBytes: G1_BYTES,
        inputBytes: 2 * format.coordinateBytes,
        offsets: [0, FP_BYTES],
        fn: {
          clear: fn._mclBnG1_clear,
          isZero: fn._mclBnG1_isZero,
          isValid: fn._mclBnG1_isValid,
          isValidOrder: fn._mclBnG1_isValidOrder,
          add: fn._mclBnG1_add,
          mulVec: fn._mclBnG1_mulVec,
          normalize: fn._mclBnG1_normalize,
        },
      },
      g2: {
        pointBytes: G2_BYTES,
        inputBytes: 4 * format.coordinateBytes,
        offsets: [first, second, 2 * FP_BYTES + first, 2 * FP_BYTES + second],
        fn: {
          clear: fn._mclBnG2_clear,
          isZero: fn._mclBnG2_isZero,
          isValid: fn._mclBnG2_isValid,
          isValidOrder: fn._mclBnG2_isValidOrder,
          add: fn._mclBnG2_add,
          mulVec: fn._mclBnG2_mulVec,
          normalize: fn._mclBnG2_normalize,
        },
      },
    }
    this.#g1 = mcl.alloc(CHUNK * G1_BYTES)
    this.#g2 = mcl.alloc(CHUNK * G2_BYTES)
    this.#scalars = mcl.alloc(CHUNK * FR_BYTES)
    this.#result = mcl.alloc(2 * G2_BYTES)
    this.#gt = mcl.alloc(2 * GT_BYTES)
  }

  /** The sum of the two points of `input`, which need not be in the subgroup. */
  add(name: GroupName, input: Uint8Array): Uint8Array {
    const group = this.#groups[name]
    const { fn, inputBytes, pointBytes } = group
    const a = this.#result
    const b = a + pointBytes
    this.#read(group, a, input.subarray(0, inputBytes))
    this.#read(group, b, input.subarray(inputBytes, 2 * inputBytes))
    fn.add(a, a, b)
    return this.#write(group, a)
  }

  /** The sum of the products of `input`, each a point of the subgroup and a scalar of 32 bytes. */
  sumOfProducts(name: GroupName, input: Uint8Array): Uint8Array {
    const group = this.#groups[name]
    const { fn, inputBytes, pointBytes } = group
    const itemBytes = inputBytes + FR_BYTES
    const points = name === 'g1' ? this.#g1 : this.#g2
    const sum = this.#result
    const part = sum + pointBytes
    fn.clear(sum)
    for (let start = 0; start < input.length; start += CHUNK * itemBytes) {
      const chunk = input.subarray(start, start + CHUNK * itemBytes)
      const count = chunk.length / itemBytes
      for (let i = 0; i < count; i++) {
        const item = chunk.subarray(i * itemBytes, (i + 1) * itemBytes)
        this.#read(group, points + i * pointBytes, item.subarray(0, inputBytes))
        this.#checkOrder(group, points + i * pointBytes)
        this.#mcl.setScalar(this.#scalars + i * FR_BYTES, item.subarray(inputBytes))
      }
      fn.mulVec(part, points, this.#scalars, count)
      fn.add(sum, sum, part)
    }
    return this.#write(group, sum)
  }

  /** Whether the product of the pairings of `input`, each a point of G1 and one of G2, is one. True for no pairs. */
  isPairingProductOne(input: Uint8Array): boolean {
    const { g1, g2 } = this.#groups
    const { fn } = this.#mcl
    const pairBytes = g1.inputBytes + g2.inputBytes
    const product = this.#gt
    const part = product + GT_BYTES
    fn._mclBnGT_setInt32(product, 1)
    for (let start = 0; start < input.length; start += CHUNK * pairBytes) {
      const chunk = input.subarray(start, start + CHUNK * pairBytes)
      let count = 0
      for (let at = 0; at < chunk.length; at += pairBytes) {
        const p = this.#g1 + count * G1_BYTES
        const q = this.#g2 + count * G2_BYTES
        this.#read(g1, p, chunk.subarray(at, at + g1.inputBytes))
        this.#checkOrder(g1, p)
        this.#read(g2, q, chunk.subarray(at + g1.inputBytes, at + pairBytes))
        this.#checkOrder(g2, q)
        // A pairing with the point at infinity is one.
        if (!g1.fn.isZero(p) && !g2.fn.isZero(q)) count++
      }
      if (count === 0) continue
      fn._mclBn_millerLoopVec(part, this.#g1, this.#g2, count)
      fn._mclBnGT_mul(product, product, part)
    }
    fn._mclBn_finalExp(part, product)
    return fn._mclBnGT_isOne(part) === 1
  }

  /** RFC 9380's map of a field element (of G2: of a pair of them) to a point of the subgroup. */
  map(name: GroupName, input: Uint8Array): Uint8Array {
    const { fn } = this.#mcl
    const { coordinateBytes } = this.#format
    const point = this.#result
    const element = point + G2_BYTES
    this.#readCoordinate(element, input.subarray(0, coordinateBytes))
    if (name === 'g2') this.#readCoordinate(element + FP_BYTES, input.subarray(coordinateBytes, 2 * coordinateBytes))
    if (name === 'g1') fn._mclBnFp_mapToG1(point, element)
    else fn._mclBnFp2_mapToG2(point, element)
    return this.#write(this.#groups[name], point)
  }

  #read(group: Group, at: number, input: Uint8Array): void {
    const { coordinateBytes } = this.#format
    if (input.every((byte) => byte === 0)) {
      group.fn.clear(at)
      return
    }
    for (const [index, offset] of group.offsets.entries())
      this.#readCoordinate(at + offset, input.subarray(index * coordinateBytes, (index + 1) * coordinateBytes))
    const { fn } = this.#mcl
    const z = at + (2 * group.pointBytes) / 3
    if (group.pointBytes === G2_BYTES) fn._mclBnFp_clear(z + FP_BYTES)
    fn._mclBnFp_setInt32(z, 1)
    if (!group.fn.isValid(at)) throw new EVMError(this.#format.errors.notOnCurve)
  }

  #readCoordinate(at: number, input: Uint8Array): void {
    const { modulus, errors } = this.#format
    const zeros = input.length - modulus.length
    for (let i = 0; i < zeros; i++) if (input[i] !== 0) throw new EVMError(errors.notInField)
    const value = input.subarray(zeros)
    if (!isBelow(value, modulus)) throw new EVMError(errors.notInField)
    this.#mcl.setCoordinate(at, value)
  }

  #checkOrder(group: Group, at: number): void {
    if (!group.fn.isValidOrder(at)) throw new EVMError(this.#format.errors.notOnCurve)
  }

  #write(group: Group, at: number): Uint8Array {
    const { coordinateBytes } = this.#format
    const out = new Uint8Array(group.inputBytes)
    if (group.fn.isZero(at)) return out
    group.fn.normalize(at, at)
    for (const [index, offset] of group.offsets.entries())
      this.#mcl.getCoordinate(out.subarray(index * coordinateBytes, (index + 1) * coordinateBytes), at + offset)
    return out
  }
}
