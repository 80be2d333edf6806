/** Runs validators over a simulated network; what they built is checked at the end, and shrunk if it is wrong. */
import { createDag, type Dag, type UnitRef } from '../dag/dag.ts'
import { DagError } from '../errors.ts'
import { formatNotation } from '../notation/notation.ts'
import { notationOf } from '../notation/units.ts'
import { type UnitHeader, unitId } from '../unit/header.ts'
import type { Address, UnitId } from '../unit/id.ts'
import { messageRoot } from '../unit/message.ts'
import { createHeader } from '../unit/unit.ts'
import { type NetworkOptions, SimNetwork, uniformLatency } from './network.ts'
import { createSimRandom, type SimRandom } from './random.ts'
import { SimScheduler } from './scheduler.ts'
import { shrinkUnits } from './shrink.ts'
import { honest, type SimNode, type Strategy } from './strategy.ts'

/** Options of {@link simulate}. */
export interface SimulationOptions {
  readonly seed: number
  /** Number of validators, each with the same stake. */
  readonly validators: number
  /** Virtual milliseconds to run. */
  readonly durationMs: number
  /** Least virtual time between two rounds of a validator. Default 250. */
  readonly roundMs?: number
  readonly network?: Partial<NetworkOptions>
  /** Strategies of validators by number; the others are honest. */
  readonly strategies?: Readonly<Record<number, Strategy>>
  /** Node, from, until: while down a node hears, makes and sends nothing; its DAG stays. */
  readonly outages?: readonly { readonly node: number; readonly fromMs: number; readonly untilMs: number }[]
  /** Called for every unit that a node connects. Throw to fail the run. */
  readonly onUnit?: (node: SimNode, unit: UnitRef) => void
  /**
   * A check over the units of one DAG, topologically ordered, genesis first: returns what is wrong, or undefined. Run on every
   * honest node's DAG at the end; when it fails, the DAG is shrunk to what still fails it and printed.
   */
  readonly check?: (units: readonly UnitRef[]) => string | undefined
}

/** What a run left behind. */
export interface SimulationResult {
  readonly nodes: readonly SimNode[]
  readonly genesis: UnitRef
  readonly events: number
  readonly counts: Readonly<Record<'sent' | 'lost' | 'cut' | 'delivered', number>>
  /** The highest round of each node's DAG. */
  readonly rounds: readonly number[]
}

type SimMessage = { readonly unit: UnitRef } | { readonly want: readonly UnitId[] }

const NETWORK_ID = 0

/** How long a node waits for missing parents before it asks again. */
const RETRY_MS = 500
/** How long a node waits for a round to begin before it sends its last unit again. */
const STALL_MS = 2000

function genesisUnit(): UnitRef {
  const header: UnitHeader = {
    version: 1,
    networkId: NETWORK_ID,
    parents: [],
    messageRoot: messageRoot([]),
    payloadLength: 1,
    timestampMs: 0,
    authors: [],
    lastFinal: { mci: 0, id: `0x${'0'.repeat(64)}` as UnitId },
    validUntilMci: 0,
  }
  return { id: unitId(header), header }
}

class Node implements SimNode {
  readonly index: number
  readonly address: Address
  readonly dag: Dag
  readonly random: SimRandom
  readonly nodes: number
  readonly strategy: Strategy
  readonly units = new Map<UnitId, UnitRef>()
  round = 0
  last: UnitId
  /** When the last own round began. */
  startedMs = -Infinity
  isArmed = false
  /** User units that no own unit has in its past yet. */
  readonly pending = new Set<UnitId>()
  readonly #run: Run

  constructor(run: Run, index: number, strategy: Strategy) {
    this.#run = run
    this.index = index
    this.strategy = strategy
    this.address = `0x${(index + 1).toString(16).padStart(40, '0')}` as Address
    this.dag = createDag({ genesis: run.genesis })
    this.random = run.random.fork(`node ${index}`)
    this.nodes = run.options.validators
    this.last = run.genesis.id
    this.dag.onUnit((unit) => {
      this.units.set(unit.id, unit)
      if (!unit.header.validator) this.pending.add(unit.id)
      run.options.onUnit?.(this, unit)
    })
  }

  get nowMs(): number {
    return this.#run.scheduler.nowMs
  }

  make(round: number, selfParent: UnitId, others: readonly UnitId[], salt = 0): UnitRef {
    const header = createHeader(
      {
        networkId: NETWORK_ID,
        parents: others,
        timestampMs: Math.floor(this.nowMs) * 16 + salt,
        lastFinal: { mci: 0, id: this.#run.genesis.id },
        validUntilMci: Number.MAX_SAFE_INTEGER,
        validator: { round, selfParent },
      },
      [],
      [this.address],
    )
    return { id: unitId(header), header }
  }

  keep(unit: UnitRef): void {
    const result = this.dag.append(unit)
    if (result.status !== 'added') {
      throw new DagError('DAG_INVALID_ARGUMENT', `node ${this.index} made a unit that its own DAG refuses`, {
        ...result,
      })
    }
    this.last = unit.id
    this.round = unit.header.validator!.round
    for (const id of unit.header.parents) this.pending.delete(id)
  }

  send(to: number, unit: UnitRef): void {
    this.#run.send(this.index, to, { unit })
  }

  broadcast(unit: UnitRef): void {
    for (let to = 0; to < this.nodes; to++) if (to !== this.index) this.send(to, unit)
  }

  after(delayMs: number, event: () => void): void {
    this.#run.scheduler.after(delayMs, event)
  }
}

class Run {
  readonly options: SimulationOptions
  readonly scheduler = new SimScheduler()
  readonly random: SimRandom
  readonly genesis = genesisUnit()
  readonly network: SimNetwork<SimMessage>
  readonly nodes: Node[]

