import { describe, expect, it } from 'vitest'
import { createLedger, isDagError, type Ledger, type UnitId, type UnitRef } from '../src/index.ts'
import { MainChainAccumulator, verifyMainChainProof } from '../src/prune/accumulator.ts'
import {
  createSnapshot,
  decodeSnapshot,
  encodeSnapshot,
  openSnapshot,
  pruneLedger,
  snapshotRoot,
} from '../src/prune/snapshot.ts'
import { closure, genesis, random, userUnit, validatorUnit } from './ledger.ts'

const stakeAt = () => 1n

/** Rounds of four validators with user units; each references a random three of the round before and what user units are new. */
function history(rounds: number, seed = 1): { units: UnitRef[]; leaders: UnitRef[] } {
  const next = random(seed)
  const units: UnitRef[] = []
  const leaders: UnitRef[] = []
  let before: UnitRef[] = []
  for (let round = 1; round <= rounds; round++) {
    const made = [0, 1, 2, 3].map((who) => {
      const self = before[who] ?? genesis
      const others = before.filter((unit) => unit !== self && next() < 0.75)
      const user = userUnit([(before[Math.floor(next() * 4)] ?? genesis).id], round * 10 + who)
      units.push(user)
      const unit = validatorUnit(who, round, self.id, [
        ...others.map(({ id }) => id),
        ...(next() < 0.8 ? [user.id] : []),
      ])
      return unit
    })
    units.push(...made)
    before = made
    if (round % 2 === 0) leaders.push(made[(round / 2) % 4]!)
  }
  return { units, leaders }
}

/** Commits the leaders that have the tip in their past. */
function follow(ledger: Ledger, leaders: readonly UnitRef[]): void {
  for (const { id } of leaders) {
    if (!ledger.dag.has(id) || ledger.mainChain.mciOf(id) !== undefined) continue
    if (ledger.dag.isAncestor(ledger.mainChain.tip.id, id)) ledger.commit(id)
  }
}

function accumulate(ledger: Ledger, mci: number, from?: MainChainAccumulator): MainChainAccumulator {
  const chain = from ?? new MainChainAccumulator()
  while (chain.size <= mci) chain.append(ledger.mainChain.unitAt(chain.size)!)
  return chain
}

describe('the accumulator of the main chain', () => {
  it('proves every index under its root, and nothing else', () => {
    const chain = new MainChainAccumulator()
    const ids = Array.from({ length: 21 }, (_, i) => userUnit([genesis.id], i).id)
    for (const [i, id] of ids.entries()) {
      chain.append(id)
      for (let mci = 0; mci <= i; mci++) {
        const proof = chain.prove(mci)
        expect(verifyMainChainProof(ids[mci]!, proof, chain.root)).toBe(true)
        expect(verifyMainChainProof(ids[(mci + 1) % 21]!, proof, chain.root)).toBe(false)
        expect(verifyMainChainProof(ids[mci]!, proof, genesis.id)).toBe(false)
        expect(verifyMainChainProof(ids[mci]!, { ...proof, mci: mci + 1 }, chain.root)).toBe(false)
        expect(verifyMainChainProof(ids[mci]!, { ...proof, path: [...proof.path, chain.root] }, chain.root)).toBe(false)
      }
    }
    const resumed = new MainChainAccumulator({ size: 13, peaks: accumulatePeaks(ids.slice(0, 13)) })
    for (const id of ids.slice(13)) resumed.append(id)
    expect(resumed.root).toBe(chain.root)
    expect(verifyMainChainProof(ids[20]!, resumed.prove(20), chain.root)).toBe(true)
    expect(() => resumed.prove(3)).toThrow(/cannot be proved here/)
    expect(() => new MainChainAccumulator({ size: 3, peaks: [] })).toThrow(/do not belong/)
  })
})

function accumulatePeaks(ids: readonly UnitId[]) {
  const chain = new MainChainAccumulator()
  for (const id of ids) chain.append(id)
  return chain.peaks
}

