/** Never sign twice (C15): the guard that every unit of a validator passes before it is signed. */
import type { UnitId } from '../dag-port.ts'
import { ZposError } from '../errors.ts'
import type { GuardStore } from './guard-store.ts'
import { decodeJournal, encodeRecord } from './journal.ts'

/** Records that a journal may have when it is opened before it is cut to the last one: a day at a round a second. */
const SHORT_JOURNAL = 86_400

/** The last unit that a guard let pass. */
export interface Claim {
  readonly round: number
  readonly unit: UnitId
}

/** Keeps one key from signing two units of one round, or a unit of an earlier round than one already signed. */
export interface SigningGuard {
  /**
   * Asks to sign `unit` in `round`. Resolves once the claim would survive a power cut; sign only then. Claiming the last unit
   * again is allowed (a restart may have to sign and send it once more).
   *
   * Rejects with `ZPOS_WOULD_SIGN_TWICE` if the last claim is of a later round, or of this round and another unit.
   *
   * @param selfParent pass it: then the guard also refuses a unit that does not build on the last one claimed. Two such units are
   *   a fork of the validator's own chain, and cost all of its stake (C10), though their rounds differ. After a loss of the DAG, first
   *   get the last unit back (from peers, or from where it was kept before it was sent).
   */
  claim(round: number, unit: UnitId, selfParent?: UnitId): Promise<void>
  /** The last claim: what to send again after a restart. */
  last(): Claim | undefined
}

/**
 * Opens the guard of one key over its journal.
 *
 * Rejects with `ZPOS_JOURNAL_DOUBTFUL` if the journal is damaged anywhere but at a torn end, or is not in ascending order.
 */
export async function createSigningGuard(store: GuardStore): Promise<SigningGuard> {
  const bytes = await store.read()
  const { records, clean } = decodeJournal(bytes)
  let last: Claim | undefined
  for (const record of records) {
    const claim = asClaim(record)
    if (claim === undefined || (last !== undefined && claim.round <= last.round)) {
      throw new ZposError('ZPOS_JOURNAL_DOUBTFUL', 'the signing journal does not hold claims in ascending order', {
        record,
      })
    }
    last = claim
  }
  // Only the last claim matters: a long journal, or one with a torn end, is written anew.
  if (clean < bytes.length || records.length > SHORT_JOURNAL) {
    await store.replace(last === undefined ? new Uint8Array() : encodeRecord(last))
  }
  let queue: Promise<void> = Promise.resolve()

  async function claimNow(round: number, unit: UnitId, selfParent: UnitId | undefined): Promise<void> {
    if (last !== undefined && round <= last.round) {
      if (round === last.round && unit === last.unit) return
      throw new ZposError(
        'ZPOS_WOULD_SIGN_TWICE',
        `refused to sign unit ${unit} of round ${round}: ${last.unit} of round ${last.round} was claimed before`,
        { round, unit, last },
      )
    }
    if (last !== undefined && selfParent !== undefined && selfParent !== last.unit) {
      throw new ZposError(
        'ZPOS_WOULD_SIGN_TWICE',
        `refused to sign unit ${unit}: it builds on ${selfParent} and not on ${last.unit}, the last unit claimed`,
        { round, unit, selfParent, last },
      )
    }
    await store.append(encodeRecord({ round, unit }))
    last = { round, unit }
  }

  return {
    claim(round, unit, selfParent) {
      if (!Number.isSafeInteger(round) || round < 0) {
        return Promise.reject(new ZposError('ZPOS_INVALID_ARGUMENT', `round ${round} is not a whole number`, { round }))
      }
      const result = queue.then(() => claimNow(round, unit, selfParent))
      queue = result.catch(() => undefined)
      return result
    },
    last: () => last,
  }
}

function asClaim(record: unknown): Claim | undefined {
  if (typeof record !== 'object' || record === null) return undefined
  const { round, unit } = record as Record<string, unknown>
  if (!Number.isSafeInteger(round) || typeof unit !== 'string') return undefined
  return { round: round as number, unit: unit as UnitId }
}
