import { OP } from '../module/decode.ts'

/** Code that runs whole once it begins, and what it costs. */
export interface Segment {
  /** Where it begins in the output: its cost is taken there. */
  readonly at: number
  /** Blocks around it. */
  readonly nesting: number
  /** Whether this is where exhaustion is noticed: entries and loop heads, so that no cycle escapes it. */
  readonly check: boolean
  cost: number
}

/** A block that is open. */
interface Label {
  kind: number
  targeted: boolean
  /** The outermost block that a branch within this one leads to, by its place among those that are open. */
  outermost: number
  /** Whether the code around the block is dead. */
  readonly dead: boolean
  /** The segment that leads to it. */
  readonly before: Segment
  /** With which a loop or the first arm of an `if` begins. */
  first?: Segment
  /** With which `else` begins. */
  other?: Segment
  /** Segments that end with going back to the head of a loop; `undefined` when some go back on a condition. */
  backs?: Segment[] | undefined
}

/**
 * Cuts a body into segments, between places where control may leave or arrive, while it is read once. Costs move to where they are charged least
 * often, and the sum along every path that comes to its end stays the same:
 *
 * - What follows a block out of which no branch leads belongs to the segment before the block.
 * - What both arms of an `if` cost at least is known before it. An inner `if` of which the arms cost the same stays as small as it was.
 * - What the head of a loop costs is taken by who goes there, where that is certain: a turn is then charged once.
 */
export class Segments {
  readonly all: Segment[] = []
  /** Behind an unconditional branch: what stands there never runs. */
  private dead = false
  private current: Segment
  private readonly labels: Label[]

  constructor(entryCost: number) {
    this.current = { at: 0, nesting: 0, check: true, cost: entryCost }
    this.all.push(this.current)
    this.labels = [{ kind: OP.block, targeted: false, outermost: 0, dead: false, before: this.current }]
  }

  /** Blocks that are open, the function's own among them. */
  get depth(): number {
    return this.labels.length
  }

  pay(cost: number): void {
    if (!this.dead) this.current.cost += cost
  }

  /** After `block`, `loop` or `if`; `at`: where the output goes on. */
  open(kind: number, at: number): void {
    const { labels, dead, current } = this
    const label: Label = { kind, targeted: false, outermost: labels.length, dead, before: current, backs: [] }
    labels.push(label)
    if (kind !== OP.block) this.begin(at, kind === OP.loop)
    label.first = this.current
  }

  /** After `else`. */
  turn(at: number): void {
    const label = this.labels.at(-1)!
    label.kind = OP.else
    this.dead = label.dead
    this.begin(at)
    label.other = this.current
  }

  /** At `end`, behind which the output goes on at `at`; false when it was that of the function. */
  close(at: number): boolean {
    const { labels } = this
    const label = labels.pop()!
    const around = labels.at(-1)
    if (!around) return false
    const { kind, targeted, outermost, before, first, other } = label
    around.outermost = Math.min(around.outermost, outermost)
    const joins = kind === OP.if || kind === OP.else || (kind === OP.block && targeted)
    if (kind === OP.loop && !label.dead) chargeBefore(label)
    if (joins) this.dead = label.dead
    if (this.dead) return true
    if (first && other) {
      const shared = Math.min(first.cost, other.cost)
      first.cost -= shared
      other.cost -= shared
      before.cost += shared
    }
    if (outermost >= labels.length) this.current = before
    else if (joins) this.begin(at)
    return true
  }

  /** After `br_if`. */
  branchIf(depth: number, at: number): void {
    this.target(depth).backs = undefined
    this.begin(at)
  }

  /** After `br`, `return` (out of all) and `br_table`. */
  branch(depths: readonly number[]): void {
    for (const depth of depths) {
      const label = this.target(depth)
      if (depths.length > 1) label.backs = undefined
      else if (!this.dead) label.backs?.push(this.current)
    }
    this.dead = true
  }

  /** After `unreachable`. */
  trap(): void {
    this.dead = true
  }

  private target(depth: number): Label {
    const { labels } = this
    const index = labels.length - 1 - depth
    const inner = labels.at(-1)!
    inner.outermost = Math.min(inner.outermost, index)
    const label = labels[index]!
    label.targeted = true
    return label
  }

  private begin(at: number, check = false): void {
    if (this.dead) return
    this.current = { at, nesting: this.labels.length - 1, check, cost: 0 }
    this.all.push(this.current)
  }
}

function chargeBefore({ before, first: head, backs }: Label): void {
  if (!head || !backs || backs.includes(head)) return
  for (const segment of [before, ...backs]) segment.cost += head.cost
  head.cost = 0
}
