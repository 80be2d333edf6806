import { BodyDecoder, OP, PREFIX } from '../module/decode.ts'
import { EMPTY_BLOCK, F32, F64, FUEL, I64 } from '../module/opcodes.ts'
import type { FunctionType, ParsedModule, Span } from '../module/parse.ts'
import { Writer } from '../module/writer.ts'
import { ENGINE_REFUSED, EXHAUSTED_MASK, FUEL_UNIT, SLOT_BITS } from './counter.ts'
import { Segments } from './segments.ts'

/** Indices of what the rewriter adds to a module. */
export interface Additions {
  /** Mutable i64: the counter of `counter.ts`. */
  readonly counter: number
  /** (delta: i32) -> i32: `memory.grow` that pays and knows the limit. */
  readonly grow: number
  /** (to, from, length: i32): `memory.copy` that pays by length. */
  readonly copy: number
  /** (to, value, length: i32): `memory.fill` that pays by length. */
  readonly fill: number
  /** Type indices of `() -> results` for functions of several results, by their own type index. */
  readonly resultTypes: ReadonlyMap<number, number>
  /** Functions that take the counter as their last parameter and give it back as their last result; indices as calls have them. */
  readonly passing: ReadonlySet<number>
}

/** What is known of a function before it is rewritten. */
export interface FunctionPlan {
  /** Its index, as calls have it. */
  readonly index: number
  readonly typeIndex: number
  readonly hasLoop: boolean
  /** Slots that one activation takes; 0 where they are not counted. */
  readonly stackCharge: number
}

/**
 * Rewrites one body so that it pays for what it runs.
 *
 * The cost of a segment (`segments.ts`) is taken at its beginning.
 * The check for exhaustion stands at entries and loop heads only; between two of them at most one pass over a body goes unchecked, and
 * what a run does after its fuel went negative is thrown away.
 *
 * Functions that are only called by index take the counter as a parameter and give it back as a result: it stays in registers, and goes to the
 * global around host calls and indirect calls, and when it is exhausted. Others have it from the global; those with a loop or recursion hold it in a
 * local, the rest take their charges from the global directly. In functions with a loop that local holds the fuel alone: charges are then as small
 * as they can be, which inner loops feel.
 */
