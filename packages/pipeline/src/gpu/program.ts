/**
 * Formulas as data. A shader that had each multiplication of a point addition in its code would take a driver a minute to compile, since drivers
 * put every call in line. So formulas are short programs over registers, which one loop in the shader carries out.
 *
 * A line is `r = a * b`, `r = a + b`, `r = a - b`, `r = 21 a` (a number below 1,024) or `r = a ^ 2 ^ 44` (so many squarings).
 */
const OPS = { '*': 0, '+': 1, '-': 2, times: 3, squarings: 4 } as const
/** Registers that the shader has. */
export const REGISTERS = 24
const REGISTER_BITS = 5
const OP_BITS = 3

/** Names of registers, given numbers as they come. */
export class Registers {
  readonly #numbers = new Map<string, number>()

  of(name: string): number {
    let number = this.#numbers.get(name)
    if (number === undefined) {
      number = this.#numbers.size
      if (number >= REGISTERS) throw new RangeError(`no register is left for ${name}`)
      this.#numbers.set(name, number)
    }
    return number
  }

  /** `regs[n]` for each `$name` in WGSL. */
  inWgsl(text: string): string {
    return text.replaceAll(/\$(\w+)/g, (_, name: string) => `regs[${this.of(name)}]`)
  }
}

/** Lines, an instruction each: operation, target, first operand, second operand or number, from the low bits. */
export function assemble(registers: Registers, lines: string): number[] {
  return lines
    .trim()
    .split('\n')
    .map((line) => {
      const [, target, rest] = /^\s*(\w+) = (.+)$/.exec(line) ?? []
      const word = (op: number, a: string, b: number) =>
        op |
        (registers.of(target!) << OP_BITS) |
        (registers.of(a) << (OP_BITS + REGISTER_BITS)) |
        (b << (OP_BITS + 2 * REGISTER_BITS))
      const two = /^(\w+) ([*+-]) (\w+)$/.exec(rest ?? '')
      if (two) return word(OPS[two[2] as '*' | '+' | '-'], two[1]!, registers.of(two[3]!))
      const times = /^(\d+) (\w+)$/.exec(rest ?? '')
      if (times) return word(OPS.times, times[2]!, Number(times[1]))
      const power = /^(\w+) \^ 2 \^ (\d+)$/.exec(rest ?? '')
      if (power) return word(OPS.squarings, power[1]!, Number(power[2]))
      throw new SyntaxError(`no formula: ${line}`)
    })
}

/** The loop that carries instructions out. They lie in `constants`; needs the functions of `field-wgsl.ts`. */
export const PROGRAM_WGSL = /* wgsl */ `
var<private> regs: array<Fe, ${REGISTERS}>;

fn run(first: u32, after: u32) {
  for (var at = first; at < after; at++) {
    let word = constants[at];
    let op = word & ${(1 << OP_BITS) - 1}u;
    let number = word >> ${OP_BITS + 2 * REGISTER_BITS}u;
    var x = regs[(word >> ${OP_BITS + REGISTER_BITS}u) & ${(1 << REGISTER_BITS) - 1}u];
    if (op == ${OPS['*']}u || op == ${OPS.squarings}u) {
      let squaring = op == ${OPS.squarings}u;
      var y = x;
      if (!squaring) {
        y = regs[number];
      }
      let turns = select(1u, number, squaring);
      for (var turn = 0u; turn < turns; turn++) {
        x = mul(&x, &y);
        y = x;
      }
    } else if (op == ${OPS.times}u) {
      x = times(&x, number);
    } else {
      var y = regs[number];
      if (op == ${OPS['-']}u) {
        x = sub(&x, &y);
      } else {
        x = add(&x, &y);
      }
    }
    regs[(word >> ${OP_BITS}u) & ${(1 << REGISTER_BITS) - 1}u] = x;
  }
}
`

/** Programs one behind the other, and where each lies. */
export class Code {
  readonly words: number[] = []
  readonly registers = new Registers()

  /** Adds a program; gives the WGSL that runs it. */
  program(lines: string): string {
    const first = this.words.length
    this.words.push(...assemble(this.registers, lines))
    return `${first}u, ${this.words.length}u`
  }
}
