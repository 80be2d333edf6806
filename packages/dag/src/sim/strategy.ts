/** What a validator of the simulation does. The honest one follows U3; adversaries are strategies like any other. */
import type { Dag, UnitRef } from '../dag/dag.ts'
import type { Address, UnitId } from '../unit/id.ts'
import type { SimRandom } from './random.ts'

/** What a strategy can do and see: one node of the simulation. */
export interface SimNode {
  readonly index: number
  readonly address: Address
  readonly dag: Dag
  readonly random: SimRandom
  readonly nodes: number
  /** Virtual milliseconds. */
  readonly nowMs: number
  /** The round of this node's last own unit, 0 at first. */
  readonly round: number
  /** Its last own unit, the genesis at first. */
  readonly last: UnitId
  /** Makes a validator unit of a round without sending it. `salt` tells units with the same parents apart. */
  make(round: number, selfParent: UnitId, others: readonly UnitId[], salt?: number): UnitRef
  /** Takes an own unit into the own DAG, as the last one. */
  keep(unit: UnitRef): void
  send(to: number, unit: UnitRef): void
  broadcast(unit: UnitRef): void
  after(delayMs: number, event: () => void): void
}

/** Decides what to do when a new round can begin: a quorum of the round before is there. */
export interface Strategy {
  readonly name: string
  /** `parents`: the units of `round − 1`, the own one left out, and user units that are not in its past yet. */
  onRound(node: SimNode, round: number, parents: readonly UnitId[]): void
  /** False: the node does not answer requests for units. Default true. */
  readonly answers?: boolean
}

/** Follows the rules. */
export const honest: Strategy = {
  name: 'honest',
  onRound: (node, round, parents) => {
    const unit = node.make(round, node.last, parents)
    node.keep(unit)
    node.broadcast(unit)
  },
}

/** Makes no units and answers nobody. */
export const silent: Strategy = { name: 'silent', onRound: () => {}, answers: false }

/** Makes `branches` units a round and sends each to another part of the nodes. */
export function equivocator(branches = 2): Strategy {
  return {
    name: `equivocator(${branches})`,
    onRound: (node, round, parents) => {
      const units = Array.from({ length: branches }, (_, salt) => node.make(round, node.last, parents, salt))
      node.keep(units[0]!)
      for (let to = 0; to < node.nodes; to++) if (to !== node.index) node.send(to, units[to % branches]!)
    },
  }
}

/** Keeps its units back and releases them together after `delayMs`. */
export function withholder(delayMs: number): Strategy {
  return {
    name: `withholder(${delayMs})`,
    onRound: (node, round, parents) => {
      const unit = node.make(round, node.last, parents)
      node.keep(unit)
      node.after(delayMs, () => node.broadcast(unit))
    },
    answers: false,
  }
}

/** Sends its units to a random part of the nodes only. */
export function selective(share: number): Strategy {
  return {
    name: `selective(${share})`,
    onRound: (node, round, parents) => {
      const unit = node.make(round, node.last, parents)
      node.keep(unit)
      for (let to = 0; to < node.nodes; to++) if (to !== node.index && node.random.next() < share) node.send(to, unit)
    },
    answers: false,
  }
}

/** References only its own last unit and the least that U3 allows of the round before. */
export function minimal(quorum: number): Strategy {
  return {
    name: `minimal(${quorum})`,
    onRound: (node, round, parents) => {
      const unit = node.make(round, node.last, parents.slice(0, quorum - 1))
      node.keep(unit)
      node.broadcast(unit)
    },
  }
}
