/**
 * Validators in virtual time: the package's own committer, proposer, unit check and signing guard over a simulated network with
 * adversaries, partitions and crashes. Deterministic in its seed.
 */
import type * as Zpos from '../../src/index.ts'
import type {
  Address,
  Committee,
  Committer,
  Decision,
  EpochBase,
  Proposer,
  SigningGuard,
  UnitId,
} from '../../src/index.ts'
import { contractWith, keysOf } from './economy.ts'
import { Execution } from './execution.ts'
import { createLottery, type Lottery } from './lottery.ts'
import { EventQueue } from './queue.ts'
import { type SimUnit, View, World } from './world.ts'

/**
 * silent: makes nothing · equivocator: up to three units a round, each to a part of the others · withholder: shows its units some
 * rounds late · selective: sends to a random half · stale: refers to old parents without a quorum · flooder: fills its units with false
 * tickets in everyone's name · two-faced: one honest life for each side of a split network.
 */
export type Behaviour =
  | 'honest'
  | 'silent'
  | 'equivocator'
  | 'withholder'
  | 'selective'
  | 'stale'
  | 'flooder'
  | 'two-faced'

export interface Partition {
  readonly fromMs: number
  readonly toMs: number
  /** Side of each validator; messages between sides wait for the end. */
  readonly sides: readonly number[]
}

export interface SimOptions {
  readonly stakes: readonly bigint[]
  readonly seed: number
  readonly durationMs: number
  /** Pace: the least time from one own unit to the next. */
  readonly intervalMs: number
  readonly wave?: number
  /** Longest wait for a leader's unit once the round has its quorum. */
  readonly leaderWaitMs?: number
  /** One-way latency of a link, drawn once a link. */
  readonly latencyMs?: readonly [number, number]
  readonly behaviours?: readonly Behaviour[]
  readonly partitions?: readonly Partition[]
  /** Validators that lose all but their disk, and come back. */
  readonly restarts?: readonly { readonly node: number; readonly atMs: number; readonly downMs: number }[]
  /** Largest difference of clocks: when a validator starts. */
  readonly skewMs?: number
  /** Ends an epoch at the first commit from this round of its own on; the next ones have these stakes, or those that the contract elects. */
  readonly epochs?: { readonly rounds: number; readonly stakes: readonly (readonly bigint[])[] }
  /** Everyone executes what is committed: with rules up to the version that it has (default 1), which its units signal. */
  readonly rules?: {
    readonly has: readonly number[]
    readonly installs?: readonly { readonly node: number; readonly atMs: number; readonly version: number }[]
  }
  /** Everyone executes the consensus contract too: rewards, claims, slashing, elections. */
  readonly contract?: boolean
  /** Terms are ranked by tickets. */
  readonly lottery?: boolean
  /** Only this validator decides at every unit, the others before they make one. For measuring. */
  readonly observer?: number
}

export interface SimResult {
  /** What the first to decide decided, over all epochs. */
  readonly decisions: readonly Decision[]
  /** Decisions of each honest validator. */
  readonly decided: readonly number[]
  readonly rounds: number
  readonly commits: number
  readonly skips: number
  /** Validators whose units forked, in the union of all DAGs. */
  readonly forkers: readonly number[]
  readonly refused: number
  readonly epoch: number
  /** Two honest validators that decided a slot differently: only for too many adversaries. */
  readonly conflict?: { readonly first: Decision; readonly second: Decision; readonly culprits: Zpos.Culprits }
  /** Time from making to finality at the observer, ascending. */
  readonly leaderLatencies: readonly number[]
  readonly unitLatencies: readonly number[]
  readonly lastDecisionMs: number
  /** What was computed after each commit; equal for all. Empty without rules and contract. */
  readonly states: readonly string[]
  /** The validators that stopped for want of rules: when, and at which commit. */
  readonly stops: readonly {
    readonly node: number
    readonly atMs: number
    readonly index: number
    readonly version: unknown
  }[]
  readonly slashed: readonly number[]
  /** With a lottery: the rankings of its terms. */
  readonly rankings: readonly (readonly number[])[]
  /** Most rounds and units that a committer held. */
  readonly mostRounds: number
  readonly mostUnits: number
}

