/**
 * What every validator of a simulation computes from its committed sequence: the rules in force and, on demand, the consensus contract with
 * rewards and slashing. Nobody may differ, and coins are neither made nor lost, after every commit.
 */
import { RulesRegistry } from '@zos/dag'
import type * as Zpos from '../../src/index.ts'
import type { Address, Committee, ConsensusContract, RulesVote } from '../../src/index.ts'
import type { SimUnit, World } from './world.ts'

/** Rules are a way to fold a unit into the state; different ones give different states. */
type Rules = (state: number, unit: SimUnit) => number

function rulesOf(version: number): Rules {
  return (state, unit) => Math.imul(state ^ (unit.index + version), 0x9e3779b1 + 2 * version)
}

export interface ExecutionOptions {
  readonly zpos: typeof Zpos
  readonly world: World
  readonly committee: Committee
  /** Highest version of the rules that this program has. */
  readonly has: number
  /** A fresh contract with the stakes, and the coins in it; undefined to run without one. */
  readonly contract?: { readonly contract: ConsensusContract; readonly coins: bigint } | undefined
}

/** Emission a commit, in the smallest unit; odd, so that every division leaves something. */
const EMISSION = 1_000_003n

export class Execution {
  /** One line a commit: what all have to agree on. */
  state = ''
  minted = 0n
  burned = 0n
  paid = 0n
  readonly slashed = new Set<Address>()
  readonly registry: RulesRegistry<Rules>
  readonly vote: RulesVote
  readonly #options: ExecutionOptions
  #committee: Committee
  #index = 0
  #fold = 1
  #carry = 0n
  #leader: SimUnit | undefined
  #made = new Map<string, SimUnit>()

  constructor(options: ExecutionOptions) {
    this.#options = options
    this.#committee = options.committee
    const modules: Record<number, Rules> = {}
    for (let version = 1; version <= options.has; version += 1) modules[version] = rulesOf(version)
    this.registry = new RulesRegistry(modules)
    this.vote = options.zpos.createRulesVote({ registry: this.registry, committee: options.committee })
  }

  /** Index of the last commit. */
  get index(): number {
    return this.#index
  }

  commit(leader: SimUnit): void {
    this.#index += 1
    const { world } = this.#options
    const units: SimUnit[] = []
    const before = this.#leader
    for (let word = 0; word < leader.past.length; word += 1) {
      let bits = leader.past[word]! & ~(before?.past[word] ?? 0)
      if (before !== undefined && before.index >> 5 === word) bits &= ~(1 << (before.index & 31))
      for (; bits !== 0; bits &= bits - 1) units.push(world.units[word * 32 + (31 - Math.clz32(bits & -bits))]!)
    }
    units.push(leader)
    const rules = this.registry.at(this.#index)
    for (const unit of units) {
      this.#fold = rules(this.#fold, unit)
      this.vote.indexed(unit.header, unit.signal)
    }
    if (this.#options.contract) this.#account(units, leader)
    this.#leader = leader
    this.state = `${this.#index} rules ${this.registry.versionAt(this.#index)} ${this.#fold} ${this.#carry} ${this.minted} ${this.burned} ${this.paid}`
  }

  #account(units: readonly SimUnit[], leader: SimUnit): void {
    const { zpos, contract: held } = this.#options
    const { contract, coins } = held!
    const speaker = leader.header.authors[0]!
    const before = this.#leader
    if (before !== undefined) {
      const bets = units.flatMap((unit) =>
        unit.round === before.round + 1 && unit.header.parents.includes(before.id)
          ? [{ validator: unit.header.authors[0]!, on: before.id }]
          : [],
      )
      const { payouts, carry } = zpos.divideReward({
        unit: before.id,
        speaker: before.header.authors[0]!,
        reward: EMISSION + this.#carry,
        speakerBps: 1000n,
        bets,
        bondOf: (key) => this.#committee.stakeOf([key]),
      })
      this.minted += EMISSION
      this.#carry = carry + contract.reward(payouts)
    }
    const nowMs = 1_000_000 + this.#index * 1000
    for (const unit of units) {
      const author = unit.header.authors[0]
      if (author === undefined) continue
      const slot = `${author}/${unit.round}`
      const other = this.#made.get(slot)
      this.#made.set(slot, unit)
      if (other === undefined) continue
      const epoch = zpos.epochOfRound(unit.round)
      const result = contract.punish({ key: author, epoch, id: slot, reporter: speaker }, nowMs)
      if (result.status === 'reverted') continue
      this.#book(result)
      this.slashed.add(author)
    }
    // The speaker's owner claims now and then, and unbonds a little.
    const owner = contract.ownerOf(speaker)
    if (owner !== undefined && this.#index % 5 === 0) {
      for (const operation of ['claim', 'unbond', 'withdraw'] as const) {
        const result = contract.run((staking, effects) => {
          const call = { sender: owner, value: 0n, nowMs }
          if (operation === 'claim') staking.claim(call, effects, owner)
          else if (operation === 'unbond') staking.unbond(call, effects, owner, 1000n)
          else staking.withdraw(call, effects)
        })
        if (result.status === 'done') this.#book(result)
      }
    }
    const supply = contract.holdings() + this.#carry + this.burned + this.paid
    if (supply !== coins + this.minted)
      throw new Error(`commit ${this.#index}: ${supply} coins, and ${coins + this.minted} were made`)
  }

  #book({ burned, transfers }: Zpos.Effects): void {
    this.burned += burned
    for (const { amount } of transfers) this.paid += amount
  }

  /** The committee that the contract elects; undefined without a contract. */
  elect(): Committee | undefined {
    return this.#options.contract?.contract.endEpoch({ nowMs: 1_000_000 + this.#index * 1000 })
  }

  /** Throws `ZPOS_RULES_UNKNOWN` if this program cannot go on. */
  endEpoch(next: Committee): void {
    this.#committee = next
    this.#made = new Map()
    const { activated, announced } = this.vote.endEpoch(this.#index, next)
    this.state += ` epoch ${next.epoch} of ${next.totalStake}, rules ${activated} now, ${announced} next, ${this.vote.hash()}`
  }
}
