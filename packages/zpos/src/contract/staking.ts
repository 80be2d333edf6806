/** Bonding and what follows from it: register, delegate, unbond, redelegate, commission, keys, rewards. */
import { bytesToHex } from '@noble/hashes/utils.js'
import type { Address } from '../dag-port.ts'
import { vestedOf } from '../economy/emission.ts'
import { accrue, EMPTY_POOL, earned, pay } from '../economy/reward-pool.ts'
import { ZposError } from '../errors.ts'
import type { ContractParams } from './params.ts'
import type { Records, UnbondingRecord, ValidatorRecord } from './records.ts'
import { keyAddress, verifyPossession } from './validator-key.ts'

/** What a call leads to outside the contract. */
export interface Effects {
  readonly transfers: { readonly to: Address; readonly amount: bigint }[]
  /** Coins that cease to exist. */
  burned: bigint
  readonly events: ContractEvent[]
}

/** Something worth telling; becomes an EVM log. */
export interface ContractEvent {
  readonly name:
    | 'Registered'
    | 'Delegated'
    | 'Unbonding'
    | 'Redelegated'
    | 'Rewarded'
    | 'KeyRotated'
    | 'Unjailed'
    | 'Slashed'
  readonly validator: Address
  readonly account: Address
  readonly amount: bigint
}

/** Who calls, with how much, and when. */
export interface CallContext {
  readonly sender: Address
  readonly value: bigint
  /** Consensus time. */
  readonly nowMs: number
}

/** What a candidate registers with. */
export interface Registration {
  readonly publicKey: Uint8Array
  readonly possession: Uint8Array
  /** 32 bytes; zeros: none. */
  readonly vrfKey: Uint8Array
  /** SQIsign key, level I, 83 bytes; empty: none. */
  readonly isogenyKey: Uint8Array
  readonly commissionBps: number
}

/** Ends a call without effect. */
export function revert(reason: string, context: Record<string, unknown> = {}): never {
  throw new ZposError('ZPOS_CONTRACT_REVERTED', reason, context)
}

const DAY_MS = 86_400_000
const WHOLE_BPS = 10_000
/** Where what left before the first election is counted. */
const BEFORE_ALL_EPOCHS = -1
/** A SQIsign public key of level I. */
const ISOGENY_KEY_BYTES = 83