type Event =
  | { readonly kind: 'unit'; readonly to: number; readonly from: number; readonly unit: SimUnit }
  | { readonly kind: 'wake'; readonly to: number }
  | { readonly kind: 'start'; readonly to: number; readonly version?: number }
  | { readonly kind: 'stop'; readonly to: number }

interface Validator {
  readonly index: number
  readonly address: Address
  readonly behaviour: Behaviour
  /** For the two-faced: which life; otherwise undefined. */
  readonly side: number | undefined
  readonly peers: number[]
  disk: SimUnit[]
  view: View
  committee: Committee
  committer: Committer
  schedule: Zpos.LeaderSchedule
  lottery: Lottery | undefined
  execution: Execution | undefined
  has: number
  stopped: boolean
  proposer: Proposer
  guard: SigningGuard
  readonly store: Zpos.GuardStore
  base: EpochBase | undefined
  decided: number
  up: boolean
  lastMs: number
  quorumRound: number
  quorumMs: number
  wakeMs: number
  withheld: { unit: SimUnit; releaseMs: number }[]
}

/**
 * Most rounds that a committer may hold with less than a third Byzantine: each deputy has six rounds, and an honest one among them decides. Not an upper limit in
 * theory, as the network is asynchronous, but far above what honest links need.
 */
const OPEN_ROUNDS = (members: number): number => 6 * (members + 2)

