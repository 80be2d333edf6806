import type { DemandBook } from './demand-book.ts'
import { demandCacheWasm } from './generated/demand-cache-wasm.ts'

/** The exports of assembly/cache/demand-cache.ts: the methods of {@link DemandBook}, each after the address of a book. */
type Kernel = {
  [Name in keyof DemandBook]: DemandBook[Name] extends (...args: infer Args) => infer Result
    ? (book: number, ...args: Args) => Result extends boolean ? number : Result
    : never
} & { create(capacityBytes: number): number; destroy(book: number): void; memory: WebAssembly.Memory }

let kernel: Kernel | undefined
let refused = false
/** What a request calls, as variables: an engine then compiles the call into the caller (a tenth of the time of a request). */
let find: Kernel['find']
let hit: Kernel['hit']
let hitRow: Kernel['hitRow']
let hitInteger: Kernel['hitInteger']
let put: Kernel['put']
let putInteger: Kernel['putInteger']
let add: Kernel['add']

function load(): Kernel | undefined {
  if (kernel || refused) return kernel
  try {
    const bytes = Uint8Array.from(atob(demandCacheWasm), (character) => character.charCodeAt(0))
    const abort = () => {
      throw new Error('the cache kernel gave up')
    }
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { abort } })
    kernel = instance.exports as unknown as Kernel
    ;({ find, hit, hitInteger, hitRow, put, putInteger, add } = kernel)
  } catch {
    refused = true
  }
  return kernel
}

const abandoned = new FinalizationRegistry<number>((address) => kernel?.destroy(address))

/** A book in the memory of the one kernel. `undefined` where there is no WebAssembly or no memory. */
export function createKernelBook(capacityBytes: number): DemandBook | undefined {
  const loaded = load()
  const address = loaded?.create(capacityBytes)
  if (!loaded || !address) return undefined
  const book = new KernelBook(loaded, address)
  abandoned.register(book, address)
  return book
}

class KernelBook implements DemandBook {
  private readonly at: number
  private readonly kernel: Kernel

  constructor(kernel: Kernel, at: number) {
    this.kernel = kernel
    this.at = at
  }

  find(hash: number, low: number, high: number, after: number): number {
    return find(this.at, hash, low, high, after)
  }

  hit(hash: number, low: number, high: number): number {
    return hit(this.at, hash, low, high)
  }

  hitInteger(key: number): number {
    return hitInteger(this.at, key)
  }

  hitRow(row: number): void {
    hitRow(this.at, row)
  }

  use(row: number): void {
    this.kernel.use(this.at, row)
  }

  put(hash: number, low: number, high: number, size: number): number {
    return put(this.at, hash, low, high, size)
  }

  putInteger(key: number, size: number): number {
    return putInteger(this.at, key, size)
  }

  add(hash: number, low: number, high: number, size: number): number {
    return add(this.at, hash, low, high, size)
  }

  makeRoom(hash: number, size: number): void {
    this.kernel.makeRoom(this.at, hash, size)
  }

  enter(hash: number, low: number, high: number, size: number): number {
    return this.kernel.enter(this.at, hash, low, high, size)
  }

  nextLeft(): number {
    return this.kernel.nextLeft(this.at)
  }

  takeCrowded(): boolean {
    return this.kernel.takeCrowded(this.at) !== 0
  }

  remove(row: number): void {
    this.kernel.remove(this.at, row)
  }

  isLive(row: number): boolean {
    return this.kernel.isLive(this.at, row) !== 0
  }

  sizeOf(row: number): number {
    return this.kernel.sizeOf(this.at, row)
  }

  lowOf(row: number): number {
    return this.kernel.lowOf(this.at, row)
  }

  highOf(row: number): number {
    return this.kernel.highOf(this.at, row)
  }

  markOf(row: number): number {
    return this.kernel.markOf(this.at, row)
  }

  first(where: number): number {
    return this.kernel.first(this.at, where)
  }

  next(row: number): number {
    return this.kernel.next(this.at, row)
  }

  restore(hash: number, low: number, high: number, size: number, mark: number, main: boolean): number {
    return this.kernel.restore(this.at, hash, low, high, size, mark, main)
  }

  unlinkAll(): void {
    this.kernel.unlinkAll(this.at)
  }

  relink(row: number, hash: number, low: number): void {
    this.kernel.relink(this.at, row, hash, low)
  }

  used(): number {
    return this.kernel.used(this.at)
  }

  entries(): number {
    return this.kernel.entries(this.at)
  }

  bytes(): number {
    return this.kernel.bytes(this.at)
  }

  hits(): number {
    return this.kernel.hits(this.at)
  }

  misses(): number {
    return this.kernel.misses(this.at)
  }

  hitBytes(): number {
    return this.kernel.hitBytes(this.at)
  }

  evictions(): number {
    return this.kernel.evictions(this.at)
  }
}
