import type { Heads } from '../checkpoint/heads.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { offencesIn } from '../ledger/offences.ts'
import type { TicketIndex } from '../lottery/ticket-index.ts'
import { type ConsensusSettings, readConsensusContract } from '../native/consensus-contract.ts'
import type { NodeStatus } from '../node-api.ts'
import type { Network } from '../p2p/network.ts'
import type { RpcContext } from './context.ts'
import { unitInfo } from './unit-info.ts'

/** The parts of a node that JSON-RPC is served from. */
export interface ContextParts
  extends Pick<
    RpcContext,
    | 'genesis'
    | 'chain'
    | 'state'
    | 'mempool'
    | 'intake'
    | 'call'
    | 'ibc'
    | 'checkpoints'
    | 'onPending'
    | 'now'
    | 'index'
    | 'dumpState'
    | 'dev'
  > {
  readonly ledger: Ledger
  readonly network: Network
  readonly heads: Heads
  readonly tickets: TicketIndex
  readonly settings: ConsensusSettings
  readonly status: () => NodeStatus
}

/** What the methods of JSON-RPC see of a node. */
export function createRpcContext(parts: ContextParts): RpcContext {
  const { ledger, network, heads, tickets, settings, status, ...shared } = parts
  const { chain, state } = shared
  return {
    ...shared,
    head: () => heads.latest(),
    peerCount: () => network.peers().length,
    status: () => ({ ...status() }),
    unit: (id) => unitInfo(id, ledger, chain),
    tips: () => [...ledger.dag.tips()],
    committee: () => {
      const { number, base, committee: current, committer } = ledger.epoch
      return { epoch: number, baseRound: base.round, quorum: current.quorum, members: current.members, committer }
    },
    roundUnits: (round) => ledger.roundUnits(round),
    offences: (from, to) => offencesIn(ledger, from, to),
    consensus: () => readConsensusContract(state.latest(), settings),
    lottery: () => {
      const { epoch } = ledger
      return { epoch, tickets: tickets.smallest(epoch.number, epoch.schedule.term().number + 1) }
    },
  }
}
