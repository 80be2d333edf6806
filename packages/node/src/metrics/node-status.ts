import type { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Address } from '@zos/dag'
import type { Chain } from '../chain/chain.ts'
import type { Checkpoints } from '../checkpoint/checkpoints.ts'
import type { Executor } from '../execution/executor.ts'
import type { HistoryPruner } from '../history/pruner.ts'
import type { PeerIdentities } from '../identity/peer-identities.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Mempool } from '../mempool/mempool.ts'
import type { NodeStatus } from '../node-api.ts'
import type { Network } from '../p2p/network.ts'

/** The parts of a node that its status tells of. */
export interface StatusParts {
  readonly chainId: number
  readonly devnet: boolean
  readonly self: Address | undefined
  readonly network: Network
  readonly identities: PeerIdentities
  readonly ledger: Ledger
  readonly chain: Chain
  readonly pruner: HistoryPruner
  readonly checkpoints: Checkpoints
  readonly executor: Executor
  readonly mempool: Mempool
  readonly isProducing: () => boolean
  /** How late timers ran; begins anew with each status. */
  readonly lag: ReturnType<typeof monitorEventLoopDelay>
}

/** Makes the function that tells how the node is. */
export function createStatus(parts: StatusParts): () => NodeStatus {
  const { network, identities, ledger, chain, pruner, checkpoints, executor, mempool, lag } = parts
  return () => {
    const memory = process.memoryUsage()
    const health = network.health()
    const head = chain.head!
    const lagP99Ms = Math.round(lag.percentile(99) / 1e6)
    lag.reset()
    return {
      chainId: parts.chainId,
      devnet: parts.devnet,
      validator: parts.self ?? null,
      peers: network.peers().length,
      validatorPeers: identities.validators(network.peers()),
      round: ledger.highestRound,
      block: head.header.number,
      blockHash: head.hash,
      stateRoot: head.header.stateRoot,
      epoch: ledger.epoch.number,
      firstEpoch: pruner.firstEpoch,
      checkpoint: checkpoints.certified('latest')?.checkpoint.epoch ?? null,
      mci: ledger.mainChain.tip.mci,
      units: ledger.dag.size,
      waitingUnits: ledger.waiting,
      backlog: executor.backlog,
      pool: mempool.size,
      droppedMessages: health.faults,
      floodedMessages: health.flooded,
      slowAnswers: health.slow,
      gossipMessages: health.gossip.messages,
      gossipCopies: health.gossip.copies,
      gossipBytes: health.gossip.bytes,
      bannedPeers: health.banned,
      lowestPeerScore: health.lowestScore,
      producing: parts.isProducing(),
      rssBytes: memory.rss,
      heapBytes: memory.heapUsed,
      lagP99Ms,
    }
  }
}
