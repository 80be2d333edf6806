import type { Dag, UnitId } from '@zos/dag'
import {
  type Committee,
  type Committer,
  createCommittee,
  createCommitter,
  type EpochBase,
  epochBase,
  roundRobinSchedule,
} from '@zos/zpos'

/** A stretch of rounds with one committee (DESIGN.md C2). Its first round builds on the leader unit that ended the epoch before. */
export interface Epoch {
  readonly number: number
  readonly base: EpochBase
  readonly committee: Committee
  readonly committer: Committer
}

export function firstEpoch(dag: Dag, committee: Committee): Epoch {
  return startEpoch(dag, 0, committee, dag.genesis)
}

/** The epoch after `epoch`, which ended with the committed leader `end`. The members stay: stake does not move yet. */
export function nextEpoch(dag: Dag, epoch: Epoch, end: UnitId): Epoch {
  epoch.committer.close()
  const number = epoch.number + 1
  return startEpoch(dag, number, createCommittee({ epoch: number, members: epoch.committee.members }), end)
}

function startEpoch(dag: Dag, number: number, committee: Committee, unit: UnitId): Epoch {
  const base = epochBase(number, unit)
  const committer = createCommitter({
    dag,
    committee,
    schedule: roundRobinSchedule(committee, { baseRound: base.round }),
    firstRound: base.round + 1,
  })
  return { number, base, committee, committer }
}
