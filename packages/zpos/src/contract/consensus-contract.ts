/**
 * The consensus contract (the whitepaper's temple): who may validate, with whose stake, and what becomes of both. A deterministic
 * state machine over a {@link ContractStore}; the node serves it at {@link CONSENSUS_ADDRESS} and moves the coins that it names.
 */
import { hexToBytes } from '@noble/hashes/utils.js'
import { type Committee, createCommittee } from '../committee/committee.ts'
import type { Address } from '../dag-port.ts'
import { isZposError } from '../errors.ts'
import type { ContractStore } from './contract-store.ts'
import { type ContractParams, checkParams, DEFAULT_PARAMS } from './params.ts'
import { type CommitteeRecord, createRecords, type Records, type ValidatorRecord } from './records.ts'
import { type ProvedOffence, slash } from './slash.ts'
import { createStaking, type Effects, type Staking } from './staking.ts'

/** Where contracts and wallets find it. */
export const CONSENSUS_ADDRESS = '0x0000000000000000000000000000000000005a01' as Address

/** What a call did. A reverted call has changed nothing. */
export type CallResult<T = void> =
  | ({ readonly status: 'done'; readonly value: T } & Readonly<Effects>)
  | { readonly status: 'reverted'; readonly reason: string }

/** What happened in an epoch. */
export interface EpochEnd {
  readonly nowMs: number
  /** Rounds of the epoch, and units of each key that were indexed in it. Without them nobody is jailed. */
  readonly rounds?: number
  readonly produced?: ReadonlyMap<Address, number>
}

/** The contract. */
export interface ConsensusContract {
  readonly params: ContractParams
  /** Runs one operation; a revert undoes all of it. */
  run<T>(operation: (staking: Staking, effects: Effects) => T): CallResult<T>
  /** Slashes for a proved offence (checked by `checkEvidence` before). Value: the stake taken. */
  punish(offence: ProvedOffence, nowMs: number): CallResult<bigint>
  /** Adds rewards to validators by their key; returns what none of them can get. */
  reward(payouts: ReadonlyMap<Address, bigint>): bigint
  /**
   * Jails those who were away, begins the next epoch and elects the committee for it, or for the one `electionLead` epochs later: that committee
   * is returned. The first call elects for all epochs up to there. Without a candidate the last committee stays; undefined (and nothing changes) if
   * there is none, or if `electionLead` is 0.
   */
  endEpoch(end: EpochEnd): Committee | undefined
  epoch(): number
  /** The committee of an epoch, the present one by default. */
  committee(epoch?: number): Committee | undefined
  candidate(owner: Address): ValidatorRecord | undefined
  /** The owner that answers for a key, also for an old one. */
  ownerOf(key: Address): Address | undefined
  /** Coins that a delegation is worth. */
  delegation(owner: Address, delegator: Address): bigint
  pendingRewards(owner: Address, delegator: Address): bigint
  /** Coins that the contract holds: stake, stake on its way out, rewards not claimed and not free yet. Reads all records: for audits and tests. */
  holdings(): bigint
  readonly records: Records
}