/** The seeded generator of the simulation. */
function generator(seed: number): () => number {
  let state = (seed * 2654435761) >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

/** Runs a simulation. Throws when honest validators disagree although the adversaries hold less than a third. */
export async function simulate(zpos: typeof Zpos, options: SimOptions): Promise<SimResult> {
  const {
    stakes,
    durationMs,
    intervalMs,
    wave = 2,
    leaderWaitMs = 1000,
    latencyMs = [20, 150],
    partitions = [],
  } = options
  const { behaviours = [], restarts = [], skewMs = 5, observer, epochs, rules } = options
  const random = generator(options.seed)
  const world = new World()
  const queue = new EventQueue<Event>()
  const size = stakes.length
  const keys = options.contract ? keysOf(zpos, size) : undefined
  const addresses = stakes.map((_, i) => keys?.[i]?.address ?? (`0x${i.toString(16).padStart(4, '0')}` as Address))
  const executes = options.contract === true || rules !== undefined
  const committeeOf = (epoch: number, list: readonly bigint[]): Committee =>
    zpos.createCommittee({
      epoch,
      members: list
        .map((stake, i) => ({ address: addresses[i]!, publicKey: new Uint8Array(33), stake }))
        .filter(({ stake }) => stake > 0n),
    })
  const first = keys ? contractWith(zpos, keys, stakes).committee : committeeOf(0, stakes)
  const committees = [first]
  const links = Array.from({ length: size }, () =>
    Array.from({ length: size }, () => latencyMs[0] + (latencyMs[1] - latencyMs[0]) * random()),
  )
  const byzantine = (index: number): boolean => (behaviours[index] ?? 'honest') !== 'honest'
  const byzantineStake = stakes.reduce(
    (sum, stake, i) => (byzantine(i) && behaviours[i] !== 'silent' ? sum + stake : sum),
    0n,
  )
  const safe = 3n * byzantineStake < first.totalStake

  const validators: Validator[] = []
  for (let index = 0; index < size; index += 1) {
    const behaviour = behaviours[index] ?? 'honest'
    for (const side of behaviour === 'two-faced' ? [0, 1] : [undefined]) {
      const store = zpos.createMemoryGuardStore()
      validators.push({
        index,
        address: addresses[index]!,
        behaviour,
        side,
        has: rules?.has[index] ?? 1,
        stopped: false,
        execution: undefined,
        peers: [],
        disk: [],
        store,
        decided: 0,
        up: false,
        lastMs: -1e9,
        quorumRound: -1,
        quorumMs: 0,
        wakeMs: -1,
        withheld: [],
        guard: await zpos.createSigningGuard(store),
        ...fresh(new View(world), first, undefined, addresses[index]!, undefined),
      })
    }
  }
  const sideOf = (validator: Validator, time: number): number | undefined => {
    if (validator.side !== undefined) return validator.side
    return partitions.find(({ fromMs, toMs }) => fromMs <= time && time < toMs)?.sides[validator.index]
  }
  const log: Decision[] = []
  let conflict: SimResult['conflict']
  let refused = 0
  let lastDecisionMs = 0
  const states: string[] = []
  const stops: SimResult['stops'][number][] = []
  const slashed = new Set<number>()
  const rankings: number[][] = []
  let mostRounds = 0
  let mostUnits = 0
  const leaderLatencies: number[] = []
  const unitLatencies: number[] = []
  let final = new Uint32Array(1)

  function fresh(
    view: View,
    committee: Committee,
    base: EpochBase | undefined,
    self: Address,
    previousUnit: UnitId | undefined,
  ) {
    const lottery = options.lottery
      ? createLottery(zpos, world, {
          dag: view,
          committee,
          wave,
          baseRound: base?.round ?? 0,
          baseUnit: base?.unit ?? world.genesis,
        })
      : undefined
    const schedule =
      lottery?.schedule ??
      zpos.roundRobinSchedule(committee, { wave, dag: view, ...(base && { baseRound: base.round }) })
    const committer = zpos.createCommitter({ dag: view, committee, schedule, firstRound: (base?.round ?? 0) + 1 })
    const proposer = committee.has(self)
      ? zpos.createProposer({
          dag: view,
          committee,
          self,
          ...(base && { base }),
          ...(previousUnit && { previousUnit }),
        })
      : { next: () => undefined, nextRound: () => undefined, awaits: () => false }
    return { view, committee, schedule, lottery, committer, proposer, base }
  }

  function send(
    from: Validator,
    unit: SimUnit,
    time: number,
    to: (validator: Validator) => boolean = () => true,
  ): void {
    for (const [at, peer] of validators.entries()) {
      if (peer === from || !to(peer)) continue
      // The two lives of the two-faced know nothing of each other, and live on their side alone.
      if (from.side !== undefined || peer.side !== undefined) {
        if (
          sideOf(from, time) !== undefined &&
          sideOf(peer, time) !== undefined &&
          sideOf(from, time) !== sideOf(peer, time)
        )
          continue
      }
      queue.push(arrival(from, peer, time), { kind: 'unit', to: at, from: from.index, unit })
    }
  }

  /** When a message sent now arrives: after the partition that is between the two, if there is one. */
  function arrival(from: Validator, to: Validator, time: number): number {
    let sent = time
    for (const { fromMs, toMs, sides } of partitions) {
      const split = (from.side ?? sides[from.index]) !== (to.side ?? sides[to.index])
      if (fromMs <= sent && sent < toMs && split) sent = toMs
    }
    return sent + links[from.index]![to.index]! * (0.9 + 0.2 * random()) + 2
  }

  function decide(validator: Validator, time: number): void {
    for (;;) {
      let decisions: Decision[]
      let changed = false
      const { lottery } = validator
      const term = validator.schedule.term().number
      const hashes = lottery?.hashes() ?? 0
      try {
        decisions = validator.committer.update()
      } catch (error) {
        if (safe || !zpos.isZposError(error, 'ZPOS_SAFETY_BROKEN')) throw error
        return
      }
      if (lottery !== undefined) {
        const terms = validator.schedule.term().number - term
        if (lottery.hashes() - hashes > terms * validator.committee.members.length)
          throw new Error(`seed ${options.seed}: ${lottery.hashes() - hashes} hashes for ${terms} terms`)
        if (terms === 1 && validator.base === undefined)
          rankings[term + 1] ??= validator.schedule.term().ranking.map((address) => addresses.indexOf(address))
      }
      for (const decision of decisions) {
        const known = log[validator.decided]
        if (known === undefined) {
          log.push(decision)
          lastDecisionMs = time
        } else if (!same(known, decision) && behavesHonestly(validator) && conflict === undefined)
          report(known, decision)
        validator.decided += 1
        if (validator.index === observer && decision.outcome === 'commit') measure(world.byId.get(decision.unit)!, time)
        if (decision.outcome === 'skip') continue
        const { execution, committee } = validator
        execution?.commit(world.byId.get(decision.unit)!)
        if (
          epochs !== undefined &&
          committee.epoch < epochs.stakes.length &&
          decision.round - committee.epoch * zpos.EPOCH_ROUNDS >= epochs.rounds
        ) {
          changed = true
          changeEpoch(validator, decision.unit, time)
        }
        if (execution !== undefined) agree(validator, execution)
        if (validator.stopped) return
        if (changed) break
      }
      if (!changed) return
    }
  }

  function report(known: Decision, decision: Decision): void {
    const union = new View(world)
    for (const unit of world.units.slice(1)) union.receive(unit, () => true)
    const culprits = zpos.extractCulprits({ dag: union, committee: first, first: known, second: decision })
    if (safe)
      throw new Error(`seed ${options.seed}: ${JSON.stringify([known, decision])} by ${JSON.stringify(culprits.forks)}`)
    conflict = { first: known, second: decision, culprits }
  }

  /** Nobody may have computed anything else after the same commit; who stopped has computed nothing. */
  function agree(validator: Validator, execution: Execution): void {
    for (const address of execution.slashed) slashed.add(addresses.indexOf(address))
    if (validator.stopped) return
    const at = execution.index - 1
    states[at] ??= execution.state
    if (states[at] !== execution.state && behavesHonestly(validator))
      throw new Error(`seed ${options.seed}: ${validator.index} has ${execution.state}, not ${states[at]}`)
  }

  function changeEpoch(validator: Validator, leader: UnitId, time: number): void {
    const { execution } = validator
    const epoch = validator.committee.epoch + 1
    const next = execution?.elect() ?? committeeOf(epoch, epochs!.stakes[epoch - 1]!)
    committees[epoch] ??= next
    try {
      execution?.endEpoch(next)
    } catch (error) {
      if (!zpos.isZposError(error, 'ZPOS_RULES_UNKNOWN')) throw error
      stops.push({ node: validator.index, atMs: time, index: execution!.index, version: error.context.version })
      validator.stopped = true
      validator.up = false
      return
    }
    const base = zpos.epochBase(epoch, leader)
    const own = validator.view
      .all()
      .filter((unit) => unit.header.authors[0] === validator.address)
      .sort((a, b) => b.round - a.round)[0]
    Object.assign(validator, fresh(validator.view, next, base, validator.address, own?.id))
  }

  function measure(leader: SimUnit, time: number): void {
    if (leader.createdMs > 3000) leaderLatencies.push(time - leader.createdMs)
    const past = leader.past
    for (let word = 0; word < past.length; word += 1) {
      for (let fresh = past[word]! & ~(final[word] ?? 0); fresh !== 0; fresh &= fresh - 1) {
        const unit = world.units[word * 32 + (31 - Math.clz32(fresh & -fresh))]!
        if (unit.createdMs > 3000) unitLatencies.push(time - unit.createdMs)
      }
    }
    if (leader.createdMs > 3000) unitLatencies.push(time - leader.createdMs)
    final = new Uint32Array(past.length + 1)
    final.set(past)
    final[leader.index >> 5]! |= 1 << (leader.index & 31)
  }

  const behavesHonestly = (validator: Validator): boolean => !byzantine(validator.index)

  function check(validator: Validator, unit: SimUnit): boolean {
    const epoch = zpos.epochOfRound(unit.round)
    // A unit of the next epoch waits in the DAG: its committee is known when the epoch ends. Here its base says which it is.
    const base = epoch === 0 ? undefined : zpos.epochBase(epoch, world.byId.get(unit.id)!.header.lastFinal.id)
    const fault = zpos.checkValidatorUnit(unit.header, validator.view, committees[epoch]!, base)
    if (fault !== undefined) refused += 1
    return fault === undefined
  }

  function take(validator: Validator, unit: SimUnit, from: number, time: number, to: number): void {
    const { added, missing } = validator.view.receive(unit, (candidate) => check(validator, candidate))
    validator.disk.push(...added)
    // Ask the sender for what is missing; it has it, or its unit is never connected.
    for (const parent of missing) {
      queue.push(time + 2 * links[validator.index]![from]! + 4, { kind: 'unit', to, from, unit: parent })
    }
    if (added.length === 0) return
    if (observer === undefined || validator.index === observer) decide(validator, time)
  }

  async function make(validator: Validator, time: number, to: number): Promise<void> {
    const due = validator.withheld.filter(({ releaseMs }) => releaseMs <= time)
    validator.withheld = validator.withheld.filter(({ releaseMs }) => releaseMs > time)
    for (const { unit } of due) send(validator, unit, time)
    if (observer !== undefined && validator.index !== observer) decide(validator, time)
    const round = validator.proposer.nextRound()
    if (round === undefined || validator.behaviour === 'silent') return
    if (round !== validator.quorumRound) {
      validator.quorumRound = round
      validator.quorumMs = time
    }
    const wake = (at: number): void => {
      if (validator.wakeMs === at) return
      validator.wakeMs = at
      queue.push(at, { kind: 'wake', to })
    }
    if (time < validator.lastMs + intervalMs) return wake(validator.lastMs + intervalMs)
    const leader = validator.committer.leaderAt(round - 1)
    const waits = leader !== undefined && validator.proposer.awaits(leader)
    if (waits && time < validator.quorumMs + leaderWaitMs) return wake(validator.quorumMs + leaderWaitMs)
    const proposal = validator.proposer.next()
    if (proposal === undefined) return
    validator.lastMs = time
    const { selfParent } = proposal
    if (proposal.parents.length > validator.committee.members.length + zpos.WEAK_PARENTS)
      throw new Error(`seed ${options.seed}: a proposal with ${proposal.parents.length} parents`)
    const load = {
      ...(rules && { signal: validator.has }),
      ...(validator.lottery && {
        tickets: validator.lottery.tickets(validator.address, validator.behaviour === 'flooder'),
      }),
    }
    const baseUnit = validator.base?.unit ?? validator.committer.lastCommit()?.unit ?? world.genesis
    const create = (parents: readonly UnitId[]): SimUnit =>
      world.make(validator.index, round, parents, validator.address, baseUnit, time, load)

    if (validator.behaviour === 'equivocator' && random() < 0.6) {
      const others = proposal.parents.slice(1)
      const copies = 2 + Math.floor(random() * 2)
      for (let copy = 0; copy < copies; copy += 1) {
        const dropped = others[Math.floor(random() * others.length)]
        const parents = [selfParent, ...(random() < 0.7 ? others.filter((id) => id !== dropped) : others)]
        const unit = create(parents)
        if (copy === 0) take(validator, unit, validator.index, time, to)
        send(validator, unit, time, () => random() < 1.5 / copies)
      }
      return
    }
    if (validator.behaviour === 'stale' && random() < 0.5) {
      send(validator, create([selfParent, ...proposal.parents.slice(1, 2)]), time)
    }
    const unit = create(proposal.parents)
    if (behavesHonestly(validator))
      await validator.guard.claim(round, unit.id, validator.guard.last() ? selfParent : undefined)
    take(validator, unit, validator.index, time, to)
    if (validator.behaviour === 'withholder' && random() < 0.5) {
      const releaseMs = time + (1 + random() * 6) * Math.max(intervalMs, 100)
      validator.withheld.push({ unit, releaseMs })
      queue.push(releaseMs, { kind: 'wake', to })
    } else send(validator, unit, time, validator.behaviour === 'selective' ? () => random() < 0.5 : undefined)
    // The own unit may complete the next quorum.
    wake(time + Math.max(intervalMs, 1))
  }

  /** All that a committer holds is about rounds that are not decided, and those are few. */
  function checkMemory({ committer, view, committee }: Validator): void {
    const { rounds, units, tallies } = committer.load()
    let open = 0
    let last = committer.nextRound()
    for (; view.roundUnits(last).length > 0; last += 1) open += view.roundUnits(last).length
    const openRounds = last - committer.nextRound() + 1
    mostRounds = Math.max(mostRounds, rounds)
    mostUnits = Math.max(mostUnits, units)
    const members = committee.members.length
    const wrong = rounds > openRounds || units > open || tallies > units + rounds * members
    if (wrong || (safe && rounds > OPEN_ROUNDS(members)))
      throw new Error(`seed ${options.seed}: a committer holds ${rounds} rounds, ${units} units, ${tallies} tallies`)
  }

  function execute(validator: Validator): Execution | undefined {
    if (!executes) return undefined
    const contract = keys && contractWith(zpos, keys, stakes)
    return new Execution({ zpos, world, committee: first, has: validator.has, contract })
  }

  async function restart(validator: Validator, time: number, to: number): Promise<void> {
    validator.up = true
    validator.stopped = false
    validator.execution = execute(validator)
    const { disk } = validator
    validator.disk = []
    validator.decided = 0
    validator.quorumRound = -1
    validator.wakeMs = -1
    validator.guard = await zpos.createSigningGuard(validator.store)
    Object.assign(validator, fresh(new View(world), first, undefined, validator.address, undefined))
    for (const unit of disk) take(validator, unit, validator.index, time, to)
    decide(validator, time)
    if (validator.stopped) return
    // What was missed meanwhile comes from the peers.
    for (const peer of validators) {
      if (peer === validator || !peer.up) continue
      for (const unit of peer.view.all()) {
        if (unit.round > 0 && !validator.view.has(unit.id)) {
          queue.push(arrival(peer, validator, time), { kind: 'unit', to, from: peer.index, unit })
        }
      }
    }
  }

  for (const to of validators.keys()) queue.push(random() * skewMs, { kind: 'start', to })
  for (const { node, atMs, downMs } of restarts) {
    queue.push(atMs, { kind: 'stop', to: node })
    queue.push(atMs + downMs, { kind: 'start', to: node })
  }
  for (const { node, atMs, version } of rules?.installs ?? []) {
    queue.push(atMs, { kind: 'stop', to: node })
    queue.push(atMs + 500, { kind: 'start', to: node, version })
  }
  for (let next = queue.pop(); next !== undefined && next.time <= durationMs; next = queue.pop()) {
    const { time, event } = next
    const validator = validators[event.to]!
    if (event.kind === 'stop') validator.up = false
    else if (event.kind === 'start') {
      if (event.version !== undefined) validator.has = event.version
      await restart(validator, time, event.to)
    } else if (!validator.up) continue
    else if (event.kind === 'unit') {
      if (validator.behaviour === 'silent') continue
      take(validator, event.unit, event.from, time, event.to)
    } else if (validator.wakeMs === time) validator.wakeMs = -1
    if (validator.up) await make(validator, time, event.to)
    if (validator.up && observer === undefined) checkMemory(validator)
  }

  const union = new View(world)
  for (const unit of world.units.slice(1)) union.receive(unit, () => true)
  const highest = Math.max(...world.units.map(({ round }) => round % zpos.EPOCH_ROUNDS))
  const commits = log.filter(({ outcome }) => outcome === 'commit')
  // C7 needs every committed leader in the past of the next one where slots are two rounds apart.
  if (wave >= 2 && conflict === undefined) {
    for (const [at, decision] of commits.entries()) {
      const before = commits[at - 1]
      if (before?.outcome !== 'commit' || decision.outcome !== 'commit') continue
      if (!union.isAncestor(before.unit, decision.unit))
        throw new Error(`seed ${options.seed}: the main chain breaks at ${decision.unit}`)
    }
  }
  const forks = zpos.findForks(union, first, 1, highest)
  return {
    decisions: log,
    decided: validators.filter(behavesHonestly).map(({ decided }) => decided),
    rounds: highest,
    commits: commits.length,
    skips: log.length - commits.length,
    forkers: forks.map(({ author }) => addresses.indexOf(author)),
    refused,
    epoch: Math.max(...validators.map(({ committee }) => committee.epoch)),
    ...(conflict && { conflict }),
    leaderLatencies: leaderLatencies.sort((a, b) => a - b),
    unitLatencies: unitLatencies.sort((a, b) => a - b),
    lastDecisionMs,
    states,
    stops,
    slashed: [...slashed],
    rankings,
    mostRounds,
    mostUnits,
  }
}

function same(a: Decision, b: Decision): boolean {
  const unit = (decision: Decision) => (decision.outcome === 'commit' ? decision.unit : 'skip')
  return a.round === b.round && a.offset === b.offset && a.leader === b.leader && unit(a) === unit(b)
}
