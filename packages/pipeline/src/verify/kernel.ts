import { ensureMemory, instantiateSync } from '../hash/wasm-module.ts'

/** What every kernel exports; addresses and sizes in bytes. */
export interface KernelExports {
  readonly memory: WebAssembly.Memory
  /** Makes the tables. */
  init(): void
  /** Where the module's own data end. */
  heapBase(): number
}

/** What a kernel with batch equations exports besides. */
export interface BatchExports extends KernelExports {
  /** Bytes of scratch for `count` items. */
  batchScratch(count: number): number
  recordState(records: number, index: number): number
  checkBatch(records: number, list: number, count: number, weights: number, scratch: number): number
  /** Replaces each listed index by 1 when its record holds by itself, else by 0. */
  checkMany(records: number, list: number, count: number, scratch: number): void
}

/** The module of assembly/ed25519.ts. */
export interface Ed25519Exports extends BatchExports {
  prepareEd25519(items: number, count: number, records: number): void
}

/** The module of assembly/verify.ts. */
export interface Secp256k1Exports extends BatchExports {
  keyTableBytes(count: number): number
  initKeyTables(at: number, count: number, seed: bigint): void
  keyShare(): number
  recoverScratch(count: number): number
  recover(items: number, count: number, results: number, scratch: number): void
  liftKeys(keys: number, count: number, results: number): void
  prepareBip340(items: number, count: number, records: number, lone: boolean): void
  prepareEcdsa(items: number, count: number, records: number, scratch: number, lone: boolean): void
}

/** An instance with its tables made, and views on its memory that survive growth. */
export class Kernel<E extends KernelExports> {
  readonly exports: E
  #bytes: Uint8Array<ArrayBuffer>
  #view: DataView
  #free: number

  constructor(exports: E) {
    this.exports = exports
    this.#bytes = new Uint8Array(exports.memory.buffer as ArrayBuffer)
    this.#view = new DataView(exports.memory.buffer)
    exports.init()
    this.#free = align(exports.heapBase())
  }

  /** Undefined where the engine does not accept the module. */
  static load<E extends KernelExports>(base64: string): Kernel<E> | undefined {
    const exports = instantiateSync<E>(base64)
    return exports && new Kernel(exports)
  }

  /** An area that stays, zeroed, 16-byte aligned. Pages that are never touched cost nothing. */
  keep(size: number): number {
    const start = this.#free
    this.#free = align(start + size)
    ensureMemory(this.exports.memory, this.#free)
    return start
  }

  /** Reserves consecutive areas, 16-byte aligned; valid until the next call. */
  reserve(...sizes: number[]): number[] {
    let at = this.#free
    const areas = sizes.map((size) => {
      const start = at
      at = align(at + size)
      return start
    })
    ensureMemory(this.exports.memory, at)
    return areas
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    if (this.#bytes.buffer !== this.exports.memory.buffer)
      this.#bytes = new Uint8Array(this.exports.memory.buffer as ArrayBuffer)
    return this.#bytes
  }

  get view(): DataView {
    if (this.#view.buffer !== this.exports.memory.buffer) this.#view = new DataView(this.exports.memory.buffer)
    return this.#view
  }

  /** Writes an unsigned number below 2^256 as 32 bytes, big endian. */
  writeNumber(at: number, value: bigint): void {
    const { view } = this
    view.setBigUint64(at, value >> 192n)
    view.setBigUint64(at + 8, (value >> 128n) & WORD)
    view.setBigUint64(at + 16, (value >> 64n) & WORD)
    view.setBigUint64(at + 24, value & WORD)
  }
}

const WORD = 0xffffffffffffffffn

function align(at: number): number {
  return (at + 15) & ~15
}
