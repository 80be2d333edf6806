import { addition, type FmaField, type FmaMachine, multiply, multiplySmall, square, subtraction } from './fma-field.ts'

/** Writes a recipe as AssemblyScript on v128 (two lanes of f64). */
class Emitter implements FmaMachine<string> {
  readonly field: FmaField
  readonly lines: string[] = []
  #next = 0
  readonly #loaded = new Set<string>()

  constructor(field: FmaField) {
    this.field = field
  }

  limb(operand: 'a' | 'b', index: number): string {
    return this.#once(`${operand}${index}`, `v128.load(${operand}, ${16 * index})`)
  }

  add(x: string, y: string): string {
    // An exact l is kept negated (see #split): subtracting it costs what adding does.
    if (y.startsWith('-') && x.startsWith('-')) return `-${this.#let(`f64x2.add(${x.slice(1)}, ${y.slice(1)})`)}`
    if (y.startsWith('-')) return this.#let(`f64x2.sub(${x}, ${y.slice(1)})`)
    if (x.startsWith('-')) return this.#let(`f64x2.sub(${y}, ${x.slice(1)})`)
    return this.#let(`f64x2.add(${x}, ${y})`)
  }

  sub(x: string, y: string): string {
    return this.#let(`f64x2.sub(${x}, ${y})`)
  }

  double(x: string): string {
    if (x.startsWith('-')) return `-${this.double(x.slice(1))}`
    return this.#let(`f64x2.add(${x}, ${x})`)
  }

  split(x: string, y: string, k: number): [string, string] {
    const c = this.#constant(k)
    const h = this.#let(`f64x2.sub(f64x2.relaxed_madd(${x}, ${y}, ${c}), ${c})`)
    // relaxed_nmadd(x, y, h) = h − x·y = −l
    return [h, `-${this.#let(`f64x2.relaxed_nmadd(${x}, ${y}, ${h})`)}`]
  }

  splitScaled(x: string, by: number, k: number): [string, string] {
    return this.split(x, this.#once(`times${by}`, `f64x2.splat(${by}.0)`), k)
  }

  splitFold(x: string, k: number): [string, string] {
    return this.split(this.#plain(x), this.#fold(), k)
  }

  carry(x: string, k: number): [string, string] {
    const c = this.#constant(k)
    const plain = this.#plain(x)
    const q = this.#let(`f64x2.sub(f64x2.add(${plain}, ${c}), ${c})`)
    return [q, this.#let(`f64x2.sub(${plain}, ${q})`)]
  }

  addFold(y: string, x: string): string {
    return this.#let(`f64x2.relaxed_madd(${x}, ${this.#fold()}, ${this.#plain(y)})`)
  }

  store(index: number, x: string): void {
    this.lines.push(`v128.store(r, ${this.#plain(x)}, ${16 * index})`)
  }

  #plain(x: string): string {
    return x.startsWith('-') ? this.#let(`f64x2.neg(${x.slice(1)})`) : x
  }

  #constant(k: number): string {
    return this.#once(`c${k}`, `v128.load(CONSTANTS, ${16 * k})`)
  }

  #fold(): string {
    return this.#once('fold', `v128.load(CONSTANTS, ${16 * 9})`)
  }

  #once(name: string, value: string): string {
    if (!this.#loaded.has(name)) {
      this.#loaded.add(name)
      this.lines.push(`const ${name}: v128 = ${value}`)
    }
    return name
  }

  #let(value: string): string {
    const name = `t${this.#next++}`
    this.lines.push(`const ${name}: v128 = ${value}`)
    return name
  }
}

function emit(field: FmaField, head: string, recipe: (machine: FmaMachine<string>) => void): string {
  const emitter = new Emitter(field)
  recipe(emitter)
  return `export function ${head}: void {\n  ${emitter.lines.join('\n  ')}\n}\n`
}

