// Random programs that always validate: typed expressions, structured control, calls, memory.
import fc from 'fast-check'
import { F32, F64, I32, I64 } from './assemble.ts'
import { type Instruction, type ReferenceFunction, SIGNATURES } from './reference.ts'

export const TYPES = [I32, I64, F32, F64]
/** Globals of each program, one of each type. */
export const GLOBALS = [...TYPES]
/** Functions of each program. Index 0 is a fixed `alloc`; a function calls only those after it, and 4 itself, with a shrinking argument. */
export const SHAPES: readonly { params: readonly number[]; results: readonly number[] }[] = [
  { params: [I32], results: [I32] },
  { params: [I32, I32], results: [I32] },
  { params: [I64, I32], results: [I64] },
  { params: [F64, F32], results: [F64, I32] },
  { params: [I32, I64], results: [I64] },
]
export const HANDLE = 1
const RECURSIVE = 4
export const ALLOC_BODY: readonly Instruction[] = [{ code: 0x41, value: 1024 }]
/** Each function has two locals of each type, then counters of its loops. */
const LOCALS = [...TYPES, ...TYPES]
const COUNTERS = 4

type Make = () => number

/** Builds a program from a stream of choices, so that fast-check can shrink it. */
class Builder {
  private readonly next: Make
  private readonly index: number
  private readonly params: number
  /** Labels from the innermost: the values a branch carries, and whether it leads forwards. */
  private readonly labels: {
    readonly result?: number | undefined
    readonly forward: boolean
    readonly counter?: number
  }[] = []
  private counters = 0
  private budget: number

  constructor(next: Make, index: number, budget: number) {
    this.next = next
    this.index = index
    this.params = SHAPES[index]!.params.length
    this.budget = budget
  }

  private pick<T>(list: readonly T[]): T {
    return list[this.next() % list.length]!
  }

  private localOf(type: number): number {
    const all = [...SHAPES[this.index]!.params, ...LOCALS].flatMap((t, i) => (t === type ? [i] : []))
    // Parameter 0 of the recursive function bounds its depth: nobody writes it.
    return this.pick(this.index === RECURSIVE ? all.filter((i) => i !== 0) : all)
  }

  private constant(type: number): Instruction[] {
    const raw = this.next()
    const value = this.next() % 3 === 0 ? raw | 0 : (raw % 200) - 20
    if (type === I64) return [{ code: 0x42, value: BigInt(value) * (raw % 5 === 0 ? 0x1_0000_0001n : 1n) }]
    if (type === F64) return [{ code: 0x44, value: raw % 11 === 0 ? Number.NaN : value / 8 }]
    if (type === F32) return [{ code: 0x43, value: raw % 11 === 0 ? Number.POSITIVE_INFINITY : Math.fround(value / 8) }]
    return [{ code: 0x41, value }]
  }

  /** An address that is mostly within the memory. */
  private address(depth: number): Instruction[] {
    if (this.next() % 20 === 0) return this.expression(I32, depth)
    return [...this.expression(I32, depth), { code: 0x41, value: 0x3fff }, { code: 0x71 }]
  }

