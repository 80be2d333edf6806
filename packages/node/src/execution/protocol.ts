/** Joins the ledger and the consensus contract: what a committed leader means for rewards, epochs and committees. */
import type { Address, UnitId } from '@zos/dag'
import { type Bet, EPOCH_ROUNDS, epochOfRound } from '@zos/zpos'
import { NodeError } from '../errors.ts'
import { betOf } from '../ledger/bet-message.ts'
import { type Committees, committeeChange } from '../ledger/committees.ts'
import type { CommittedLeader, Ledger } from '../ledger/ledger.ts'
import { type ConsensusSettings, readConsensusContract } from '../native/consensus-contract.ts'
import { applyRewards } from '../native/protocol-ledger.ts'
import type { StateOverlay } from '../state/overlay.ts'
import type { WorldState } from '../state/world-state.ts'
import type { StoreChange } from '../store/kv.ts'

export interface Protocol {
  /** What the protocol does to the state after the transactions of a block. */
  after(state: StateOverlay, leader: CommittedLeader, block: { timestamp: number; baseFees: bigint }): void
  /** What becomes durable with the block beside the state: the committee that its epoch's end elected. */
  stored(leader: CommittedLeader): StoreChange[]
}

export function createProtocol(options: {
  ledger: Ledger
  state: WorldState
  committees: Committees
  settings: ConsensusSettings
  /** When emission began. */
  genesisMs: number
}): Protocol {
  const { ledger, state, committees, settings, genesisMs } = options
  const headerOf = (id: string) => {
    const header = ledger.header(id as UnitId)
    if (!header) throw new NodeError('NODE_STORE_CORRUPT', `the committed unit ${id} is not in the store`, { unit: id })
    return header
  }
  return {
    after(overlay, leader, { timestamp, baseFees }) {
      const headers = leader.units.map(({ id }) => headerOf(id))
      applyRewards(overlay, settings, genesisMs, {
        number: leader.number,
        timestamp,
        baseFees,
        unit: leader.unit,
        speaker: leader.header.authors[0] as Address,
        round: leader.round,
        committee: committees.of(leader.epoch)!,
        baseRound: leader.epoch * EPOCH_ROUNDS,
        endsEpoch: leader.endsEpoch,
        authors: headers.flatMap(({ validator, authors }) =>
          validator && epochOfRound(validator.round) === leader.epoch ? [authors[0]!] : [],
        ),
        bets: (round) =>
          leader.units.flatMap(({ id }): Bet[] => {
            const { validator, authors } = headerOf(id)
            const unit = validator?.round === round ? ledger.unit(id as UnitId) : undefined
            const bet = unit && betOf(unit)
            return bet ? [{ validator: authors[0]!, ...bet }] : []
          }),
      })
    },
    stored({ endsEpoch, epoch }) {
      if (!endsEpoch) return []
      const elected = readConsensusContract(state.latest(), settings).committee(epoch + 2)
      return elected ? [committeeChange(elected)] : []
    },
  }
}