/** Makes the contract over a store, empty or not. Throws `ZPOS_INVALID_ARGUMENT` for parameters that contradict each other. */
export function createConsensusContract(options: {
  readonly store: ContractStore
  readonly params?: Partial<ContractParams>
}): ConsensusContract {
  const params = { ...DEFAULT_PARAMS, ...options.params }
  checkParams(params)
  const { store } = options
  const records = createRecords(store)
  const { validators, leaving, vestings, delegations, committees, numbers } = records
  const staking = createStaking(records, params)

  function run<T>(operation: (staking: Staking, effects: Effects) => T): CallResult<T> {
    const effects: Effects = { transfers: [], burned: 0n, events: [] }
    const mark = store.snapshot()
    try {
      return { status: 'done', value: operation(staking, effects), ...effects, burned: effects.burned }
    } catch (error) {
      store.revert(mark)
      if (isZposError(error, 'ZPOS_CONTRACT_REVERTED')) return { status: 'reverted', reason: error.message }
      throw error
    }
  }

  /** C2: the largest bonds above the threshold; of equal ones the earlier. */
  function elect(): CommitteeRecord[] {
    return validators
      .keys()
      .map((owner) => ({ owner: owner as Address, record: validators.get(owner)! }))
      .filter(({ owner, record }) => {
        const own = delegations.get(`${owner}/${owner}`)?.shares ?? 0n
        return !record.jailed && !record.tombstoned && staking.worth(record, own) >= params.minSelfBond
      })
      .sort((a, b) =>
        a.record.tokens === b.record.tokens
          ? a.record.order - b.record.order
          : a.record.tokens > b.record.tokens
            ? -1
            : 1,
      )
      .slice(0, params.committeeSize)
      .map(({ owner, record }) => ({
        owner,
        key: record.key,
        publicKey: record.publicKey,
        vrfKey: record.vrfKey,
        isogenyKey: record.isogenyKey,
        stake: record.tokens,
      }))
  }

  function committee(epoch = numbers.get('epoch') ?? 0): Committee | undefined {
    const members = committees.get(String(epoch))
    if (members === undefined) return undefined
    return createCommittee({
      epoch,
      members: members.map(({ key, publicKey, vrfKey, isogenyKey, stake }) => ({
        address: key,
        publicKey: hexToBytes(publicKey),
        ...(isogenyKey === '' ? {} : { isogenyKey: hexToBytes(isogenyKey) }),
        ...(/^0*$/.test(vrfKey) ? {} : { vrfKey: hexToBytes(vrfKey) }),
        stake,
      })),
    })
  }

  function jailAbsent({ nowMs, rounds = 0, produced }: EpochEnd): void {
    if (produced === undefined || rounds === 0) return
    for (const { owner, key } of committees.get(String(numbers.get('epoch') ?? 0)) ?? []) {
      if ((produced.get(key) ?? 0) * 10_000 >= rounds * params.minParticipationBps) continue
      if (validators.get(owner)?.jailed === false) {
        staking.update(owner, { jailed: true, jailedUntilMs: nowMs + params.jailMs })
      }
    }
  }

  return {
    params,
    run,
    records,
    punish: (offence, nowMs) => run((_, effects) => slash(records, staking, params, effects, offence, nowMs)),
    reward(payouts) {
      let left = 0n
      for (const [key, amount] of payouts) left += staking.reward(key, amount)
      return left
    },
    endEpoch(end) {
      const mark = store.snapshot()
      jailAbsent(end)
      const begun = numbers.get('epoch')
      const epoch = begun === undefined ? 0 : begun + 1
      const electedFor = epoch + params.electionLead
      const elected = elect()
      const members = elected.length > 0 ? elected : committees.get(String(electedFor - 1))
      if (members === undefined || (elected.length === 0 && params.electionLead === 0)) {
        store.revert(mark)
        return undefined
      }
      numbers.set('epoch', epoch)
      for (let next = begun === undefined ? 0 : electedFor; next <= electedFor; next += 1) {
        committees.set(String(next), members)
      }
      numbers.set(`epochStart/${epoch}`, end.nowMs)
      return committee(electedFor)
    },
    epoch: () => numbers.get('epoch') ?? 0,
    committee,
    candidate: (owner) => validators.get(owner),
    ownerOf: (key) => records.keys.get(key)?.owner,
    delegation: staking.delegationOf,
    pendingRewards: staking.rewardsOf,
    holdings() {
      let sum = 0n
      for (const owner of validators.keys()) {
        const { tokens, pool, commission } = validators.get(owner)!
        sum += tokens + pool.outstanding + commission
      }
      for (const key of leaving.keys()) sum += leaving.get(key)!.tokens
      for (const account of vestings.keys())
        for (const { amount, taken } of vestings.get(account)!) sum += amount - taken
      return sum
    },
  }
}