  expression(type: number, depth: number): Instruction[] {
    this.budget--
    if (depth <= 0 || this.budget <= 0) {
      return this.next() % 2 === 0 ? [{ code: 0x20, value: this.localOf(type) }] : this.constant(type)
    }
    const load = { [I32]: [0x28, 0x2c, 0x2d], [I64]: [0x29, 0x35], [F32]: [0x2a], [F64]: [0x2b] }[type]!
    switch (this.next() % 12) {
      case 0:
        return this.constant(type)
      case 1:
        return [...this.address(depth - 1), { code: this.pick(load), value: this.next() % 64 }]
      case 2:
        return [{ code: 0x23, value: GLOBALS.indexOf(type) }]
      case 3:
        return [...this.expression(type, depth - 1), { code: 0x22, value: this.localOf(type) }]
      case 4:
        return [
          ...this.expression(type, depth - 1),
          ...this.expression(type, depth - 1),
          ...this.expression(I32, depth - 1),
          { code: 0x1b },
        ]
      case 5: {
        const condition = this.expression(I32, depth - 1)
        this.labels.unshift({ result: type, forward: true })
        const body = [...this.statements(depth - 1), ...this.expression(type, depth - 1)]
        const otherwise = [...this.statements(depth - 1), ...this.expression(type, depth - 1)]
        this.labels.shift()
        return [...condition, { code: 0x04, body, otherwise, result: type }]
      }
      case 6: {
        this.labels.unshift({ result: type, forward: true })
        const body = [...this.statements(depth - 1), ...this.expression(type, depth - 1)]
        if (this.next() % 2 === 0) body.push(...this.expression(I32, depth - 1), { code: 0x0d, value: 0 })
        this.labels.shift()
        return [{ code: 0x02, body, result: type }]
      }
      case 7: {
        const callee = this.callee()
        if (callee === undefined) break
        const { results } = SHAPES[callee]!
        if (results[0] !== type) break
        const rest = results.slice(1).map(() => ({ code: 0x1a }))
        return [...this.call(callee, depth - 1), ...rest]
      }
      case 8:
        if (type === I32) return this.next() % 8 === 0 ? [...this.pages(), { code: 0x40 }] : [{ code: 0x3f }]
        break
    }
    const fitting = SIGNATURES.filter(({ result }) => result === type)
    const { code, params } = this.pick(fitting)
    return [...params.flatMap((param) => this.expression(param, depth - 1)), { code }]
  }

  private pages(): Instruction[] {
    return [{ code: 0x41, value: this.next() % 3 }]
  }

  private callee(): number | undefined {
    const later = SHAPES.length - this.index - 1
    return later > 0 ? this.index + 1 + (this.next() % later) : undefined
  }

  private call(callee: number, depth: number): Instruction[] {
    const { params } = SHAPES[callee]!
    const args = params.flatMap((type, i) =>
      callee === RECURSIVE && i === 0
        ? [...this.expression(I32, depth), { code: 0x41, value: 7 }, { code: 0x71 }]
        : this.expression(type, depth),
    )
    // Through the table, whose entry i is function i, now and then; a wrong entry traps.
    if (this.next() % 4 === 0) {
      const entry = this.next() % 12 === 0 ? this.next() % 8 : callee
      return [...args, { code: 0x41, value: entry }, { code: 0x11, value: callee }]
    }
    return [...args, { code: 0x10, value: callee }]
  }

  statements(depth: number): Instruction[] {
    const count = depth <= 0 ? 0 : this.next() % 4
    return Array.from({ length: count }, () => this.statement(depth - 1)).flat()
  }

  statement(depth: number): Instruction[] {
    this.budget--
    if (this.budget <= 0) return [{ code: 0x01 }]
    const type = this.pick(TYPES)
    switch (this.next() % 14) {
      case 0:
      case 1:
        return [...this.expression(type, depth), { code: 0x21, value: this.localOf(type) }]
      case 2:
        return [...this.expression(type, depth), { code: 0x24, value: GLOBALS.indexOf(type) }]
      case 3: {
        const store = { [I32]: [0x36, 0x3a], [I64]: [0x37], [F32]: [0x38], [F64]: [0x39] }[type]!
        return [
          ...this.address(depth),
          ...this.expression(type, depth),
          { code: this.pick(store), value: this.next() % 64 },
        ]
      }
      case 4: {
        const condition = this.expression(I32, depth)
        this.labels.unshift({ forward: true })
        const body = this.statements(depth)
        const otherwise = this.next() % 2 === 0 ? this.statements(depth) : undefined
        this.labels.shift()
        return [...condition, { code: 0x04, body, ...(otherwise && { otherwise }) }]
      }
      case 5:
      case 6: {
        this.labels.unshift({ forward: true })
        const body = this.statements(depth)
        this.labels.shift()
        return [{ code: 0x02, body }]
      }
      case 7:
      case 8:
        return this.loop(depth)
      case 9: {
        // To a block, with what it carries, perhaps; on to the statements after it otherwise.
        const targets = this.labels.flatMap(({ forward, result }, i) => (forward && result === undefined ? [i] : []))
        if (targets.length === 0) break
        return [...this.expression(I32, depth), { code: 0x0d, value: this.pick(targets) }]
      }
      case 10: {
        const targets = this.labels.flatMap(({ forward, result }, i) => (forward && result === undefined ? [i] : []))
        if (targets.length === 0) break
        const list = Array.from({ length: 1 + (this.next() % 4) }, () => this.pick(targets))
        if (this.next() % 3 === 0) return [{ code: 0x0c, value: list[0]! }, ...this.statements(depth)]
        return [...this.expression(I32, depth), { code: 0x0e, targets: list }, ...this.statements(depth)]
      }
      case 11: {
        const { results } = SHAPES[this.index]!
        const condition = this.expression(I32, depth)
        this.labels.unshift({ forward: true })
        const values = results.flatMap((result) => this.expression(result, depth))
        this.labels.shift()
        return [...condition, { code: 0x04, body: [...values, { code: 0x0f }] }]
      }
      case 12: {
        const bulk = this.next() % 2 === 0 ? 0xfc0a : 0xfc0b
        return [
          ...this.address(depth),
          ...this.address(depth),
          { code: 0x41, value: this.next() % 300 },
          { code: bulk },
        ]
      }
      case 13: {
        // Around again, while the counter of a loop lasts.
        const index = this.labels.findIndex(({ counter }) => counter !== undefined)
        if (index < 0) break
        return [...this.countDown(this.labels[index]!.counter!), { code: 0x0d, value: index }]
      }
    }
    return [...this.expression(type, depth), { code: 0x1a }]
  }

