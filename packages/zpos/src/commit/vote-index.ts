/**
 * The votes of C6, kept up to date as units arrive. Each round is a small table: for each unit, which unit of every author
 * of the round before it refers to directly. Only rounds that can still matter are kept, so memory is bounded by the
 * undecided rounds and not by the length of the ledger.
 *
 * A unit of round r + 1 votes for a unit of the slot (author, r) if that is the first one of the slot among its parents.
 * No validator unit refers to one of its own round, so the depth-first order of C6 meets the slot there or nowhere. A path
 * through a user unit is not a vote.
 */
import type { Committee } from '../committee/committee.ts'
import type { RoundDag, UnitId } from '../dag-port.ts'
import { EPOCH_ROUNDS } from '../rounds/epoch-base.ts'

/** Announced units that may wait for the next look; beyond, the DAG is read anew. Bounds the memory of a committer that nobody asks. */
const MAX_ANNOUNCED = 16_384

/** No unit of that author among the parents. */
const NONE = -1

interface UnitVotes {
  readonly id: UnitId
  readonly author: number
  /** For each author: position in the table of the round before of the unit that this one refers to, or {@link NONE}. */
  readonly strong: Int32Array
}

/** The units of one round in the order in which they were seen. */
interface RoundVotes {
  readonly units: UnitVotes[]
  readonly positions: Map<UnitId, number>
  /** Length of the DAG's list when it was last read. */
  read: number
}

/** What is known about one unit of a slot, or about the empty slot. */
export interface Tally {
  /** The unit; undefined while none is known. */
  readonly unit: UnitId | undefined
  /** True if authors with a quorum have a unit of the next round that does not vote for it. */
  readonly blamed: boolean
  /** True if authors with a quorum certify it. */
  readonly certified: boolean
  /** The units that certify it. */
  readonly certificates: readonly UnitId[]
}

interface Counter extends Tally {
  readonly position: number
  votersSeen: number
  certifiersSeen: number
  readonly blamers: Uint8Array
  blame: bigint
  readonly certifiers: Uint8Array
  support: bigint
  blamed: boolean
  certified: boolean
  readonly certificates: UnitId[]
}

interface SlotCounters {
  /** One for each unit of the slot, or one for none. */
  readonly list: Counter[]
  /** Units of the round that were looked at. */
  seen: number
}

/** How much a committer holds: all of it is about rounds from the first undecided one on. */
export interface CommitterLoad {
  readonly rounds: number
  readonly units: number
  /** Units of slots (or empty slots) that are counted. */
  readonly tallies: number
  /** Ids announced by the DAG and not looked at yet: 16,384 at most. */
  readonly announced: number
}

/** The votes about the rounds that are not decided yet. */
export interface VoteIndex {
  /** Takes in what the DAG has gained. True if there was anything new. Cost: O(committee) a new unit. */
  refresh(): boolean
  /** Highest round with a unit. */
  highestRound(): number
  /** The counts for every unit known in the slot, or one for the empty slot. */
  tallies(author: number, round: number): readonly Tally[]
  /** Forgets the rounds below. */
  dropBelow(round: number): void
  /** What is held now. */
  load(): CommitterLoad
  /** Stops listening to the DAG. */
  close(): void
}