export function rewriteFunction(
  module: ParsedModule,
  body: Span,
  { index, typeIndex, hasLoop, stackCharge }: FunctionPlan,
  add: Additions,
): Uint8Array {
  const type = module.types[typeIndex]!
  const params = type.params.length
  const code = new BodyDecoder(module, body, params)
  const passed = add.passing.has(index)
  const fuelAlone = hasLoop
  const cached = passed || hasLoop || stackCharge > 0
  const out = new Writer((body.end - body.start) * 2)

  // Locals of ours, behind the function's own; those of floats only where a NaN is looked at.
  const extra: number[] = []
  const shift = passed ? 1 : 0
  const newLocal = (localType: number): number => params + shift + code.locals.length + extra.push(localType) - 1
  const fuel = passed && !fuelAlone ? params : newLocal(I64)
  const scratch = new Map<number, number>()
  const scratchOf = (localType: number): number => {
    let index = scratch.get(localType)
    if (index === undefined) {
      index = newLocal(localType)
      scratch.set(localType, index)
    }
    return index
  }

  const segments = new Segments(FUEL.entry + FUEL.local * code.locals.length)
  /** The counter as it was at the entry, or where fuel is not held alone: as it is. */
  const whole = (to: Writer) => (passed ? to.u8(OP.localGet).u32(params) : to.u8(OP.globalGet).u32(add.counter))
  /** Puts the counter on the stack; `slots` are given back. */
  const put = (to: Writer, slots = 0) => {
    if (!cached) whole(to)
    else to.u8(OP.localGet).u32(fuel)
    if (fuelAlone) {
      to.u8(OP.i64Const).signed(SLOT_BITS).u8(OP.i64Shl)
      // The slots there are those of this activation: whom it called has given theirs back.
      whole(to)
        .u8(OP.i64Const)
        .signed(FUEL_UNIT - 1)
        .u8(OP.i64And, OP.i64Or)
    }
    if (slots > 0) to.u8(OP.i64Const).signed(slots).u8(OP.i64Add)
  }
  /** Takes the counter from the stack. */
  const take = (to: Writer) => {
    if (fuelAlone) to.u8(OP.i64Const).signed(SLOT_BITS).u8(OP.i64ShrS)
    to.u8(OP.localSet).u32(fuel)
  }
  /** Local to global; `slots` are given back. */
  const save = (to: Writer, slots = 0) => {
    if (!cached) return
    put(to, slots)
    to.u8(OP.globalSet).u32(add.counter)
  }
  /** Global to local. */
  const load = (to: Writer) => {
    if (!cached) return
    to.u8(OP.globalGet).u32(add.counter)
    take(to)
  }
  const copyInstruction = () => {
    out.bytes(module.bytes, code.at, code.reader.at)
  }
  /** Replaces a NaN on top of the stack by the canonical one: its bits are the engine's choice, and are about to be seen. */
  const canonical = (floatType: number) => {
    const local = scratchOf(floatType)
    out.u8(OP.localTee).u32(local)
    if (floatType === F32) out.u8(OP.f32Const, 0, 0, 0xc0, 0x7f)
    else out.u8(OP.f64Const, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f)
    out.u8(OP.localGet).u32(local).u8(OP.localGet).u32(local)
    out.u8(floatType === F32 ? OP.f32Eq : OP.f64Eq, OP.select)
  }

  for (;;) {
    code.next()
    segments.pay(code.opcode.cost)
    switch (code.code) {
      case OP.block:
      case OP.loop:
      case OP.if:
        copyInstruction()
        segments.open(code.code, out.length)
        continue
      case OP.else:
        copyInstruction()
        segments.turn(out.length)
        continue
      case OP.end:
        if (!segments.close(out.length + 1)) break
        copyInstruction()
        continue
      case OP.br:
        copyInstruction()
        segments.branch([code.operand])
        continue
      case OP.brIf:
        copyInstruction()
        segments.branchIf(code.operand, out.length)
        continue
      case OP.brTable:
        copyInstruction()
        segments.branch(code.targets)
        continue
      case OP.return:
        if (cached) out.u8(OP.br).u32(segments.depth - 1)
        else copyInstruction()
        segments.branch([segments.depth - 1])
        continue
      case OP.unreachable:
        save(out)
        copyInstruction()
        segments.trap()
        continue
      case OP.localGet:
      case OP.localSet:
      case OP.localTee:
        if (passed && code.operand >= params) out.u8(code.code).u32(code.operand + shift)
        else copyInstruction()
        continue
      case OP.call:
      case OP.callIndirect:
        if (code.code === OP.call && add.passing.has(code.operand)) {
          put(out)
          copyInstruction()
          if (passed) take(out)
          else {
            // Before host and indirect calls it writes the counter to the global, with its own slots taken.
            out.u8(OP.globalSet).u32(add.counter)
            load(out)
          }
          continue
        }
        save(out)
        copyInstruction()
        load(out)
        continue
      case OP.memoryGrow:
      case OP.memoryCopy:
      case OP.memoryFill:
        save(out)
        out.u8(OP.call).u32(code.code === OP.memoryGrow ? add.grow : code.code === OP.memoryCopy ? add.copy : add.fill)
        load(out)
        continue
      case OP.f32Store:
      case OP.f32Copysign:
      case OP.i32ReinterpretF32:
        canonical(F32)
        copyInstruction()
        continue
      case OP.f64Store:
      case OP.f64Copysign:
      case OP.i64ReinterpretF64:
        canonical(F64)
        copyInstruction()
        continue
      default:
        copyInstruction()
        continue
    }
    break
  }

  const result = new Writer(out.length * 2 + 64)
  result.u32(code.localGroups.count + extra.length).bytes(module.bytes, code.localGroups.start, code.localGroups.end)
  for (const localType of extra) result.u8(1, localType)
  if (fuelAlone && stackCharge > 0) {
    whole(result).u8(OP.i64Const).signed(stackCharge).u8(OP.i64Sub)
    result.u8(OP.localTee).u32(passed ? params : fuel)
    if (!passed) result.u8(OP.globalSet).u32(add.counter).u8(OP.localGet).u32(fuel)
    result.u8(...EXHAUSTED, OP.if, EMPTY_BLOCK)
    if (passed) whole(result).u8(OP.globalSet).u32(add.counter)
    result.u8(OP.unreachable, OP.end)
  }
  if (cached) {
    if (!passed) load(result)
    else if (fuelAlone) {
      whole(result)
      take(result)
    }
    result.u8(OP.block, EMPTY_BLOCK, OP.block)
    blockType(result, type, add.resultTypes.get(typeIndex))
  }
  const written = out.view()
  let copied = 0
  for (const [i, { at, cost, check, nesting }] of segments.all.entries()) {
    if (cost === 0 && !check) continue
    result.bytes(written, copied, at)
    copied = at
    // Entering takes slots with the same subtraction, and the check that stands there anyway sees them run out.
    const slots = i === 0 && !fuelAlone ? stackCharge : 0
    const amount = fuelAlone ? cost : cost * FUEL_UNIT + slots
    const test = slots > 0 ? EXHAUSTED : [OP.i64Const, 0, OP.i64LtS]
    if (cached) {
      result.u8(OP.localGet).u32(fuel)
      if (amount > 0)
        result
          .u8(OP.i64Const)
          .signed(amount)
          .u8(OP.i64Sub, check ? OP.localTee : OP.localSet)
          .u32(fuel)
      // Two labels further out than the function's own: the wrapper of the results, and the exit of the exhausted.
      if (check) result.u8(...test, OP.brIf).u32(nesting + 1)
    } else {
      result.u8(OP.globalGet).u32(add.counter).u8(OP.i64Const).signed(amount).u8(OP.i64Sub)
      if (check) result.u8(OP.localTee).u32(fuel)
      result.u8(OP.globalSet).u32(add.counter)
      if (check)
        result
          .u8(OP.localGet)
          .u32(fuel)
          .u8(...test, OP.if, EMPTY_BLOCK, OP.unreachable, OP.end)
    }
  }
  result.bytes(written, copied)
  if (cached) {
    result.u8(OP.end)
    if (passed) put(result, stackCharge)
    else save(result, stackCharge)
    result.u8(OP.return, OP.end)
    save(result)
    result.u8(OP.unreachable)
  }
  return result.u8(OP.end).view()
}

