/** The records of the consensus contract, and typed access to them. Owners and delegators are accounts; keys are what signs units. */
import type { Address } from '../dag-port.ts'
import type { RewardPool } from '../economy/reward-pool.ts'
import type { ContractStore, StateValue } from './contract-store.ts'

/** A candidate. */
export type ValidatorRecord = {
  readonly publicKey: string
  readonly key: Address
  readonly vrfKey: string
  /** The whole isogeny key (C14), 83 bytes; empty: none. */
  readonly isogenyKey: string
  readonly commissionBps: number
  /** Epoch in which the commission last rose, and from where. */
  readonly riseEpoch: number
  readonly riseFrom: number
  /** Bonded coins, own and delegated, and the shares that they are divided into. */
  readonly tokens: bigint
  readonly shares: bigint
  readonly pool: RewardPool
  readonly commission: bigint
  /** Order of registration; breaks ties of stake. */
  readonly order: number
  readonly jailed: boolean
  readonly jailedUntilMs: number
  /** Slashed: never again a candidate. */
  readonly tombstoned: boolean
}

/** Shares of one delegator in one validator, and the pool's ratio since which they earn. */
export type DelegationRecord = { readonly shares: bigint; readonly start: bigint }

/** Coins on their way out: shares of what left the validator in an epoch. */
export type UnbondingRecord = {
  readonly validator: Address
  readonly shares: bigint
  readonly epoch: number
  readonly maturesMs: number
}

/** All coins that left a validator in one epoch and are not withdrawn yet. A slash takes of these, and so of everyone who has shares in them. */
export type LeavingRecord = { readonly tokens: bigint; readonly shares: bigint }

/** Coins that went to another validator, and still answer for the first. */
export type RedelegationRecord = {
  readonly delegator: Address
  readonly to: Address
  readonly shares: bigint
  readonly createdMs: number
}

/** Who answers for a signing key. */
export type KeyRecord = {
  readonly owner: Address
  readonly publicKey: string /** 0 while it is in use. */
  readonly retiredMs: number
}

/** A member of a committee as the contract froze it. */
export type CommitteeRecord = {
  readonly owner: Address
  readonly key: Address
  readonly publicKey: string
  readonly vrfKey: string
  readonly isogenyKey: string
  readonly stake: bigint
}

/** Mined coins that are not all free yet. */
export type VestingRecord = { readonly amount: bigint; readonly fromMs: number; readonly taken: bigint }

/** Typed access to a store. */
export function createRecords(store: ContractStore) {
  const table = <T extends StateValue>(name: string) => ({
    get: (key: string): T | undefined => store.get(`${name}/${key}`) as T | undefined,
    set: (key: string, value: T | undefined): void => store.set(`${name}/${key}`, value),
    keys: (prefix = ''): string[] => store.keys(`${name}/${prefix}`).map((key) => key.slice(name.length + 1)),
  })
  return {
    store,
    validators: table<ValidatorRecord>('validator'),
    delegations: table<DelegationRecord>('delegation'),
    unbondings: table<readonly UnbondingRecord[]>('unbonding'),
    /** `<validator>/<epoch>`. */
    leaving: table<LeavingRecord>('leaving'),
    redelegations: table<readonly RedelegationRecord[]>('redelegation'),
    /** When a delegator last moved stake to a validator from another one: `<to>/<delegator>`. */
    arrivals: table<number>('arrival'),
    keys: table<KeyRecord>('key'),
    /** When an owner retired keys, within the evidence window. */
    retirements: table<readonly number[]>('retirement'),
    committees: table<readonly CommitteeRecord[]>('committee'),
    vestings: table<readonly VestingRecord[]>('vesting'),
    offences: table<string>('offence'),
    numbers: table<number>('number'),
  }
}

/** See {@link createRecords}. */
export type Records = ReturnType<typeof createRecords>