/** The operations on stake over a set of records. Each checks all before it changes anything. */
export function createStaking(records: Records, params: ContractParams) {
  const {
    validators,
    delegations,
    unbondings,
    leaving,
    redelegations,
    arrivals,
    keys,
    retirements,
    vestings,
    numbers,
  } = records

  function validatorOf(owner: Address): ValidatorRecord {
    return validators.get(owner) ?? revert(`${owner} is not a candidate`, { owner })
  }

  function update(owner: Address, change: Partial<ValidatorRecord>): void {
    validators.set(owner, { ...validatorOf(owner), ...change })
  }

  /** Coins that `shares` of a validator are worth, rounded down. */
  function worth(record: ValidatorRecord, shares: bigint): bigint {
    return record.shares === 0n ? 0n : (shares * record.tokens) / record.shares
  }

  function grant(effects: Effects, to: Address, amount: bigint, nowMs: number): void {
    if (amount === 0n) return
    const free = vestedOf(amount, 0n)
    if (free > 0n) effects.transfers.push({ to, amount: free })
    // One record a day and account: the list stays below 181.
    const day = nowMs - (nowMs % DAY_MS)
    const list = vestings.get(to) ?? []
    const known = list.find(({ fromMs }) => fromMs === day)
    const rest = list.filter((entry) => entry !== known)
    const amounts = { amount: (known?.amount ?? 0n) + amount, taken: (known?.taken ?? 0n) + free }
    vestings.set(to, [...rest, { fromMs: day, ...amounts }])
  }

  /** Pays what a delegation has earned, and lets it earn from now on. */
  function settle(effects: Effects, owner: Address, delegator: Address, nowMs: number): void {
    const record = validatorOf(owner)
    const key = `${owner}/${delegator}`
    const delegation = delegations.get(key)
    if (delegation === undefined) return
    const amount = earned(record.pool, delegation.shares, delegation.start)
    delegations.set(key, { ...delegation, start: record.pool.ratio })
    update(owner, { pool: pay(record.pool, amount) })
    grant(effects, delegator, amount, nowMs)
    if (amount > 0n) effects.events.push({ name: 'Rewarded', validator: owner, account: delegator, amount })
  }

  function addStake(effects: Effects, owner: Address, delegator: Address, amount: bigint, nowMs: number): bigint {
    settle(effects, owner, delegator, nowMs)
    const record = validatorOf(owner)
    const shares = record.shares === 0n ? amount : (amount * record.shares) / record.tokens
    const key = `${owner}/${delegator}`
    const before = delegations.get(key)?.shares ?? 0n
    delegations.set(key, { shares: before + shares, start: record.pool.ratio })
    update(owner, { tokens: record.tokens + amount, shares: record.shares + shares })
    return shares
  }

  /** Takes shares away; returns the coins that they were worth. */
  function removeShares(effects: Effects, owner: Address, delegator: Address, shares: bigint, nowMs: number): bigint {
    settle(effects, owner, delegator, nowMs)
    const record = validatorOf(owner)
    const key = `${owner}/${delegator}`
    const left = delegations.get(key)!.shares - shares
    const tokens = worth(record, shares)
    delegations.set(key, left === 0n ? undefined : { shares: left, start: record.pool.ratio })
    update(owner, { tokens: record.tokens - tokens, shares: record.shares - shares })
    return tokens
  }

  /** The fewest shares that are worth `amount`. */
  function sharesFor(owner: Address, delegator: Address, amount: bigint): bigint {
    const record = validatorOf(owner)
    const held = delegations.get(`${owner}/${delegator}`)?.shares ?? 0n
    if (amount <= 0n || worth(record, held) < amount) revert(`${delegator} has no ${amount} with ${owner}`, { amount })
    const shares = (amount * record.shares + record.tokens - 1n) / record.tokens
    // Dust that would be worth nothing goes along.
    return worth(record, held - shares) === 0n ? held : shares
  }

  /** Puts coins on their way out; returns the shares in what leaves the validator in this epoch. */
  function leave(owner: Address, epoch: number, tokens: bigint): bigint {
    const before = leaving.get(`${owner}/${epoch}`) ?? { tokens: 0n, shares: 0n }
    // A slash makes shares worth less, never more: as many as coins at least, so that nothing is lost by rounding.
    const shares = before.tokens === 0n ? tokens : (tokens * before.shares) / before.tokens
    leaving.set(`${owner}/${epoch}`, { tokens: before.tokens + tokens, shares: before.shares + shares })
    return shares
  }

  /** Takes one's shares out of what left; returns what a slash has left of them, rounded down. The last one gets the rest. */
  function takeLeft({ validator, epoch, shares }: UnbondingRecord): bigint {
    const key = `${validator}/${epoch}`
    const all = leaving.get(key)!
    const tokens = (all.tokens * shares) / all.shares
    const rest = all.shares - shares
    leaving.set(key, rest === 0n ? undefined : { tokens: all.tokens - tokens, shares: rest })
    return tokens
  }

  function requireOpen(owner: Address): ValidatorRecord {
    const record = validatorOf(owner)
    if (record.tombstoned) revert(`${owner} was slashed and takes no stake any more`)
    if (record.shares > 0n && record.tokens === 0n) revert(`the shares of ${owner} are worth nothing`)
    return record
  }

  function claimKey(owner: Address, publicKey: Uint8Array, possession: Uint8Array): Address {
    const key = keyAddress(publicKey) ?? revert('the public key is not a compressed secp256k1 key')
    if (keys.get(key) !== undefined) revert(`the key of ${key} is or was in use`, { key })
    if (!verifyPossession(owner, publicKey, possession)) revert('the proof of possession of the key does not hold')
    return key
  }

  /** Its form alone: a key that nobody can sign with harms its owner, whose shares of checkpoints then do not count. */
  function checkedIsogenyKey(isogenyKey: Uint8Array): string {
    if (isogenyKey.length === ISOGENY_KEY_BYTES) return bytesToHex(isogenyKey)
    if (isogenyKey.length > 0) revert(`an isogeny key has ${ISOGENY_KEY_BYTES} bytes, not ${isogenyKey.length}`)
    return params.requireIsogenyKey ? revert('checkpoints of this network need an isogeny key') : ''
  }

  return {
    validatorOf,
    update,
    worth,
    removeShares,
    delegationOf: (owner: Address, delegator: Address): bigint => {
      const record = validators.get(owner)
      const delegation = delegations.get(`${owner}/${delegator}`)
      return record === undefined || delegation === undefined ? 0n : worth(record, delegation.shares)
    },
    rewardsOf: (owner: Address, delegator: Address): bigint => {
      const record = validators.get(owner)
      const delegation = delegations.get(`${owner}/${delegator}`)
      if (record === undefined || delegation === undefined) return 0n
      return earned(record.pool, delegation.shares, delegation.start)
    },

    register({ sender, value, nowMs }: CallContext, effects: Effects, registration: Registration): void {
      if (validators.get(sender) !== undefined) revert(`${sender} is registered already`)
      if (value < params.minSelfBond) revert(`a candidate bonds ${params.minSelfBond} at least`, { value })
      if (registration.commissionBps > WHOLE_BPS) revert('a commission is at most 10,000 per ten thousand')
      const isogenyKey = checkedIsogenyKey(registration.isogenyKey)
      const key = claimKey(sender, registration.publicKey, registration.possession)
      const order = (numbers.get('registered') ?? 0) + 1
      numbers.set('registered', order)
      const publicKey = bytesToHex(registration.publicKey)
      keys.set(key, { owner: sender, publicKey, retiredMs: 0 })
      validators.set(sender, {
        publicKey,
        key,
        vrfKey: bytesToHex(registration.vrfKey),
        isogenyKey,
        commissionBps: registration.commissionBps,
        riseEpoch: -1,
        riseFrom: registration.commissionBps,
        tokens: 0n,
        shares: 0n,
        pool: EMPTY_POOL,
        commission: 0n,
        order,
        jailed: false,
        jailedUntilMs: 0,
        tombstoned: false,
      })
      addStake(effects, sender, sender, value, nowMs)
      effects.events.push({ name: 'Registered', validator: sender, account: sender, amount: value })
    },

    delegate({ sender, value, nowMs }: CallContext, effects: Effects, owner: Address): void {
      requireOpen(owner)
      if (value < params.minDelegation) revert(`a delegation is at least ${params.minDelegation}`, { value })
      addStake(effects, owner, sender, value, nowMs)
      effects.events.push({ name: 'Delegated', validator: owner, account: sender, amount: value })
    },

    unbond({ sender, nowMs }: CallContext, effects: Effects, owner: Address, amount: bigint): void {
      const list = unbondings.get(sender) ?? []
      if (list.length >= params.maxUnbondings) revert(`${sender} has ${list.length} unbondings open; withdraw first`)
      const tokens = removeShares(effects, owner, sender, sharesFor(owner, sender, amount), nowMs)
      const epoch = numbers.get('epoch') ?? BEFORE_ALL_EPOCHS
      const shares = leave(owner, epoch, tokens)
      unbondings.set(sender, [...list, { validator: owner, shares, epoch, maturesMs: nowMs + params.unbondingMs }])
      effects.events.push({ name: 'Unbonding', validator: owner, account: sender, amount: tokens })
    },

    withdraw({ sender, nowMs }: CallContext, effects: Effects): bigint {
      const list = unbondings.get(sender) ?? []
      const open = list.filter(({ maturesMs }) => maturesMs > nowMs)
      let amount = 0n
      for (const entry of list) if (entry.maturesMs <= nowMs) amount += takeLeft(entry)
      unbondings.set(sender, open.length === 0 ? undefined : open)
      if (amount > 0n) effects.transfers.push({ to: sender, amount })
      return amount
    },

    redelegate({ sender, nowMs }: CallContext, effects: Effects, from: Address, to: Address, amount: bigint): void {
      requireOpen(to)
      if (from === to) revert('a redelegation goes to another validator')
      const young = (entry: { createdMs: number }) => entry.createdMs + params.unbondingMs > nowMs
      const arrived = arrivals.get(`${from}/${sender}`)
      if (arrived !== undefined && young({ createdMs: arrived })) {
        revert(`stake that came to ${from} by redelegation stays until it answers for where it was no more`)
      }
      const list = (redelegations.get(from) ?? []).filter(young)
      if (list.filter(({ delegator }) => delegator === sender).length >= params.maxUnbondings) {
        revert(`${sender} has too many redelegations open`)
      }
      const tokens = removeShares(effects, from, sender, sharesFor(from, sender, amount), nowMs)
      const shares = addStake(effects, to, sender, tokens, nowMs)
      redelegations.set(from, [...list, { delegator: sender, to, shares, createdMs: nowMs }])
      arrivals.set(`${to}/${sender}`, nowMs)
      effects.events.push({ name: 'Redelegated', validator: to, account: sender, amount: tokens })
    },

    setCommission({ sender }: CallContext, commissionBps: number, epoch: number): void {
      const record = validatorOf(sender)
      if (commissionBps > WHOLE_BPS) revert('a commission is at most 10,000 per ten thousand')
      const from = record.riseEpoch === epoch ? record.riseFrom : record.commissionBps
      if (commissionBps > from + params.maxCommissionRiseBps) {
        revert(`a commission rises by ${params.maxCommissionRiseBps} per ten thousand an epoch at most`, { from })
      }
      update(sender, { commissionBps, riseEpoch: epoch, riseFrom: from })
    },

    rotateKey({ sender, nowMs }: CallContext, effects: Effects, publicKey: Uint8Array, possession: Uint8Array): void {
      const record = validatorOf(sender)
      const old = (retirements.get(sender) ?? []).filter((retiredMs) => retiredMs + params.evidenceWindowMs > nowMs)
      if (old.length >= params.maxOldKeys) revert(`${sender} has ${old.length} old keys under evidence`)
      const key = claimKey(sender, publicKey, possession)
      keys.set(record.key, { owner: sender, publicKey: record.publicKey, retiredMs: nowMs })
      retirements.set(sender, [...old, nowMs])
      keys.set(key, { owner: sender, publicKey: bytesToHex(publicKey), retiredMs: 0 })
      update(sender, { publicKey: bytesToHex(publicKey), key })
      effects.events.push({ name: 'KeyRotated', validator: sender, account: key, amount: 0n })
    },

    setIsogenyKey({ sender }: CallContext, effects: Effects, isogenyKey: Uint8Array): void {
      const { key } = validatorOf(sender)
      update(sender, { isogenyKey: checkedIsogenyKey(isogenyKey) })
      effects.events.push({ name: 'KeyRotated', validator: sender, account: key, amount: 0n })
    },

    unjail({ sender, nowMs }: CallContext, effects: Effects): void {
      const record = validatorOf(sender)
      if (!record.jailed || record.tombstoned) revert(`${sender} is not in jail, or for good`)
      if (nowMs < record.jailedUntilMs) revert(`${sender} is in jail until ${record.jailedUntilMs}`)
      update(sender, { jailed: false, jailedUntilMs: 0 })
      effects.events.push({ name: 'Unjailed', validator: sender, account: sender, amount: 0n })
    },

    /** Adds a reward to the validator that a key belongs to. Returns what nobody can get (to be carried over). */
    reward(key: Address, amount: bigint): bigint {
      const owner = keys.get(key)?.owner
      const record = owner === undefined ? undefined : validators.get(owner)
      if (owner === undefined || record === undefined || record.shares === 0n || record.tombstoned) return amount
      const commission = (amount * BigInt(record.commissionBps)) / 10_000n
      update(owner, {
        commission: record.commission + commission,
        pool: accrue(record.pool, amount - commission, record.shares),
      })
      return 0n
    },

    claim({ sender, nowMs }: CallContext, effects: Effects, owner: Address): void {
      settle(effects, owner, sender, nowMs)
      const { commission } = validatorOf(owner)
      if (sender !== owner || commission === 0n) return
      update(owner, { commission: 0n })
      grant(effects, owner, commission, nowMs)
      effects.events.push({ name: 'Rewarded', validator: owner, account: owner, amount: commission })
    },

    /** Pays what has become free of claimed rewards. */
    release({ sender, nowMs }: CallContext, effects: Effects): bigint {
      let amount = 0n
      const left = (vestings.get(sender) ?? []).flatMap((entry) => {
        const vested = vestedOf(entry.amount, BigInt(nowMs - entry.fromMs))
        const free = vested > entry.taken ? vested - entry.taken : 0n
        amount += free
        const taken = entry.taken + free
        return taken === entry.amount ? [] : [{ ...entry, taken }]
      })
      vestings.set(sender, left.length === 0 ? undefined : left)
      if (amount > 0n) effects.transfers.push({ to: sender, amount })
      return amount
    },
  }
}

/** See {@link createStaking}. */
export type Staking = ReturnType<typeof createStaking>
