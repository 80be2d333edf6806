import type { UnitId } from '@zos/dag'

/** What the network asks of the node. */
export interface NetworkHandlers {
  /** A unit arrived. `reject`: it is malformed or breaks the rules, and the sender is to blame; `ignore`: it is not known to hold, and goes no further. */
  unit(bytes: Uint8Array, peer: string): Promise<'accept' | 'ignore' | 'reject'>
  unitBytes(id: UnitId): Uint8Array | undefined
  hasUnit(id: UnitId): boolean
  /** The encoded units of the rounds `from` to `to`, both included, as far as they are kept: parents first. */
  rounds(from: number, to: number): AsyncIterable<Uint8Array>
  highestRound(): number
  /** A peer that makes no units hands on a transaction. True if this node will put it into one. */
  transaction(raw: Uint8Array, peer: string): Promise<boolean>
  /** Small messages of the validators' other topics: see {@link SIDE_TOPICS}. `reject`: the sender is to blame. */
  aside(topic: SideTopic, bytes: Uint8Array): Promise<'accept' | 'ignore' | 'reject'>
  /** The checkpoints of epochs `from` to `to` that this node can give, as frames for {@link Network.fetchCheckpoints}. */
  checkpoints(from: number, to: number): Iterable<Uint8Array>
  /** The record that shows whose network key this node's is; undefined for a node without a stake, or while it is being signed. */
  identity(): Uint8Array | undefined
  peerJoined(peer: string): void
  /** A peer that was found by discovery is connected at this address. */
  peerFound?(address: string): void
  log(message: string, context: Record<string, unknown>): void
}

/** Topics beside the units': shares of checkpoints, what validators say of the blocks that they execute, and IBC votes of those who left. */
export const SIDE_TOPICS = ['checkpoints', 'heads', 'ibc'] as const

export type SideTopic = (typeof SIDE_TOPICS)[number]