  private countDown(counter: number): Instruction[] {
    const zero = [{ code: 0x41, value: 0 }]
    const less = [
      { code: 0x20, value: counter },
      { code: 0x41, value: 1 },
      { code: 0x6b },
      { code: 0x22, value: counter },
    ]
    return [...zero, ...less, { code: 0x48 }]
  }

  private loop(depth: number): Instruction[] {
    if (this.counters >= COUNTERS) return [{ code: 0x01 }]
    const counter = this.params + LOCALS.length + this.counters++
    this.labels.unshift({ forward: false, counter })
    const body = [...this.statements(depth), ...this.countDown(counter), { code: 0x0d, value: 0 }]
    this.labels.shift()
    return [
      { code: 0x41, value: 1 + (this.next() % 5) },
      { code: 0x21, value: counter },
      { code: 0x03, body },
    ]
  }

  function(): ReferenceFunction {
    const { params, results } = SHAPES[this.index]!
    this.labels.unshift({ result: -1, forward: true })
    const body = Array.from({ length: 2 + (this.next() % 6) }, () => this.statement(5)).flat()
    if (this.index === RECURSIVE) {
      this.labels.unshift({ forward: true })
      const again = [
        ...[{ code: 0x20, value: 0 }, { code: 0x41, value: 1 }, { code: 0x6b }],
        ...this.expression(I64, 2),
        { code: 0x10, value: RECURSIVE },
        { code: 0x21, value: this.localOf(I64) },
      ]
      this.labels.shift()
      body.push({ code: 0x20, value: 0 }, { code: 0x04, body: again })
    }
    const values = results.flatMap((type) => this.expression(type, 4))
    // What globals hold shows in memory.
    const shown =
      this.index !== HANDLE
        ? []
        : GLOBALS.flatMap((type, i) => [
            { code: 0x41, value: 65_000 + 8 * i },
            { code: 0x23, value: i },
            // Of floats the integer part: the bits of a NaN are not the program's, and here the plain module is compared too.
            ...(type === F32 ? [{ code: 0xfc04 }] : type === F64 ? [{ code: 0xfc06 }] : []),
            { code: type === I32 ? 0x36 : 0x37, value: 0 },
          ])
    return {
      params,
      results,
      locals: [...LOCALS, ...new Array(COUNTERS).fill(I32)],
      body: [...body, ...shown, ...values],
    }
  }
}

/** Programs as functions in the order of {@link SHAPES}. */
export const programs: fc.Arbitrary<readonly ReferenceFunction[]> = fc
  .array(fc.integer({ min: 0, max: 0x7fff_ffff }), { minLength: 50, maxLength: 800, size: 'max' })
  .map((choices) => {
    let at = 0
    // Choices over, they come round again, a little different.
    const next = () => choices[at % choices.length]! + Math.floor(at++ / choices.length) * 7919
    return SHAPES.map((shape, i) =>
      i === 0
        ? { ...shape, locals: [], body: ALLOC_BODY }
        : new Builder(next, i, Math.floor(choices.length / 4)).function(),
    )
  })