  constructor(options: SimulationOptions) {
    this.options = options
    this.random = createSimRandom(options.seed)
    const network = { latency: uniformLatency(20, 150), ...options.network }
    this.network = new SimNetwork(network, this.scheduler, this.random.fork('network'), (to, from, message) =>
      this.receive(this.nodes[to]!, from, message),
    )
    this.nodes = Array.from(
      { length: options.validators },
      (_, i) => new Node(this, i, options.strategies?.[i] ?? honest),
    )
  }

  get quorum(): number {
    return Math.floor((2 * this.options.validators) / 3) + 1
  }

  isDown(node: number): boolean {
    const now = this.scheduler.nowMs
    return (this.options.outages ?? []).some(
      (outage) => outage.node === node && now >= outage.fromMs && now < outage.untilMs,
    )
  }

  send(from: number, to: number, message: SimMessage): void {
    if (this.isDown(from)) return
    const bytes = 'unit' in message ? 200 + 43 * message.unit.header.parents.length : 40 * message.want.length
    this.network.send(from, to, message, bytes)
  }

  receive(node: Node, from: number, message: SimMessage): void {
    if (this.isDown(node.index)) return
    if ('want' in message) {
      if (node.strategy.answers === false) return
      for (const id of message.want) {
        const unit = node.units.get(id)
        if (unit) node.send(from, unit)
      }
      return
    }
    const result = node.dag.append(message.unit, { source: `${from}` })
    if (result.status === 'waiting') this.ask(node, message.unit, from, result.missing)
    if (result.status === 'added') this.tryRound(node)
  }

  /** Asks the sender, later any node, until the unit is connected. */
  ask(node: Node, unit: UnitRef, from: number, missing: readonly UnitId[]): void {
    this.send(node.index, from, { want: missing })
    this.scheduler.after(RETRY_MS, () => {
      if (!node.dag.isWaiting(unit.id)) return
      const result = node.dag.append(unit, { source: `${from}` })
      if (result.status === 'waiting') this.ask(node, unit, node.random.int(node.nodes), result.missing)
    })
  }

  /** C1: a round begins when a quorum of the one before is there, and not before the pacing interval is over. */
  tryRound(node: Node): void {
    if (this.isDown(node.index)) return
    const { roundMs = 250 } = this.options
    let target = node.round
    while (this.authorsIn(node, target + 1) >= this.quorum) target++
    if (target === node.round && target > 0 && this.authorsIn(node, target) < this.quorum) return
    const wait = node.startedMs + roundMs - this.scheduler.nowMs
    if (wait > 0) {
      this.tryLater(node, wait)
      return
    }
    node.startedMs = this.scheduler.nowMs
    const seen = new Set<Address>([node.address])
    const peers = node.dag.roundUnits(target).filter((id) => {
      const [author] = node.dag.header(id).authors
      if (!author || seen.has(author)) return false
      seen.add(author)
      return true
    })
    node.strategy.onRound(node, target + 1, [...peers, ...[...node.pending].slice(0, 16)])
    this.tryLater(node, roundMs)
  }

  /** One timer a node. */
  tryLater(node: Node, delayMs: number): void {
    if (node.isArmed) return
    node.isArmed = true
    this.scheduler.after(delayMs, () => {
      node.isArmed = false
      this.tryRound(node)
    })
  }

  /** Sends the last own unit again while no round begins: messages may have been lost. */
  keepAlive(node: Node, round: number): void {
    if (node.round === round && round > 0 && node.strategy === honest && !this.isDown(node.index)) {
      node.broadcast(node.units.get(node.last)!)
    }
    const seen = node.round
    this.scheduler.after(STALL_MS, () => this.keepAlive(node, seen))
  }

  authorsIn(node: Node, round: number): number {
    return new Set(node.dag.roundUnits(round).map((id) => node.dag.header(id).authors[0])).size
  }
}

function highestRound(dag: Dag): number {
  let round = 0
  while (dag.roundUnits(round + 1).length > 0) round++
  return round
}

/**
 * Runs a committee in virtual time. The same options give the same run. Throws `DAG_SIMULATION_FAILED` when the check fails: the
 * message has the seed and the shrunk DAG in the text notation.
 */
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const run = new Run(options)
  for (const node of run.nodes) {
    run.scheduler.after(run.random.int(20), () => run.tryRound(node))
    run.keepAlive(node, 0)
  }
  for (const { node, untilMs } of options.outages ?? [])
    run.scheduler.after(untilMs, () => run.tryRound(run.nodes[node]!))
  const events = await run.scheduler.run(options.durationMs)
  for (const node of run.nodes) {
    if (node.strategy === honest) failIfWrong([run.genesis, ...node.units.values()], options)
  }
  const rounds = run.nodes.map(({ dag }) => highestRound(dag))
  return { nodes: run.nodes, genesis: run.genesis, events, counts: run.network.counts, rounds }
}

function failIfWrong(units: readonly UnitRef[], { seed, check }: SimulationOptions): void {
  const wrong = check?.(units)
  if (wrong === undefined) return
  const small = shrinkUnits(units, (some) => check!(some) !== undefined)
  const notation = formatNotation(notationOf(small))
  throw new DagError('DAG_SIMULATION_FAILED', `seed ${seed}: ${wrong}\n${notation}`, {
    seed,
    notation,
    units: small.length,
  })
}
