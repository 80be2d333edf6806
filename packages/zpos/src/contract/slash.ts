/** What an offence costs (C10): stake, stake on its way out, stake that left for another validator; jail for good. */
import type { Address } from '../dag-port.ts'
import type { ContractParams } from './params.ts'
import type { Records } from './records.ts'
import { type Effects, revert, type Staking } from './staking.ts'

/** A proved offence. */
export interface ProvedOffence {
  /** Address of the key that signed twice. */
  readonly key: Address
  /** The epoch for which it signed. Its committee must hold the key. */
  readonly epoch: number
  /** One evidence, one id; the same pair of signatures always has the same. */
  readonly id: string
  readonly reporter: Address
}

/**
 * Slashes. Delegators bear it pro rata: all shares of the validator lose the same part; stake that unbonded or was redelegated after the
 * offence loses it too. A validator is slashed once: the tombstone makes every further offence cost nothing more.
 *
 * Reverts with `ZPOS_CONTRACT_REVERTED` for a key that was not in the epoch's committee, an offence that is too old, and evidence
 * that was used. Evidence may come in any order.
 */
export function slash(
  records: Records,
  staking: Staking,
  params: ContractParams,
  effects: Effects,
  { key, epoch, id, reporter }: ProvedOffence,
  nowMs: number,
): bigint {
  const { validators, delegations, leaving, redelegations, keys, offences } = records
  const owner = keys.get(key)?.owner ?? revert(`no validator has or had the key of ${key}`, { key })
  if (offences.get(id) !== undefined) revert(`this evidence was used`, { id })
  // The time of an offence is the beginning of its epoch, as nobody can forge that: the stake of then stood behind the key.
  const offenceMs = records.numbers.get(`epochStart/${epoch}`)
  if (offenceMs === undefined || !records.committees.get(String(epoch))?.some((member) => member.key === key)) {
    return revert(`${key} was not in the committee of epoch ${epoch}`, { key, epoch })
  }
  // The stake behind the key is what it was when the committee was elected: what left since then answers too.
  const bondedEpoch = Math.max(0, epoch - params.electionLead)
  const bondedMs = records.numbers.get(`epochStart/${bondedEpoch}`) ?? offenceMs
  if (offenceMs + params.evidenceWindowMs < nowMs)
    revert(`the offence of epoch ${epoch} is not within the evidence window`, { nowMs })
  const record = staking.validatorOf(owner)
  if (record.tombstoned) revert(`${owner} was slashed already`)
  offences.set(id, owner)

  const part = (amount: bigint): bigint => (amount * params.slashBps) / 10_000n
  let taken = part(record.tokens)
  staking.update(owner, { tokens: record.tokens - taken, tombstoned: true, jailed: true })

  // One record an epoch, however many they are whose coins left in it. The evidence window bounds the epochs.
  const last = records.numbers.get('epoch') ?? bondedEpoch
  for (let left = bondedEpoch; left <= last; left += 1) {
    const record = leaving.get(`${owner}/${left}`)
    if (record === undefined) continue
    const loss = part(record.tokens)
    taken += loss
    leaving.set(`${owner}/${left}`, { ...record, tokens: record.tokens - loss })
  }

  for (const { delegator, to, shares, createdMs } of redelegations.get(owner) ?? []) {
    if (createdMs < bondedMs || validators.get(to) === undefined) continue
    const held = delegations.get(`${to}/${delegator}`)?.shares ?? 0n
    const lost = part(shares < held ? shares : held)
    if (lost > 0n) taken += staking.removeShares(effects, to, delegator as Address, lost, nowMs)
  }

  const reward = (taken * params.reporterBps) / 10_000n
  if (reward > 0n) effects.transfers.push({ to: reporter, amount: reward })
  effects.burned += taken - reward
  effects.events.push({ name: 'Slashed', validator: owner, account: reporter, amount: taken })
  return taken
}
