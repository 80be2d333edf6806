import { emitWords } from './fma-emit.ts'
import { addition, type IntField, type IntMachine, multiply, multiplySmall, square, subtraction } from './int-field.ts'

/** Writes a recipe as AssemblyScript on i64 for one lane. Limbs 2i and 2i+1 share the 64-bit slot i of the lane. */
class Emitter implements IntMachine<string> {
  readonly field: IntField
  readonly lines: string[] = []
  #next = 0
  readonly #loaded = new Set<string>()

  constructor(field: IntField) {
    this.field = field
  }

  limb(operand: 'a' | 'b', index: number): string {
    const name = `${operand}${index}`
    if (!this.#loaded.has(name)) {
      this.#loaded.add(name)
      this.lines.push(`const ${name}: i64 = <i64>load<i32>(${operand}, ${offset(index)})`)
    }
    return name
  }

  add(x: string, y: string): string {
    return this.#let(`${x} + ${y}`)
  }

  sub(x: string, y: string): string {
    return this.#let(`${x} - ${y}`)
  }

  multiply(x: string, y: string): string {
    return this.#let(`${x} * ${y}`)
  }

  scale(x: string, by: number): string {
    return this.#let(by === 2 ? `${x} + ${x}` : `${x} * ${by}`)
  }

  carry(x: string): [string, string] {
    const q = this.#let(`(${x} + 0x2000000) >> 26`)
    return [q, this.#let(`${x} - (${q} << 26)`)]
  }

  store(index: number, x: string): void {
    this.lines.push(`store<i32>(r, <i32>${x}, ${offset(index)})`)
  }

  #let(value: string): string {
    const name = `t${this.#next++}`
    this.lines.push(`const ${name}: i64 = ${value}`)
    return name
  }
}

function offset(limb: number): number {
  return 16 * (limb >> 1) + 4 * (limb & 1)
}

function emit(
  field: IntField,
  name: string,
  operands: readonly string[],
  recipe: (machine: IntMachine<string>) => void,
): string {
  const emitter = new Emitter(field)
  recipe(emitter)
  const parameters = ['r', ...operands].map((operand) => `${operand}: usize`).join(', ')
  const lane = (shift: number) =>
    ['r', ...operands].map((operand) => (shift ? `${operand} + ${shift}` : operand)).join(', ')
  return `function ${name}Lane(${parameters}): void {\n  ${emitter.lines.join('\n  ')}\n}
export function ${name}(${parameters}): void {
  ${name}Lane(${lane(0)})
  ${name}Lane(${lane(8)})
}
`
}

/** The AssemblyScript module of a field with the same interface as `emitFmaField`. */
export function emitIntField(field: IntField): string {
  const widths = [52, 52, 52, 52, field.bits - 208]
  return [
    emit(field, 'mul', ['a', 'b'], multiply),
    emit(field, 'sqr', ['a'], square),
    emit(field, 'add', ['a', 'b'], addition),
    emit(field, 'sub', ['a', 'b'], subtraction),
    emit(field, 'mul3', ['a'], (m) => multiplySmall(m, 3)),
    emit(field, 'mul21', ['a'], (m) => multiplySmall(m, 21)),
    `function negatedPair(x: u64, negate: bool): u64 {
  if (!negate) return x
  return <u64><u32>(0 - <i32>x) | (<u64><u32>(0 - <i32>(x >> 32)) << 32)
}
/** One lane, packed limbs at p, into both lanes of r; negated in a lane whose flag is set. */
export function spread(r: usize, p: usize, negate0: bool, negate1: bool): void {
  for (let k: usize = 0; k < 5; k++) {
    const x = load<u64>(p + 8 * k)
    store<u64>(r + 16 * k, negatedPair(x, negate0))
    store<u64>(r + 16 * k, negatedPair(x, negate1), 8)
  }
}
/** r = −a in the lanes whose flag is set, else a. */
export function negateIf(r: usize, a: usize, negate0: bool, negate1: bool): void {
  for (let k: usize = 0; k < 80; k += 16) {
    store<u64>(r + k, negatedPair(load<u64>(a + k), negate0))
    store<u64>(r + k, negatedPair(load<u64>(a + k, 8), negate1), 8)
  }
}
`,
    emitWords({
      widths,
      fold: field.foldBits,
      load: (k) =>
        `<i64>load<i32>(a + (lane << 3), ${16 * k}) + (<i64>load<i32>(a + (lane << 3), ${16 * k + 4}) << 26)`,
      store: (k, x) =>
        `{ const low: i64 = ((${x} + 0x2000000) & 0x3ffffff) - 0x2000000; store<i32>(a + (lane << 3), <i32>low, ${16 * k}); store<i32>(a + (lane << 3), <i32>((${x} - low) >> 26), ${16 * k + 4}) }`,
      balance: true,
    }),
  ].join('\n')
}
