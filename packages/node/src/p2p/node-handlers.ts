import type { Checkpoints } from '../checkpoint/checkpoints.ts'
import { checkpointFrames } from '../checkpoint/exchange.ts'
import type { Heads } from '../checkpoint/heads.ts'
import type { Ibc } from '../ibc/ibc.ts'
import type { PeerIdentities } from '../identity/peer-identities.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { UnitFlow } from '../ledger/unit-flow.ts'
import type { Logger } from '../node-api.ts'
import type { NetworkHandlers } from './network.ts'
import type { PeerBook } from './peer-book.ts'

/** The parts of a node that answer its peers. */
export interface HandlerParts {
  readonly ledger: Ledger
  readonly flow: UnitFlow
  readonly checkpoints: Checkpoints
  readonly heads: Heads
  readonly ibc: Ibc | undefined
  readonly identities: PeerIdentities
  readonly knownPeers: PeerBook
  readonly logger: Logger
  /** Known once the network has started. */
  readonly peerId: () => string
  /** Takes a transaction that a peer hands on. True if this node will put it into a unit. */
  readonly takeTransaction: (raw: Uint8Array, peer: string) => Promise<boolean>
  readonly onFault: (error: unknown) => void
}

/** What the network asks of the node, answered by its parts. */
export function createNetworkHandlers(parts: HandlerParts): NetworkHandlers {
  const { ledger, flow, checkpoints, heads, ibc, identities, knownPeers, logger, peerId, onFault } = parts
  return {
    unit: flow.takeGossip,
    unitBytes: (id) => ledger.unitBytes(id),
    hasUnit: (id) => ledger.has(id),
    rounds: (from, to) => ledger.rounds(from, to),
    highestRound: () => ledger.highestRound,
    transaction: parts.takeTransaction,
    aside: async (topic, bytes) => {
      if (topic === 'ibc') return ibc?.checkpoints.takeGossip(bytes) ?? 'ignore'
      return topic === 'heads' ? heads.take(bytes) : checkpoints.takeShare(bytes)
    },
    checkpoints: (from, to) => checkpointFrames(checkpoints, from, to),
    identity: () => identities.own(peerId()),
    peerJoined: (peer) => void flow.catchUp(peer),
    peerFound: (address) => void knownPeers.add([address]).catch(onFault),
    log: (message, context) => logger.debug(message, context),
  }
}
