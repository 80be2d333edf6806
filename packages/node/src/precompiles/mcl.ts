/** mcl, the elliptic curves in WebAssembly, one instance a curve: a thin layer over its memory. */

/** mcl's numbers of the curves. */
export const MclCurveId = { bn254: 4, bls12381: 5, p256: 107 } as const
/** Bytes of a coordinate in mcl's memory, and of a scalar; of any curve. */
export const FP_BYTES = 48
export const FR_BYTES = 32
/** A point is x, y and z; of G2 each of two coordinates. */
export const G1_BYTES = 3 * FP_BYTES
export const G2_BYTES = 6 * FP_BYTES
export const GT_BYTES = 12 * FP_BYTES
/** What the build was compiled for: the library refuses another one. */
const COMPILED_TIME_VAR = 46
/** RFC 9380's maps to the curve. */
const MAP_TO_MODE_RFC9380 = 5

type Pointer = number

/** Functions of the module that are used here, under the names it has them: results are written to the first argument. */
export interface MclFunctions {
  readonly wasmMemory: WebAssembly.Memory
  _malloc(bytes: number): Pointer
  _mclBn_init(curve: number, compiledTimeVar: number): number
  _mclBn_setMapToMode(mode: number): number
  _mclBn_verifyOrderG1(check: number): void
  _mclBn_verifyOrderG2(check: number): void
  _mclBnFp_setBigEndianMod(x: Pointer, buffer: Pointer, bytes: number): number
  _mclBnFp_getLittleEndian(buffer: Pointer, bytes: number, x: Pointer): number
  _mclBnFp_setInt32(x: Pointer, value: number): void
  _mclBnFp_clear(x: Pointer): void
  _mclBnFp_mapToG1(point: Pointer, x: Pointer): number
  _mclBnFp2_mapToG2(point: Pointer, x: Pointer): number
  _mclBnFr_setBigEndianMod(x: Pointer, buffer: Pointer, bytes: number): number
  _mclBnFr_inv(y: Pointer, x: Pointer): void
  _mclBnFr_mul(z: Pointer, x: Pointer, y: Pointer): void
  _mclBnG1_clear(x: Pointer): void
  _mclBnG1_isZero(x: Pointer): number
  _mclBnG1_isValid(x: Pointer): number
  _mclBnG1_isValidOrder(x: Pointer): number
  _mclBnG1_add(z: Pointer, x: Pointer, y: Pointer): void
  _mclBnG1_sub(z: Pointer, x: Pointer, y: Pointer): void
  _mclBnG1_mul(z: Pointer, x: Pointer, y: Pointer): void
  _mclBnG1_mulVec(z: Pointer, x: Pointer, y: Pointer, count: number): void
  _mclBnG1_normalize(y: Pointer, x: Pointer): void
  _mclBnG1_getBasePoint(x: Pointer): void
  _mclBnG1_deserialize(x: Pointer, buffer: Pointer, bytes: number): number
  _mclBnG2_clear(x: Pointer): void
  _mclBnG2_isZero(x: Pointer): number
  _mclBnG2_isValid(x: Pointer): number
  _mclBnG2_isValidOrder(x: Pointer): number
  _mclBnG2_add(z: Pointer, x: Pointer, y: Pointer): void
  _mclBnG2_sub(z: Pointer, x: Pointer, y: Pointer): void
  _mclBnG2_mul(z: Pointer, x: Pointer, y: Pointer): void
  _mclBnG2_mulVec(z: Pointer, x: Pointer, y: Pointer, count: number): void
  _mclBnG2_normalize(y: Pointer, x: Pointer): void
  _mclBnG2_deserialize(x: Pointer, buffer: Pointer, bytes: number): number
  _mclBnGT_setInt32(x: Pointer, value: number): void
  _mclBnGT_isOne(x: Pointer): number
  _mclBnGT_mul(z: Pointer, x: Pointer, y: Pointer): void
  _mclBn_millerLoopVec(z: Pointer, x: Pointer, y: Pointer, count: number): void
  _mclBn_finalExp(y: Pointer, x: Pointer): void
  _mclBn_setETHserialization(enable: number): void
}

/** One curve of mcl with its memory. Calls are synchronous and take turns. */
export class Mcl {
  readonly fn: MclFunctions
  readonly #buffer: Pointer
  #view: Uint8Array

  private constructor(fn: MclFunctions) {
    this.fn = fn
    this.#buffer = fn._malloc(FP_BYTES)
    this.#view = new Uint8Array(fn.wasmMemory.buffer)
  }

  /** Cost: some 30 ms and 3 MB. Errors: those of WebAssembly, where the engine has none. */
  static async load(curve: number): Promise<Mcl> {
    // 600 KB of text that most nodes need never.
    const { default: createModule } = await import('mcl-wasm/dist/mcl_c.js')
    const fn = (await createModule({ cryptoGetRandomValues: noRandomness })) as MclFunctions
    if (fn._mclBn_init(curve, COMPILED_TIME_VAR) !== 0) throw new Error(`mcl does not know curve ${curve}`)
    fn._mclBn_setMapToMode(MAP_TO_MODE_RFC9380)
    // Whether a point is in the subgroup is asked where it matters.
    fn._mclBn_verifyOrderG1(0)
    fn._mclBn_verifyOrderG2(0)
    return new Mcl(fn)
  }

  alloc(bytes: number): Pointer {
    return this.fn._malloc(bytes)
  }

  /** The memory; it grows now and then, and what was got before is dead then. */
  get memory(): Uint8Array {
    const { buffer } = this.fn.wasmMemory
    if (this.#view.buffer !== buffer) this.#view = new Uint8Array(buffer)
    return this.#view
  }

  /** Sets a coordinate from big-endian bytes, at most 48, that are below the modulus. */
  setCoordinate(at: Pointer, value: Uint8Array): void {
    this.memory.set(value, this.#buffer)
    this.fn._mclBnFp_setBigEndianMod(at, this.#buffer, value.length)
  }

  /** Writes the coordinate to the end of `out`, big-endian; the rest of `out` is left as it is. */
  getCoordinate(out: Uint8Array, at: Pointer): void {
    const length = this.fn._mclBnFp_getLittleEndian(this.#buffer, FP_BYTES, at)
    const { memory } = this
    for (let i = 0; i < length; i++) out[out.length - 1 - i] = memory[this.#buffer + i]!
  }

  /** Sets a scalar from 32 big-endian bytes, modulo the order. */
  setScalar(at: Pointer, value: Uint8Array): void {
    this.memory.set(value, this.#buffer)
    this.fn._mclBnFr_setBigEndianMod(at, this.#buffer, value.length)
  }
}

function noRandomness(): never {
  throw new Error('nothing here is random')
}