describe('pruning', () => {
  it.each([1, 2, 3, 4])('changes nothing that is above the point (seed %i)', (seed) => {
    const { units, leaders } = history(40, seed)
    const past = closure([genesis, ...units])
    const whole = createLedger({ genesis, stakeAt })
    const pruned = createLedger({ genesis, stakeAt })
    for (const [i, unit] of units.entries()) {
      whole.append(unit)
      pruned.append(unit)
      if (i % 24 !== 23) continue
      follow(whole, leaders)
      follow(pruned, leaders)
      const target = pruned.mainChain.tip.mci - 3
      if (target > pruned.mainChain.base) pruneLedger(pruned, target)
    }
    follow(whole, leaders)
    follow(pruned, leaders)
    expect(pruned.mainChain.tip).toEqual(whole.mainChain.tip)
    expect(pruned.dag.size).toBeLessThan(whole.dag.size / 3)
    const kept = units.filter(({ id }) => pruned.dag.has(id))
    for (const { id } of kept) {
      expect(pruned.dag.height(id)).toBe(whole.dag.height(id))
      expect(pruned.mainChain.mciOf(id)).toBe(whole.mainChain.mciOf(id))
      for (const other of kept) expect(pruned.dag.isAncestor(other.id, id)).toBe(past.get(id)!.has(other.id))
    }
    expect(pruned.dag.tips()).toEqual(whole.dag.tips())
    expect(pruned.dag.roundUnits(39)).toEqual(whole.dag.roundUnits(39))
    expect(pruned.dag.children(kept[0]!.id)).toEqual(whole.dag.children(kept[0]!.id))
    expect(pruned.mainChain.unitAt(0)).toBeUndefined()
    expect(pruned.mainChain.unitAt(pruned.mainChain.base)).toBe(whole.mainChain.unitAt(pruned.mainChain.base))
  })

  it('knows what it dropped for a while, then calls it expired', () => {
    const { units, leaders } = history(30)
    const ledger = createLedger({ genesis, stakeAt })
    for (const unit of units) ledger.append(unit)
    follow(ledger, leaders)
    const before = ledger.dag.size
    const { dropped, chain } = pruneLedger(ledger, ledger.mainChain.tip.mci - 2)
    expect(chain[0]).toBe(genesis.id)
    expect(dropped.length + chain.length).toBe(before - ledger.dag.size)
    for (const id of chain) expect(ledger.dag.header(id)).toBeDefined()
    expect(() => ledger.dag.header(dropped[0]!)).toThrow(/no header/)
    expect(ledger.append(units[5]!)).toEqual({ status: 'duplicate' })
    expect(() => ledger.dag.height(units[0]!.id)).toThrow(/not in the DAG/)
    const late = userUnit([units[2]!.id], 999)
    const expired = { ...late, header: { ...late.header, validUntilMci: ledger.mainChain.base - 1 } }
    expect(ledger.append(expired)).toMatchObject({ status: 'invalid', code: 'UNIT_EXPIRED' })
    expect(ledger.append(late)).toMatchObject({ status: 'added' })
    expect(ledger.dag.height(late.id)).toBeGreaterThan(0)
    expect(() => pruneLedger(ledger, ledger.mainChain.base - 1)).toThrow(/is not between/)
  })
})

describe('a snapshot', () => {
  it('is the same made by a whole and by a pruned node, and only its own root opens it', () => {
    const { units, leaders } = history(30)
    const whole = createLedger({ genesis, stakeAt })
    const pruned = createLedger({ genesis, stakeAt })
    for (const unit of units) {
      whole.append(unit)
      pruned.append(unit)
    }
    follow(whole, leaders)
    follow(pruned, leaders)
    const mci = whole.mainChain.tip.mci - 2
    const chain = accumulate(whole, mci)
    pruneLedger(pruned, mci - 4)
    const snapshot = createSnapshot(whole, mci, chain)
    expect(createSnapshot(pruned, mci, chain)).toEqual(snapshot)
    const bytes = encodeSnapshot(snapshot)
    expect(decodeSnapshot(bytes, snapshotRoot(snapshot))).toEqual(snapshot)
    const forged = bytes.with(bytes.length - 1, bytes.at(-1)! ^ 1)
    const error = (() => {
      try {
        return decodeSnapshot(forged, snapshotRoot(snapshot))
      } catch (e) {
        return e
      }
    })()
    expect(isDagError(error, 'DAG_SNAPSHOT_INVALID')).toBe(true)
    expect(() => createSnapshot(whole, mci - 1, chain)).toThrow(/accumulator/)
  })

  it.each([1, 2, 3])('lets a node join while the pruning point moves (seed %i)', (seed) => {
    const { units, leaders } = history(60, seed)
    const server = createLedger({ genesis, stakeAt })
    const archive = new Map<UnitId, UnitRef>()
    const chain = new MainChainAccumulator()
    const take = (from: number, to: number) => {
      for (const unit of units.slice(from, to)) {
        server.append(unit)
        archive.set(unit.id, unit)
      }
      follow(server, leaders)
    }
    const advance = (mci: number) => {
      accumulate(server, mci, chain)
      const snapshot = createSnapshot(server, mci, chain)
      const { dropped, chain: old } = pruneLedger(server, mci)
      for (const id of [...dropped, ...old]) archive.delete(id)
      return snapshot
    }
    take(0, 160)
    const first = advance(server.mainChain.tip.mci - 4)
    let joiner = openSnapshot(decodeSnapshot(encodeSnapshot(first), snapshotRoot(first)), { genesis, stakeAt })
    // The joiner gets a few units, then the server moves on and drops what the joiner still lacks.
    const served = [...archive.values()]
    for (const unit of served.slice(0, 9)) joiner.append(unit)
    const held = new Map(served.slice(0, 9).map((unit) => [unit.id, unit]))
    take(160, 400)
    const second = advance(server.mainChain.tip.mci - 4)
    const missing = units.slice(160, 260).map((unit) => joiner.append(unit))
    expect(missing.some(({ status }) => status === 'waiting')).toBe(true)
    joiner = openSnapshot(
      decodeSnapshot(encodeSnapshot(second), snapshotRoot(second)),
      { genesis, stakeAt },
      held.values(),
    )
    for (const unit of [...archive.values()].reverse()) joiner.append(unit)
    take(400, units.length)
    for (const unit of units.slice(400)) joiner.append(unit)
    follow(joiner, leaders)
    expect(joiner.mainChain.tip).toEqual(server.mainChain.tip)
    for (const { id } of units) {
      if (!joiner.dag.has(id) || !server.dag.has(id)) continue
      expect(joiner.mainChain.mciOf(id)).toBe(server.mainChain.mciOf(id))
      expect(joiner.dag.height(id)).toBe(server.dag.height(id))
    }
    expect(joiner.dag.size).toBeGreaterThan(60)
    expect(joiner.dag.waiting).toBe(0)
  })
})
