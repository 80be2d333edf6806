/**
 * What the protocol itself does with the consensus contract at every block: mints, divides rewards among speaker and bets, counts units, and at
 * the last block of an epoch jails, elects and begins the next. All of it is in the state, so a node that joins from a snapshot goes on as
 * the others do.
 */
import type { Address, UnitId } from '@zos/dag'
import { type Bet, CONSENSUS_ADDRESS, type Committee, divideReward, minedBetween, type StateValue } from '@zos/zpos'
import { type AddressHex, EMPTY_ACCOUNT } from '../state/account.ts'
import type { StateOverlay } from '../state/overlay.ts'
import { baseRecord, type ConsensusSettings, type OpenContract, openConsensusContract } from './consensus-contract.ts'

/** The speaker's part of a reward, per ten thousand. */
const SPEAKER_BPS = 1_000n
/** Rewards are credited to the delegators' pools every so many blocks: it changes a record of each member. */
const SETTLE_BLOCKS = 16
const RECORD = 'ledger/rewards'

/** A committed leader's block, as rewards see it. */
export interface RewardBlock {
  readonly number: number
  /** Seconds. */
  readonly timestamp: number
  /** Wei that its transactions burned as base fees: they are rewards here. */
  readonly baseFees: bigint
  readonly unit: UnitId
  readonly speaker: Address
  readonly round: number
  /** Of its epoch. */
  readonly committee: Committee
  /** Round of the epoch's base. */
  readonly baseRound: number
  readonly endsEpoch: boolean
  /** Authors of the units of the epoch that it indexes, one entry a unit. */
  readonly authors: readonly Address[]
  /** Bets of the units of round `round` that it indexes, by the leader unit they are on. */
  bets(round: number): Bet[]
}

type Rewards = {
  readonly mintedMs: number
  /** Not divided yet. */
  readonly pot: bigint
  /** The last leader, whose bets come in with the next block. */
  readonly leader: string
  readonly speaker: string
  readonly round: number
  readonly epoch: number
  /** By place in the committee: units of this epoch, and wei that are earned and not credited. */
  readonly units: readonly number[]
  readonly earned: readonly bigint[]
}

/** Applies a block to the contract. `genesisMs` is when emission began. */
export function applyRewards(
  state: StateOverlay,
  settings: ConsensusSettings,
  genesisMs: number,
  block: RewardBlock,
): void {
  const open = openConsensusContract(state, settings)
  const { store, contract } = open
  const { committee } = block
  const { epoch } = committee
  const before = (store.get(RECORD) as Rewards | undefined) ?? firstRewards(genesisMs)
  const nowMs = Math.max(before.mintedMs, block.timestamp * 1_000)

  const minted = minedBetween(BigInt(before.mintedMs - genesisMs), BigInt(nowMs - genesisMs))
  credit(state, minted + block.baseFees)
  const units = zeroed(before.epoch === epoch ? before.units : [], committee, 0)
  for (const author of block.authors) {
    const place = committee.indexOf(author)
    if (place >= 0) units[place]! += 1
  }
  const divided = divide(before, block)
  let pot = divided.pot + minted + block.baseFees
  let { earned } = divided
  if (block.endsEpoch || block.number % SETTLE_BLOCKS === 0) {
    const payouts = new Map(committee.members.map(({ address }, place) => [address, earned[place]!]))
    pot += contract.reward(payouts)
    earned = earned.map(() => 0n)
  }
  if (block.endsEpoch) endEpoch(open, units, block, nowMs)
  const after: Rewards = {
    mintedMs: nowMs,
    pot,
    leader: block.endsEpoch ? '' : block.unit,
    speaker: block.speaker,
    round: block.round,
    epoch: block.endsEpoch ? epoch + 1 : epoch,
    units: block.endsEpoch ? [] : units,
    earned: block.endsEpoch ? [] : earned,
  }
  store.set(RECORD, after as StateValue)
  store.flush()
}

/** Wei that the contract's account holds beyond the contract's own books. */
export function undividedRewards(state: StateOverlay, settings: ConsensusSettings): bigint {
  const rewards = openConsensusContract(state, settings).store.get(RECORD) as Rewards | undefined
  return rewards ? rewards.earned.reduce((sum, amount) => sum + amount, rewards.pot) : 0n
}

function firstRewards(genesisMs: number): Rewards {
  return { mintedMs: genesisMs, pot: 0n, leader: '', speaker: '', round: 0, epoch: 0, units: [], earned: [] }
}

/** The reward of the last leader, whose votes this block holds. Bets on the leader that ended an epoch are never indexed: its pot is carried. */
function divide(before: Rewards, block: RewardBlock): { pot: bigint; earned: bigint[] } {
  const { committee } = block
  const earned = zeroed(before.epoch === committee.epoch ? before.earned : [], committee, 0n)
  if (before.leader === '' || before.epoch !== committee.epoch) return { pot: before.pot, earned }
  const { payouts, carry } = divideReward({
    unit: before.leader as UnitId,
    speaker: before.speaker as Address,
    reward: before.pot,
    speakerBps: SPEAKER_BPS,
    bets: block.bets(before.round + 1),
    bondOf: (validator) => committee.members[committee.indexOf(validator)]?.stake ?? 0n,
  })
  for (const [validator, amount] of payouts) earned[committee.indexOf(validator)]! += amount
  return { pot: carry, earned }
}

function endEpoch(
  { contract, store }: OpenContract,
  units: readonly number[],
  block: RewardBlock,
  nowMs: number,
): void {
  const { committee } = block
  const produced = new Map(committee.members.map(({ address }, place) => [address, units[place]!]))
  contract.endEpoch({ nowMs, rounds: block.round - block.baseRound, produced })
  const epoch = committee.epoch + 1
  store.set(baseRecord(block.unit), epoch)
  store.set(`baseOf/${epoch}`, block.unit)
  // What no evidence can be about any more is forgotten.
  const { numbers, committees } = contract.records
  let oldest = numbers.get('oldestEpoch') ?? 0
  for (;;) {
    const later = numbers.get(`epochStart/${oldest + 2}`)
    if (later === undefined || later + contract.params.evidenceWindowMs >= nowMs) break
    const base = store.get(`baseOf/${oldest}`) as string | undefined
    if (base !== undefined) store.set(baseRecord(base), undefined)
    store.set(`baseOf/${oldest}`, undefined)
    committees.set(String(oldest), undefined)
    numbers.set(`epochStart/${oldest}`, undefined)
    oldest++
    numbers.set('oldestEpoch', oldest)
  }
}

function zeroed<T>(values: readonly T[], committee: Committee, zero: T): T[] {
  return committee.members.map((_, place) => values[place] ?? zero)
}

function credit(state: StateOverlay, amount: bigint): void {
  if (amount === 0n) return
  const address = CONSENSUS_ADDRESS as AddressHex
  const account = state.account(address) ?? EMPTY_ACCOUNT
  state.setAccount(address, { ...account, balance: account.balance + amount })
}