/** Signed LEB128 of a 64-bit constant. */
function leb64(value: bigint): number[] {
  const bytes: number[] = []
  for (let rest = value; ; ) {
    const low = Number(rest & 0x7fn)
    rest >>= 7n
    const last = (rest === 0n && low < 0x40) || (rest === -1n && low >= 0x40)
    bytes.push(last ? low : low | 0x80)
    if (last) return bytes
  }
}

/** Whether anything ran out, of the counter on the stack. */
const EXHAUSTED = [OP.i64Const, ...leb64(EXHAUSTED_MASK), OP.i64And, OP.i64Const, 0, OP.i64Ne]

function blockType(out: Writer, type: FunctionType, index: number | undefined): void {
  if (type.results.length === 0) out.u8(EMPTY_BLOCK)
  else if (type.results.length === 1) out.u8(type.results[0]!)
  else out.signed(index!)
}

/** The body of `grow`: the limit is ours, so that growing fails for everybody at the same size. */
export function growBody(add: Additions, maximumPages: number): Uint8Array {
  const out = new Writer().u8(1, 1, I64)
  // Beyond the limit: -1, as the specification has it.
  out.u8(OP.localGet, 0, OP.i32Const).signed(maximumPages).u8(OP.memorySize, 0, OP.i32Sub, OP.i32GtU)
  out.u8(OP.if, EMPTY_BLOCK, OP.i32Const).signed(-1).u8(OP.return, OP.end)
  charge(out, add, 1, () => out.u8(OP.localGet, 0, OP.i64ExtendI32U, OP.i64Const).signed(FUEL.page).u8(OP.i64Mul))
  // An engine that has no memory left is no part of the meaning: the run ends without a result.
  out.u8(OP.localGet, 0, OP.memoryGrow, 0, OP.localTee, 0, OP.i32Const).signed(-1).u8(OP.i32Eq)
  out.u8(OP.if, EMPTY_BLOCK, OP.i64Const).signed(ENGINE_REFUSED).u8(OP.globalSet).u32(add.counter)
  out.u8(OP.unreachable, OP.end, OP.localGet, 0, OP.end)
  return out.view()
}

/** The body of `copy` (`instruction` {@link OP.memoryCopy}) or `fill`. */
export function bulkBody(add: Additions, instruction: number): Uint8Array {
  const out = new Writer().u8(1, 1, I64)
  const shift = Math.log2(FUEL.bytesPerUnit)
  charge(out, add, 3, () => out.u8(OP.localGet, 2, OP.i64ExtendI32U, OP.i64Const).signed(shift).u8(OP.i64ShrU))
  out.u8(OP.localGet, 0, OP.localGet, 1, OP.localGet, 2, 0xfc).u32(instruction - PREFIX)
  out.u8(...(instruction === OP.memoryCopy ? [0, 0] : [0]), OP.end)
  return out.view()
}

/** Takes an amount of fuel; traps when none is left. `local` is a free i64. */
function charge(out: Writer, add: Additions, local: number, amount: () => void): void {
  out.u8(OP.globalGet).u32(add.counter)
  amount()
  out.u8(OP.i64Const).signed(SLOT_BITS).u8(OP.i64Shl)
  out.u8(OP.i64Sub, OP.localTee).u32(local).u8(OP.globalSet).u32(add.counter)
  out.u8(OP.localGet).u32(local).u8(OP.i64Const, 0, OP.i64LtS, OP.if, EMPTY_BLOCK, OP.unreachable, OP.end)
}
