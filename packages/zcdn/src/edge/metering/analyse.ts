import { BodyDecoder, OP } from '../module/decode.ts'
import { MODULE_LIMITS } from '../module/limits.ts'
import type { FunctionType, ParsedModule, Span } from '../module/parse.ts'
import { malformed, refused } from '../module/reader.ts'

/** What the rewriter must know of a body before it writes the first byte. */
export interface FunctionFacts {
  readonly hasLoop: boolean
  /** Functions called by index. */
  readonly callees: ReadonlySet<number>
  /** Types of the functions called through the table. */
  readonly indirectTypes: ReadonlySet<number>
  /** Slots of eight bytes that a call takes at most: parameters, locals, the highest operand stack, and what engines keep beside. */
  readonly frameSlots: number
}

/** Return address, saved registers and frame markers of an engine's baseline code, in slots. */
const FRAME_OVERHEAD = 16

interface Label {
  readonly kind: number
  /** Height of the operand stack below the block's parameters. */
  readonly base: number
  readonly type: FunctionType
  /** Whether the code around the block is dead. */
  readonly outerDead: boolean
}

/** Reads one body: nesting, branch depths, indices, height of the operand stack. The engine checks operand types later. */
export function analyseFunction(module: ParsedModule, body: Span, type: FunctionType): FunctionFacts {
  const code = new BodyDecoder(module, body, type.params.length)
  const locals = type.params.length + code.locals.length
  const callees = new Set<number>()
  const indirectTypes = new Set<number>()
  const labels: Label[] = [{ kind: OP.block, base: 0, type: { params: [], results: type.results }, outerDead: false }]
  let hasLoop = false
  let height = 0
  let highest = 0
  // Behind an unconditional branch operands may be taken from nowhere: heights there mean nothing and never run.
  let dead = false
  const push = (count: number) => {
    height += count
    if (height > highest && !dead) highest = height
  }
  const pop = (count: number) => {
    height -= count
    const { base } = labels.at(-1)!
    if (height >= base) return
    if (!dead) throw malformed('an operand that is not there', code.at)
    height = base
  }
  const depth = (target: number) => {
    if (target >= labels.length) throw malformed(`a branch out of ${target} blocks`, code.at)
  }
  const dies = () => {
    dead = true
    height = labels.at(-1)!.base
  }
  while (labels.length > 0) {
    code.next()
    switch (code.code) {
      case OP.block:
      case OP.loop:
      case OP.if: {
        if (code.code === OP.loop) hasLoop = true
        if (labels.length >= MODULE_LIMITS.nesting) throw refused(`blocks nested deeper than ${MODULE_LIMITS.nesting}`)
        if (code.code === OP.if) pop(1)
        const { params } = code.blockType
        pop(params.length)
        labels.push({ kind: code.code, base: height, type: code.blockType, outerDead: dead })
        dead = false
        push(params.length)
        break
      }
      case OP.else: {
        const label = labels.pop()!
        if (label.kind !== OP.if) throw malformed('else without if', code.at)
        labels.push({ ...label, kind: OP.else })
        height = label.base
        dead = false
        push(label.type.params.length)
        break
      }
      case OP.end: {
        const label = labels.pop()!
        if (height !== label.base + label.type.results.length && !dead) throw malformed('operands left over', code.at)
        height = label.base
        dead = label.outerDead
        push(label.type.results.length)
        break
      }
      case OP.br:
        depth(code.operand)
        dies()
        break
      case OP.brIf:
        pop(1)
        depth(code.operand)
        break
      case OP.brTable:
        for (const target of code.targets) depth(target)
        dies()
        break
      case OP.return:
      case OP.unreachable:
        dies()
        break
      case OP.call: {
        const { params, results } = code.functionType(code.operand)
        callees.add(code.operand)
        pop(params.length)
        push(results.length)
        break
      }
      case OP.callIndirect: {
        if (!module.table) throw malformed('call_indirect without a table', code.at)
        const { params, results } = module.types[code.operand]!
        indirectTypes.add(code.operand)
        pop(1 + params.length)
        push(results.length)
        break
      }
      case OP.localGet:
      case OP.localSet:
      case OP.localTee:
        if (code.operand >= locals) throw malformed(`no local ${code.operand}`, code.at)
        pop(code.opcode.pops)
        push(code.opcode.pushes)
        break
      case OP.globalGet:
      case OP.globalSet:
        if (code.operand >= module.globals.length) throw malformed(`no global ${code.operand}`, code.at)
        if (code.code === OP.globalSet && !module.globals[code.operand]!.mutable)
          throw malformed(`global ${code.operand} is constant`, code.at)
        pop(code.opcode.pops)
        push(code.opcode.pushes)
        break
      default:
        pop(code.opcode.pops)
        push(code.opcode.pushes)
    }
  }
  if (!code.ended) throw malformed('code behind the end of a function', code.reader.at)
  return { hasLoop, callees, indirectTypes, frameSlots: FRAME_OVERHEAD + locals + highest }
}
