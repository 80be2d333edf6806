/**
 * How new rules come into force (U8): validators signal in their units the highest version that they have, four fifths of the stake over
 * two whole epochs bring it in at the end of the second. A function of the indexed units, so all nodes change at the same index.
 */

import { concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { blake2b256, isDagError, type RulesRegistry, type Signal, activatedVersion as supported } from '@zos/dag'
import type { Committee } from '../committee/committee.ts'
import type { Address, RoundHeader } from '../dag-port.ts'
import { ZposError } from '../errors.ts'
import { uint64 } from '../lottery/seed.ts'
import { epochOfRound } from '../rounds/epoch-base.ts'

const RULES_DOMAIN = utf8ToBytes('zos-rules-vote')

/** Part of the stake that has to have a version: 4/5, so that those who stop on it are less than a third (a quorum goes on). */
export const UPGRADE_THRESHOLD: readonly [bigint, bigint] = [4n, 5n]

/** What the end of an epoch means for the rules. */
export interface RulesChange {
  /** In force from the next index on; undefined if nothing changes. */
  readonly activated: number | undefined
  /** Comes into force at the end of the next epoch if the stake still stands behind it: nodes without it have an epoch's notice. */
  readonly announced: number | undefined
}

/** Counts the signals of one epoch after the other. */
export interface RulesVote {
  /**
   * Takes a unit that became indexed, with the version that it signals (undefined: no signal, the version in force). Units of other epochs, of strangers,
   * and those without a round count nothing. Of one validator the lowest signal counts. Cost: O(1).
   */
  indexed(header: RoundHeader, signal: number | undefined): void
  /**
   * Ends the epoch at the committed leader with index `mci`; `next` votes from there on. What comes into force is written to the registry, from `mci + 1` on.
   *
   * Throws `ZPOS_RULES_UNKNOWN` if this program lacks those rules. Nothing of the next epoch may be executed or signed then: the node stops. A program
   * that has them replays to the same place and goes on.
   */
  endEpoch(mci: number, next: Committee): RulesChange
  /** The version announced at the end of the last epoch. */
  announced(): number | undefined
  /** What the checkpoint at the end of an epoch names as `rulesHash`: the schedule of versions, and the one announced. */
  hash(): Uint8Array
}

/**
 * Makes the vote from the first epoch of `committee` on. A node that begins at a checkpoint passes the registry and the announced version
 * of that place, and compares {@link RulesVote.hash} with the checkpoint's.
 */
export function createRulesVote<Rules>(options: {
  readonly registry: RulesRegistry<Rules>
  readonly committee: Committee
  readonly announced?: number
}): RulesVote {
  const { registry } = options
  let { committee, announced } = options
  let lowest = new Map<Address, number>()
  const current = (): number => registry.schedule.at(-1)!.version

  function activate(version: number, fromMci: number): void {
    registry.activate({ fromMci, version })
    try {
      registry.at(fromMci)
    } catch (cause) {
      if (!isDagError(cause, 'DAG_RULES_UNKNOWN')) throw cause
      throw new ZposError('ZPOS_RULES_UNKNOWN', cause.message, { version, fromMci, epoch: committee.epoch }, { cause })
    }
  }

  return {
    indexed({ authors, validator }, signal = current()) {
      const author = authors[0]
      if (validator === undefined || author === undefined || !committee.has(author)) return
      if (epochOfRound(validator.round) !== committee.epoch) return
      lowest.set(author, Math.min(signal, lowest.get(author) ?? signal))
    },
    endEpoch(mci, next) {
      if (next.epoch !== committee.epoch + 1) {
        throw new ZposError('ZPOS_INVALID_ARGUMENT', `epoch ${next.epoch} does not follow epoch ${committee.epoch}`, {
          epoch: next.epoch,
        })
      }
      const signals: Signal[] = [...lowest].map(([validator, version]) => ({ validator, version }))
      const stakes = new Map<string, bigint>(committee.members.map(({ address, stake }) => [address, stake]))
      const ready = supported(signals, stakes, current(), UPGRADE_THRESHOLD)
      // Who has a version has all before it, so support of a later one is support of the announced one.
      const activated = announced !== undefined && ready !== undefined && ready >= announced ? announced : undefined
      announced = ready === activated ? undefined : ready
      lowest = new Map()
      committee = next
      if (activated !== undefined) activate(activated, mci + 1)
      return { activated, announced }
    },
    announced: () => announced,
    hash: () => blake2b256(concatBytes(RULES_DOMAIN, hexToBytes(registry.hash().slice(2)), uint64(announced ?? 0))),
  }
}
