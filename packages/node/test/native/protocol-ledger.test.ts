/** Rewards and epochs as the protocol applies them, against the books of the contract. */
import type { Address, UnitId } from '@zos/dag'
import { type Bet, minedBetween } from '@zos/zpos'
import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { consensusSettings } from '../../src/genesis/consensus-genesis.ts'
import { devnetGenesis } from '../../src/genesis/devnet-genesis.ts'
import { genesisState } from '../../src/genesis/genesis.ts'
import { openConsensusContract, readConsensusContract } from '../../src/native/consensus-contract.ts'
import { applyRewards, type RewardBlock, undividedRewards } from '../../src/native/protocol-ledger.ts'
import type { StateOverlay } from '../../src/state/overlay.ts'
import { CONSENSUS } from './world.ts'

const GENESIS_MS = 1_000_000
const { genesis: devnet } = devnetGenesis({ validators: 3, timestampMs: GENESIS_MS })
/** Local networks jail nobody; this one does. */
const genesis = { ...devnet, consensus: { ...devnet.consensus, minParticipationBps: 500 } }
const settings = consensusSettings(genesis)
const keys = genesis.validators.map(({ address }) => address as Address)
const unit = (n: number) => `0x${n.toString(16).padStart(64, '0')}` as UnitId
let state: StateOverlay

beforeEach(() => {
  state = genesisState(genesis)
})

const balance = () => state.account(CONSENSUS)!.balance
const contract = () => readConsensusContract(state, settings)
/** What the contract owes, as its records say it; nobody unbonds or claims here. */
const owed = () =>
  keys.reduce((sum, owner) => {
    const { tokens, pool, commission } = contract().candidate(owner)!
    return sum + tokens + pool.outstanding + commission
  }, 0n)

let number = 0
beforeEach(() => {
  number = 0
})
const apply = ({ epoch = 0, ...fields }: Partial<RewardBlock> & { epoch?: number; bettors?: number[] } = {}) => {
  number++
  const block: RewardBlock = {
    number,
    timestamp: GENESIS_MS / 1_000 + number,
    baseFees: 0n,
    unit: unit(number),
    speaker: keys[number % 3]!,
    round: 2 * number,
    committee: contract().committee(epoch)!,
    baseRound: 0,
    endsEpoch: false,
    authors: keys,
    bets: () => (fields.bettors ?? [0, 1, 2]).map((n): Bet => ({ validator: keys[n]!, on: unit(number - 1) })),
    ...fields,
  }
  applyRewards(state, settings, GENESIS_MS, block)
}

test('every coin that is minted or paid as a base fee is in the books, whoever bets and whenever it is credited', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ fees: fc.bigInt(0n, 10n ** 18n), bettors: fc.subarray([0, 1, 2]), ends: fc.boolean() }), {
        minLength: 1,
        maxLength: 60,
      }),
      (blocks) => {
        state = genesisState(genesis)
        number = 0
        let epoch = 0
        let supply = balance()
        for (const { fees, bettors, ends } of blocks) {
          apply({ baseFees: fees, bettors, epoch, endsEpoch: ends && number % 5 === 0 })
          if (ends && (number - 1) % 5 === 0) epoch++
          supply += fees
        }
        supply += minedBetween(0n, BigInt(number) * 1_000n)
        expect(balance()).toBe(supply)
        expect(owed() + undividedRewards(state, settings)).toBe(supply)
      },
    ),
    { numRuns: 30 },
  )
})

describe('a reward', () => {
  test('goes to the speaker and to who bet on its unit, in proportion to the bonds', () => {
    apply({ speaker: keys[0]! })
    apply({ bettors: [0, 1] })
    for (let n = 0; n < 14; n++) apply({ bettors: [], speaker: keys[2]! })
    const earned = keys.map((owner) => contract().candidate(owner)!.pool.outstanding)
    const first = minedBetween(0n, 1_000n)
    const share = (first - first / 10n) / 2n
    expect(earned[0]).toBe(first / 10n + share)
    expect(earned[1]).toBe(share)
    expect(earned[2]).toBeGreaterThan(0n) // a speaker's part each time, though nobody bet on it
  })
})

describe('the end of an epoch', () => {
  test('elects for the epoch after the next, and jails who made too few units', () => {
    apply({ authors: keys.slice(0, 2) })
    apply({ authors: keys.slice(0, 2), endsEpoch: true, round: 20 })
    expect(contract().epoch()).toBe(1)
    expect(contract().committee(1)!.members).toHaveLength(3)
    expect(
      contract()
        .committee(2)!
        .members.map(({ address }) => address)
        .sort(),
    ).toEqual(keys.slice(0, 2).sort())
    expect(contract().candidate(keys[2]!)!.jailed).toBe(true)
  })

  test('forgets the committees that no evidence can be about any more', () => {
    for (let epoch = 0; epoch < 6; epoch++)
      apply({ epoch, endsEpoch: true, timestamp: GENESIS_MS / 1_000 + 40 * (epoch + 1), round: 65_536 * epoch + 20 })
    const { numbers } = openConsensusContract(state, settings).contract.records
    expect(contract().epoch()).toBe(6)
    // The window is a minute; an epoch here takes 40 s.
    expect([0, 1, 2, 3, 4, 5, 6, 7].filter((epoch) => contract().committee(epoch))).toEqual([3, 4, 5, 6, 7])
    expect(numbers.get('epochStart/2')).toBeUndefined()
    expect(numbers.get('epochStart/3')).toBeDefined()
  })
})