/** The AssemblyScript module of a field: multiplication and the rest of the interface that the curve files import. */
export function emitFmaField(field: FmaField): string {
  // C of each column, then fold · 2^−b[5]; each twice, once a lane. From memory: as splat constants multiplication took twice as long.
  const constants = [...Array(9).keys()].map((k) => 1.5 * 2 ** (52 + field.b[k + 1]!))
  constants.push(Number(field.fold) / 2 ** field.b[5]!)
  return [
    `const CONSTANTS: usize = memory.data<f64>([${constants
      .flatMap((c) => [c, c])
      .map(literal)
      .join(', ')}], 16)`,
    emit(field, 'mul(r: usize, a: usize, b: usize)', multiply),
    emit(field, 'sqr(r: usize, a: usize)', square),
    emit(field, 'add(r: usize, a: usize, b: usize)', addition),
    emit(field, 'sub(r: usize, a: usize, b: usize)', subtraction),
    emit(field, 'mul3(r: usize, a: usize)', (m) => multiplySmall(m, 3)),
    emit(field, 'mul21(r: usize, a: usize)', (m) => multiplySmall(m, 21)),
    `/** One lane, packed limbs at p, into both lanes of r; negated in a lane whose flag is set. */
export function spread(r: usize, p: usize, negate0: bool, negate1: bool): void {
  const sign: v128 = i64x2(negate0 ? i64.MIN_VALUE : 0, negate1 ? i64.MIN_VALUE : 0)
  ${[0, 1, 2, 3, 4].map((k) => `v128.store(r, v128.xor(v128.load64_splat(p, ${8 * k}), sign), ${16 * k})`).join('\n  ')}
}
/** r = −a in the lanes whose flag is set, else a. */
export function negateIf(r: usize, a: usize, negate0: bool, negate1: bool): void {
  const sign: v128 = i64x2(negate0 ? i64.MIN_VALUE : 0, negate1 ? i64.MIN_VALUE : 0)
  ${[0, 1, 2, 3, 4].map((k) => `v128.store(r, v128.xor(v128.load(a, ${16 * k}), sign), ${16 * k})`).join('\n  ')}
}
`,
    emitWords({
      widths: [0, 1, 2, 3, 4].map((k) => field.b[k + 1]! - field.b[k]!),
      fold: field.fold,
      load: (k) => `<i64>(load<f64>(a + (lane << 3), ${16 * k}) * ${literal(2 ** -field.b[k]!)})`,
      store: (k, x) => `store<f64>(a + (lane << 3), <f64>${x} * ${literal(2 ** field.b[k]!)}, ${16 * k})`,
      balance: true,
    }),
  ].join('\n')
}

function literal(value: number): string {
  return Number.isInteger(value) && value < 2 ** 53 ? `${value}.0` : `${value}`
}

export interface WordLayout {
  /** Bits of the five integer limbs; their sum is the exponent whose power folds. */
  readonly widths: readonly number[]
  readonly fold: bigint
  readonly load: (k: number) => string
  readonly store: (k: number, x: string) => string
  /** Digits are to be stored balanced. */
  readonly balance: boolean
}

/** `freeze` (canonical value of a lane as four 64-bit words w0 … w3, little end first) and `fromWords`. */
export function emitWords({ widths, fold, load, store, balance }: WordLayout): string {
  const at = [0]
  for (const width of widths) at.push(at.at(-1)! + width)
  const mask = (k: number) => `0x${((1n << BigInt(widths[k]!)) - 1n).toString(16)}`
  const ripple = [0, 1, 2, 3].map((k) => `x${k + 1} += x${k} >> ${widths[k]}; x${k} &= ${mask(k)}`).join('; ')
  const words = [0, 1, 2, 3].map((w) => {
    const parts = [0, 1, 2, 3, 4].flatMap((k) => {
      const shift = at[k]! - 64 * w
      if (shift >= 64 || shift + widths[k]! <= 0) return []
      return shift >= 0 ? `(<u64>x${k} << ${shift})` : `(<u64>x${k} >> ${-shift})`
    })
    return `w${w} = ${parts.join(' | ')}`
  })
  const limbs = [0, 1, 2, 3, 4].map((k) => {
    const from = at[k]!
    const w = from >> 6
    const low = `(v${w} >> ${from & 63})`
    const straddles = (from & 63) + widths[k]! > 64 && w < 3
    return `let x${k}: i64 = <i64>((${straddles ? `${low} | (v${w + 1} << ${64 - (from & 63)})` : low}) & ${mask(k)})`
  })
  const halves = [0, 1, 2, 3, 4].map((k) => {
    const half = `0x${(1n << BigInt(widths[k]! - 1)).toString(16)}`
    const up = k < 4 ? `x${k + 1} += 1` : `x0 += ${fold}`
    return `if (x${k} >= ${half}) { x${k} -= ${half} << 1; ${up} }`
  })
  return `export let w0: u64 = 0
export let w1: u64 = 0
export let w2: u64 = 0
export let w3: u64 = 0
/** The canonical value of one lane, to w0 … w3. */
export function freeze(a: usize, lane: usize): void {
  ${[0, 1, 2, 3, 4].map((k) => `let x${k}: i64 = ${load(k)}`).join('\n  ')}
  for (let pass = 0; pass < 3; pass++) {
    ${ripple}
    x0 += ${fold} * (x4 >> ${widths[4]}); x4 &= ${mask(4)}
  }
  let q: i64 = (x0 + ${fold}) >> ${widths[0]}
  ${[1, 2, 3, 4].map((k) => `q = (x${k} + q) >> ${widths[k]}`).join('\n  ')}
  x0 += ${fold} * q
  ${ripple}; x4 &= ${mask(4)}
  ${words.join('\n  ')}
}
/** A value below 2^${at[5]} as four words, little end first, into one lane. */
export function fromWords(a: usize, lane: usize, v0: u64, v1: u64, v2: u64, v3: u64): void {
  ${limbs.join('\n  ')}
  ${balance ? halves.join('\n  ') : ''}
  ${[0, 1, 2, 3, 4].map((k) => store(k, `x${k}`)).join('\n  ')}
}
`
}
