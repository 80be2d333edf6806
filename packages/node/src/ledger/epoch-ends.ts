import type { Checkpoints } from '../checkpoint/checkpoints.ts'
import type { Committees } from './committees.ts'
import type { CommittedLeader } from './ledger.ts'

/** Follows epochs to their ends: each has a checkpoint that names the next committee, and ends for the rest of the node with a block. */
export class EpochEnds {
  readonly #committees: Committees
  readonly #checkpoints: Pick<Checkpoints, 'committed'>
  /** The end of an epoch whose checkpoint has to name a committee that is not elected yet: nothing is committed after it until then. */
  #unelected: CommittedLeader | undefined
  /** The epochs that end with blocks which are not executed yet, by block. */
  readonly #blocks = new Map<number, number>()

  constructor(options: { committees: Committees; checkpoints: Pick<Checkpoints, 'committed'> }) {
    this.#committees = options.committees
    this.#checkpoints = options.checkpoints
  }

  /** A leader is final. Its checkpoint is made as soon as the committee that it names is elected. */
  committed(leader: CommittedLeader): void {
    if (leader.endsEpoch && !this.#committees.of(leader.epoch + 1)) this.#unelected = leader
    else this.#checkpoints.committed(leader)
  }

  /** The block of `leader` will be executed while the node runs: {@link executed} tells if an epoch ends with it. */
  expect({ endsEpoch, number, epoch }: CommittedLeader): void {
    if (endsEpoch) this.#blocks.set(number, epoch)
  }

  /** The block was executed. The epoch that ended with it, if one did. */
  executed(block: number): number | undefined {
    if (this.#unelected && this.#committees.of(this.#unelected.epoch + 1)) {
      this.#checkpoints.committed(this.#unelected)
      this.#unelected = undefined
    }
    const ended = this.#blocks.get(block)
    this.#blocks.delete(block)
    return ended
  }
}
