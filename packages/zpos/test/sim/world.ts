/** The units of a simulation, and what each validator has of them. */
import type { Address, RoundHeader, Ticket, TipDag, UnitId } from '../../src/index.ts'

export interface SimUnit {
  readonly id: UnitId
  readonly index: number
  readonly author: number
  readonly round: number
  readonly header: RoundHeader
  readonly createdMs: number
  /** Version of the rules that it signals. */
  readonly signal: number | undefined
  readonly tickets: readonly Ticket[]
  /** Bit i: unit i is in its past. */
  readonly past: Uint32Array
}

/** All units that anyone made. Parents are always made before their children, so a past is a set of smaller numbers. */
export class World {
  readonly units: SimUnit[] = []
  readonly byId = new Map<UnitId, SimUnit>()
  readonly genesis: UnitId

  constructor() {
    this.genesis = this.make(-1, 0, [], undefined, '0x00' as UnitId, 0).id
  }

  make(
    author: number,
    round: number,
    parents: readonly UnitId[],
    address: Address | undefined,
    lastFinal: UnitId,
    createdMs: number,
    load: { readonly signal?: number; readonly tickets?: readonly Ticket[] } = {},
  ): SimUnit {
    const index = this.units.length
    const id = `0x${index.toString(16).padStart(8, '0')}` as UnitId
    const past = new Uint32Array((index >> 5) + 1)
    for (const parent of parents) {
      const unit = this.byId.get(parent)!
      past[unit.index >> 5]! |= 1 << (unit.index & 31)
      for (let word = 0; word < unit.past.length; word += 1) past[word]! |= unit.past[word]!
    }
    const header: RoundHeader = {
      parents,
      authors: address === undefined ? [] : [address],
      lastFinal: { mci: 0, id: lastFinal },
      ...(address !== undefined && { validator: { round, selfParent: parents[0]! } }),
    }
    const { signal, tickets = [] } = load
    const unit = { id, index, author, round, header, createdMs, signal, tickets, past }
    this.units.push(unit)
    this.byId.set(id, unit)
    return unit
  }

  isAncestor(ancestor: SimUnit, descendant: SimUnit): boolean {
    return ((descendant.past[ancestor.index >> 5] ?? 0) >>> (ancestor.index & 31)) % 2 === 1
  }
}

/** What one validator has received, connected: a DAG as consensus reads it. Units whose parents are missing wait. */
export class View implements TipDag {
  readonly #world: World
  readonly #units = new Map<UnitId, SimUnit>()
  readonly #rounds = new Map<number, UnitId[]>()
  readonly #tips = new Set<UnitId>()
  readonly #waiting = new Map<UnitId, SimUnit>()

  constructor(world: World) {
    this.#world = world
    this.#connect(world.units[0]!)
  }

  /** Takes a unit. Returns what became connected and passed `check`, and the parents to ask for. */
  receive(unit: SimUnit, check: (unit: SimUnit) => boolean): { added: SimUnit[]; missing: SimUnit[] } {
    if (this.#units.has(unit.id) || this.#waiting.has(unit.id)) return { added: [], missing: [] }
    this.#waiting.set(unit.id, unit)
    const added: SimUnit[] = []
    for (let progress = true; progress && this.#waiting.size > 0; ) {
      progress = false
      for (const waiting of this.#waiting.values()) {
        if (!waiting.header.parents.every((parent) => this.#units.has(parent))) continue
        this.#waiting.delete(waiting.id)
        progress = true
        if (!check(waiting)) continue
        this.#connect(waiting)
        added.push(waiting)
      }
    }
    const missing = this.#waiting.has(unit.id)
      ? unit.header.parents.filter((parent) => !this.#units.has(parent) && !this.#waiting.has(parent))
      : []
    return { added, missing: missing.map((id) => this.#world.byId.get(id)!) }
  }

  #connect(unit: SimUnit): void {
    this.#units.set(unit.id, unit)
    if (unit.round > 0) {
      const list = this.#rounds.get(unit.round)
      if (list) list.push(unit.id)
      else this.#rounds.set(unit.round, [unit.id])
    }
    for (const parent of unit.header.parents) this.#tips.delete(parent)
    this.#tips.add(unit.id)
  }

  all(): SimUnit[] {
    return [...this.#units.values()]
  }
  get waiting(): number {
    return this.#waiting.size
  }
  has(id: UnitId): boolean {
    return this.#units.has(id)
  }
  header(id: UnitId): RoundHeader {
    return this.#units.get(id)!.header
  }
  roundUnits(round: number): readonly UnitId[] {
    return this.#rounds.get(round) ?? []
  }
  authorUnits(address: Address, round: number): readonly UnitId[] {
    return this.roundUnits(round).filter((id) => this.#units.get(id)!.header.authors[0] === address)
  }
  isAncestor(ancestor: UnitId, descendant: UnitId): boolean {
    return this.#world.isAncestor(this.#world.byId.get(ancestor)!, this.#world.byId.get(descendant)!)
  }
  tips(): readonly UnitId[] {
    return [...this.#tips]
  }
}
