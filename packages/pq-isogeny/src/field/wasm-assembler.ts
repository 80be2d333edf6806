/**
 * A WebAssembly assembler of the size this package needs: functions over i32 parameters, i32/i64 locals, one memory. The
 * field kernels are written with it at load time, so that there is no binary to trust: what runs is what is read here.
 *
 * Binary format: WebAssembly Core Specification 2.0, chapter 5.
 */

const I32 = 0x7f
const I64 = 0x7e

function unsigned(n: number): number[] {
  const out: number[] = []
  do {
    const byte = n & 0x7f
    n >>>= 7
    out.push(n === 0 ? byte : byte | 0x80)
  } while (n !== 0)
  return out
}

function signed(n: bigint): number[] {
  const out: number[] = []
  for (;;) {
    const byte = Number(n & 0x7fn)
    n >>= 7n
    if ((n === 0n && !(byte & 0x40)) || (n === -1n && byte & 0x40)) {
      out.push(byte)
      return out
    }
    out.push(byte | 0x80)
  }
}

/** Body of one function. Parameters are the first locals. */
export class FunctionBody {
  readonly code: number[] = []
  readonly params: number
  readonly result: boolean
  private readonly locals: number[] = []

  constructor(params: number, result = false) {
    this.params = params
    this.result = result
  }

  /** A new i32 local. */
  i32(): number {
    this.locals.push(I32)
    return this.params + this.locals.length - 1
  }
  /** A new i64 local. */
  i64(): number {
    this.locals.push(I64)
    return this.params + this.locals.length - 1
  }
  private emit(...bytes: number[]): this {
    for (const b of bytes) this.code.push(b)
    return this
  }
  get(local: number): this {
    return this.emit(0x20, ...unsigned(local))
  }
  set(local: number): this {
    return this.emit(0x21, ...unsigned(local))
  }
  tee(local: number): this {
    return this.emit(0x22, ...unsigned(local))
  }
  i32const(n: number): this {
    return this.emit(0x41, ...signed(BigInt(n | 0)))
  }
  i64const(n: bigint | number): this {
    return this.emit(0x42, ...signed(BigInt(n)))
  }
  /** i32.load / i32.store with a byte offset; the address is on the stack. */
  i32load(offset: number): this {
    return this.emit(0x28, 2, ...unsigned(offset))
  }
  i32store(offset: number): this {
    return this.emit(0x36, 2, ...unsigned(offset))
  }
  /** i64.load32_u: a limb, widened. */
  i64load32(offset: number): this {
    return this.emit(0x35, 2, ...unsigned(offset))
  }
  /** i64.store32: the low half. */
  i64store32(offset: number): this {
    return this.emit(0x3e, 2, ...unsigned(offset))
  }
  i64load(offset: number): this {
    return this.emit(0x29, 2, ...unsigned(offset))
  }
  i64store(offset: number): this {
    return this.emit(0x37, 2, ...unsigned(offset))
  }
  get i32eqz(): this {
    return this.emit(0x45)
  }
  get i32add(): this {
    return this.emit(0x6a)
  }
  get i32sub(): this {
    return this.emit(0x6b)
  }
  get i32mul(): this {
    return this.emit(0x6c)
  }
  get i32divU(): this {
    return this.emit(0x6e)
  }
  get i32and(): this {
    return this.emit(0x71)
  }
  get i32or(): this {
    return this.emit(0x72)
  }
  get i32xor(): this {
    return this.emit(0x73)
  }
  get i32shrS(): this {
    return this.emit(0x75)
  }
  get i64add(): this {
    return this.emit(0x7c)
  }
  get i64sub(): this {
    return this.emit(0x7d)
  }
  get i64mul(): this {
    return this.emit(0x7e)
  }
  get i64and(): this {
    return this.emit(0x83)
  }
  get i64shl(): this {
    return this.emit(0x86)
  }
  get i64shrS(): this {
    return this.emit(0x87)
  }
  get i64shrU(): this {
    return this.emit(0x88)
  }
  get i32wrap(): this {
    return this.emit(0xa7)
  }
  call(index: number): this {
    return this.emit(0x10, ...unsigned(index))
  }
  /** Repeats `body` while the i32 local `counter`, decremented after each round, is not 0. At least once. */
  repeat(counter: number, body: () => void): this {
    this.emit(0x03, 0x40)
    body()
    return this.get(counter).i32const(1).i32sub.tee(counter).emit(0x0d, 0, 0x0b)
  }
  /** The function body with its local declarations, as the code section holds it. */
  encode(): number[] {
    const groups: [number, number][] = []
    for (const type of this.locals) {
      const last = groups.at(-1)
      if (last && last[1] === type) last[0]++
      else groups.push([1, type])
    }
    const body = [...unsigned(groups.length)]
    for (const [n, type] of groups) body.push(...unsigned(n), type)
    for (const b of this.code) body.push(b)
    body.push(0x0b)
    return [...unsigned(body.length), ...body]
  }
}

/** A module under construction: named functions and a memory of its own, all exported. */
export class ModuleBuilder {
  private readonly functions: { name: string; body: FunctionBody }[] = []

  /** Adds a function. @returns its index, for `call`. */
  add(name: string, body: FunctionBody): number {
    this.functions.push({ name, body })
    return this.functions.length - 1
  }

  /** The binary, with a memory of `pages` × 64 KiB exported as "memory". */
  build(pages: number): Uint8Array<ArrayBuffer> {
    const out: number[] = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]
    const section = (id: number, content: number[]): void => {
      out.push(id, ...unsigned(content.length))
      for (const b of content) out.push(b)
    }
    const types: string[] = []
    const typeOf = this.functions.map(({ body }) => {
      const key = `${body.params},${body.result ? 1 : 0}`
      if (!types.includes(key)) types.push(key)
      return types.indexOf(key)
    })
    const typeBytes = types.flatMap((key) => {
      const [params, result] = key.split(',').map(Number) as [number, number]
      return [0x60, ...unsigned(params), ...new Array<number>(params).fill(I32), ...(result ? [1, I32] : [0])]
    })
    section(1, [...unsigned(types.length), ...typeBytes])
    section(3, [...unsigned(typeOf.length), ...typeOf.flatMap(unsigned)])
    section(5, [1, 0, ...unsigned(pages)])
    const name = (s: string): number[] => [s.length, ...Array.from(s, (ch) => ch.charCodeAt(0))]
    const exports = this.functions.flatMap((f, j) => [...name(f.name), 0, ...unsigned(j)])
    section(7, [...unsigned(this.functions.length + 1), ...name('memory'), 2, 0, ...exports])
    const code: number[] = [...unsigned(this.functions.length)]
    for (const { body } of this.functions) for (const b of body.encode()) code.push(b)
    section(10, code)
    return new Uint8Array(out)
  }
}