/** Makes the index; it reads the DAG from `firstRound` on. */
export function createVoteIndex(options: { dag: RoundDag; committee: Committee; firstRound: number }): VoteIndex {
  const { dag, committee, firstRound } = options
  const size = committee.members.length
  const stakes = committee.members.map(({ stake }) => stake)
  const rounds = new Map<number, RoundVotes>()
  const counters = new Map<number, Map<number, SlotCounters>>()
  let lowest = firstRound
  let highest = firstRound - 1

  function add(round: number, table: RoundVotes, id: UnitId): void {
    const header = dag.header(id)
    const author = committee.indexOf(header.authors[0]!)
    if (author < 0) return
    const strong = new Int32Array(size).fill(NONE)
    const before = rounds.get(round - 1)
    if (before !== undefined) {
      for (const parent of header.parents) {
        const position: number | undefined = before.positions.get(parent)
        if (position === undefined) continue
        const owner = before.units[position]!.author
        if (strong[owner] === NONE) strong[owner] = position
      }
    }
    table.positions.set(id, table.units.length)
    table.units.push({ id, author, strong })
  }

  function tableOf(round: number): RoundVotes {
    let table = rounds.get(round)
    if (table === undefined) {
      table = { units: [], positions: new Map(), read: 0 }
      rounds.set(round, table)
    }
    return table
  }

  /** Reads the open rounds of the DAG. */
  function scan(): boolean {
    let changed = false
    for (let round = lowest; ; round += 1) {
      const ids = dag.roundUnits(round)
      if (ids.length === 0 && round > highest) return changed
      if (ids.length > 0 && round > highest) highest = round
      const table = tableOf(round)
      if (ids.length === table.read) continue
      table.read = ids.length
      const before = table.units.length
      for (const id of ids) if (!table.positions.has(id)) add(round, table, id)
      if (table.units.length > before) changed = true
    }
  }

  /** Takes in what the DAG has announced. */
  function drain(): boolean {
    const news = announced
    announced = []
    let changed = false
    for (const id of news) {
      const round = dag.header(id).validator?.round
      // Rounds beyond the epoch are of the next committee.
      if (round === undefined || round < lowest || round >= firstRound - 1 + EPOCH_ROUNDS) continue
      if (round > highest) highest = round
      const table = tableOf(round)
      if (table.positions.has(id)) continue
      add(round, table, id)
      changed = true
    }
    return changed
  }

  let announced: UnitId[] = []
  const stop = dag.onUnit?.(({ id }) => {
    if (announced.length < MAX_ANNOUNCED) announced.push(id)
    else {
      announced = []
      scanned = false
    }
  })
  let scanned = false

  function refresh(): boolean {
    if (stop === undefined) return scan()
    if (scanned) return drain()
    scanned = true
    const found = scan()
    return drain() || found
  }

  /** Counts the units of the next two rounds that were not counted yet. */
  function count(counter: Counter, author: number, round: number): void {
    const voters = rounds.get(round + 1)
    if (voters === undefined) return
    for (; counter.votersSeen < voters.units.length; counter.votersSeen += 1) {
      const voter = voters.units[counter.votersSeen]!
      if (counter.position !== NONE && voter.strong[author] === counter.position) continue
      if (counter.blamers[voter.author] === 1) continue
      counter.blamers[voter.author] = 1
      counter.blame += stakes[voter.author]!
      counter.blamed = counter.blame >= committee.quorum
    }
    const certifiers = rounds.get(round + 2)
    if (certifiers === undefined || counter.position === NONE) return
    for (; counter.certifiersSeen < certifiers.units.length; counter.certifiersSeen += 1) {
      const { id, author: owner, strong } = certifiers.units[counter.certifiersSeen]!
      let votes = 0n
      for (let member = 0; member < size; member += 1) {
        const position = strong[member]!
        if (position !== NONE && voters.units[position]!.strong[author] === counter.position) votes += stakes[member]!
      }
      if (votes < committee.quorum) continue
      counter.certificates.push(id)
      if (counter.certifiers[owner] === 1) continue
      counter.certifiers[owner] = 1
      counter.support += stakes[owner]!
      counter.certified = counter.support >= committee.quorum
    }
  }

  function newCounter(unit: UnitId | undefined, position: number): Counter {
    return {
      unit,
      position,
      votersSeen: 0,
      certifiersSeen: 0,
      blamers: new Uint8Array(size),
      blame: 0n,
      certifiers: new Uint8Array(size),
      support: 0n,
      blamed: false,
      certified: false,
      certificates: [],
    }
  }

  function tallies(author: number, round: number): readonly Tally[] {
    let byAuthor = counters.get(round)
    if (byAuthor === undefined) {
      byAuthor = new Map()
      counters.set(round, byAuthor)
    }
    let slot = byAuthor.get(author)
    if (slot === undefined) {
      slot = { list: [newCounter(undefined, NONE)], seen: 0 }
      byAuthor.set(author, slot)
    }
    const { list } = slot
    const units = rounds.get(round)?.units ?? []
    for (; slot.seen < units.length; slot.seen += 1) {
      const unit = units[slot.seen]!
      if (unit.author !== author) continue
      if (list[0]!.unit === undefined) list.pop()
      list.push(newCounter(unit.id, slot.seen))
    }
    for (const counter of list) count(counter, author, round)
    return list
  }

  function dropBelow(round: number): void {
    for (; lowest < round; lowest += 1) {
      rounds.delete(lowest)
      counters.delete(lowest)
    }
  }

  function load(): CommitterLoad {
    let units = 0
    let tallied = 0
    for (const round of rounds.values()) units += round.units.length
    for (const byAuthor of counters.values()) for (const { list } of byAuthor.values()) tallied += list.length
    return { rounds: rounds.size, units, tallies: tallied, announced: announced.length }
  }

  return { refresh, highestRound: () => highest, tallies, dropBelow, load, close: () => stop?.() }
}
