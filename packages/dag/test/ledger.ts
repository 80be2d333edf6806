/** Builders for tests: unsigned units with real headers and ids. */
import {
  type Address,
  createHeader,
  type Dag,
  type Message,
  messageRoot,
  type UnitHeader,
  type UnitId,
  type UnitRef,
  unitId,
} from '../src/index.ts'

export const NETWORK = 7

export const genesisHeader: UnitHeader = {
  version: 1,
  networkId: NETWORK,
  parents: [],
  messageRoot: messageRoot([]),
  payloadLength: 1,
  timestampMs: 0,
  authors: [],
  lastFinal: { mci: 0, id: `0x${'0'.repeat(64)}` as UnitId },
  validUntilMci: 0,
}

export const genesis: UnitRef = { id: unitId(genesisHeader), header: genesisHeader }

/** The address of test author number `n`. */
export function author(n: number): Address {
  return `0x${n.toString(16).padStart(40, '0')}` as Address
}

/** A user unit; `salt` makes units with the same parents differ. */
export function userUnit(
  parents: readonly UnitId[],
  salt = 0,
  messages: readonly Message[] = [],
  validUntilMci = 1e6,
): UnitRef {
  const header = createHeader(
    { networkId: NETWORK, parents, timestampMs: salt, lastFinal: { mci: 0, id: genesis.id }, validUntilMci },
    messages,
    [author(1000 + salt)],
  )
  return { id: unitId(header), header }
}

/** A validator's unit. */
export function validatorUnit(
  who: number,
  round: number,
  selfParent: UnitId,
  others: readonly UnitId[] = [],
  salt = 0,
): UnitRef {
  const header = createHeader(
    {
      networkId: NETWORK,
      parents: others,
      timestampMs: salt,
      lastFinal: { mci: 0, id: genesis.id },
      validUntilMci: 1e6,
      validator: { round, selfParent },
    },
    [],
    [author(who)],
  )
  return { id: unitId(header), header }
}

/** A seeded generator of numbers in [0, 1) (mulberry32). */
export function random(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** The ancestors of every unit of a list in topological order, by definition. */
export function closure(units: readonly UnitRef[]): Map<UnitId, Set<UnitId>> {
  const past = new Map<UnitId, Set<UnitId>>()
  for (const { id, header } of units) {
    const mine = new Set<UnitId>()
    for (const parent of header.parents) {
      mine.add(parent)
      for (const ancestor of past.get(parent)!) mine.add(ancestor)
    }
    past.set(id, mine)
  }
  return past
}

/** A random ledger: validators with forks and skipped rounds, user units between them; topological order, genesis first. */
export function randomLedger(seed: number, validators: number, size: number): UnitRef[] {
  const next = random(seed)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)]!
  const units: UnitRef[] = [genesis]
  const chains = Array.from({ length: validators }, () => [genesis])
  const roundOf = (unit: UnitRef) => unit.header.validator?.round ?? 0
  while (units.length < size) {
    const recent = units.slice(-3 * validators - 6)
    if (next() < 0.35) {
      const parents = Array.from({ length: 1 + Math.floor(next() * 3) }, () => pick(recent).id)
      units.push(userUnit(parents, units.length))
      continue
    }
    const who = Math.floor(next() * validators)
    const chain = chains[who]!
    const self = next() < 0.15 ? pick(chain) : chain.at(-1)!
    const round = roundOf(self) + 1 + Math.floor(next() * 1.3)
    const others = recent.filter((unit) => roundOf(unit) < round && next() < 0.4).map(({ id }) => id)
    const unit = validatorUnit(who, round, self.id, others, units.length)
    chain.push(unit)
    units.push(unit)
  }
  return units
}

/** Appends units that must be accepted. */
export function appendAll(dag: Dag, units: readonly UnitRef[]): void {
  for (const unit of units) {
    const result = dag.append(unit)
    if (result.status !== 'added') throw new Error(`${unit.id}: ${JSON.stringify(result)}`)
  }
}
