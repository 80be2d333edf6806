import { describe, expect, it } from 'vitest'
import { createLedger, isDagError, type Ledger, type UnitId, type UnitRef } from '../src/index.ts'
import { MainChainAccumulator, verifyMainChainProof } from '../src/prune/accumulator.ts'
import { pruneLedger } from '../src/prune/prune.ts'
import { createSnapshot, decodeSnapshot, encodeSnapshot, openSnapshot, snapshotRoot } from '../src/prune/snapshot.ts'
import { closure, genesis, random, randomLedger, userUnit, validatorUnit } from './ledger.ts'

const stakeAt = () => 1n

/** Rounds of four validators with user units; each references a random three of the round before and what user units are new. */
function history(rounds: number, seed = 1, validity = 1e6): { units: UnitRef[]; leaders: UnitRef[] } {
  const next = random(seed)
  const units: UnitRef[] = []
  const leaders: UnitRef[] = []
  let before: UnitRef[] = []
  for (let round = 1; round <= rounds; round++) {
    const made = [0, 1, 2, 3].map((who) => {
      const self = before[who] ?? genesis
      const others = before.filter((unit) => unit !== self && next() < 0.75)
      const user = userUnit([(before[Math.floor(next() * 4)] ?? genesis).id], round * 10 + who, [], round + validity)
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
    const kept = units.filter(({ id }) => pruned.dag.view.indexOf(id) >= 0)
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

  it.each([1, 2, 3, 4, 5, 6])('keeps ancestry exact among forks and user units, again and again (seed %i)', (seed) => {
    const units = randomLedger(seed, 5, 500)
    const past = closure(units)
    const ledger = createLedger({ genesis, stakeAt })
    let prunings = 0
    for (const [i, unit] of units.entries()) {
      if (i > 0 && ledger.append(unit).status !== 'added') continue
      if (i % 10 !== 9 || !ledger.dag.isAncestor(ledger.mainChain.tip.id, unit.id)) continue
      ledger.commit(unit.id)
      if (i % 50 !== 49 || ledger.mainChain.tip.mci <= ledger.mainChain.base) continue
      pruneLedger(ledger, ledger.mainChain.tip.mci - 1)
      prunings++
    }
    expect(prunings).toBeGreaterThan(0)
    const { view } = ledger.dag
    const kept = units.filter(({ id }) => view.indexOf(id) >= 0)
    expect(kept.length).toBeGreaterThan(20)
    for (const { id } of kept)
      for (const other of kept) expect(ledger.dag.isAncestor(other.id, id)).toBe(past.get(id)!.has(other.id))
    const validators = new Set(kept.flatMap(({ header }) => (header.validator ? header.authors : [])))
    for (const address of validators) {
      const own = kept.filter(({ header }) => header.validator && header.authors[0] === address)
      const forked = own.some(({ id }, i) => own.slice(i + 1).some((later) => !past.get(later.id)!.has(id)))
      expect(view.isEquivocator(view.authorOf(view.indexOf(own[0]!.id)), -1)).toBe(forked)
    }
  })

  it('knows what it dropped for a while, then calls it expired', () => {
    const { units, leaders } = history(30)
    const past = closure([genesis, ...units])
    const ledger = createLedger({ genesis, stakeAt })
    for (const unit of units) ledger.append(unit)
    follow(ledger, leaders)
    const before = ledger.dag.size
    const oldHeights = new Map(units.map(({ id }) => [id, ledger.dag.height(id)]))
    const { dropped, headersOnly } = pruneLedger(ledger, ledger.mainChain.tip.mci - 2)
    expect(dropped.length + headersOnly.length).toBe(before - ledger.dag.size)
    for (const id of headersOnly) expect(ledger.dag.header(id)).toBeDefined()
    const old = units[4]!
    const height = oldHeights.get(old.id)!
    expect(ledger.append(old)).toEqual({ status: 'duplicate' })
    expect(ledger.dag.has(old.id)).toBe(true)
    expect(ledger.dag.pruned(old.id)).toMatchObject({ round: 1, height, author: old.header.authors[0] })
    expect(ledger.dag.header(old.id)).toEqual(old.header)
    expect(ledger.dag.height(old.id)).toBe(height)
    expect(ledger.mainChain.mciOf(old.id)).toBe(ledger.dag.pruned(old.id)!.mci)
    expect(() => ledger.dag.parents(old.id)).toThrow(/not in the DAG/)
    const point = ledger.dag.pruningPoint!.unit.id
    for (const { id } of units.filter((unit) => ledger.dag.view.indexOf(unit.id) >= 0)) {
      expect(ledger.dag.isAncestor(id, old.id)).toBe(false)
      if (id === point || past.get(id)!.has(point)) expect(ledger.dag.isAncestor(old.id, id)).toBe(true)
      else expect(() => ledger.dag.isAncestor(old.id, id)).toThrow(/was pruned/)
    }
    const late = userUnit([units[2]!.id], 999)
    const expired = { ...late, header: { ...late.header, validUntilMci: ledger.mainChain.base - 1 } }
    expect(ledger.append(expired)).toMatchObject({ status: 'invalid', code: 'UNIT_EXPIRED' })
    expect(ledger.append(late)).toMatchObject({ status: 'added' })
    expect(ledger.dag.height(late.id)).toBeGreaterThan(0)
    expect(() => pruneLedger(ledger, ledger.mainChain.base - 1)).toThrow(/is not between/)
  })

  it('goes on for ever with what a few rounds take, and forgets everything once', () => {
    const { units, leaders } = history(400, 1, 10)
    const ledger = createLedger({ genesis, stakeAt })
    const chain = new MainChainAccumulator()
    const stored = new Map([[genesis.id, 'unit']])
    const sizes: number[] = []
    for (const [i, unit] of units.entries()) {
      ledger.append(unit)
      stored.set(unit.id, 'unit')
      if (i % 80 !== 79) continue
      follow(ledger, leaders)
      const target = ledger.mainChain.tip.mci - 4
      if (target <= ledger.mainChain.base) continue
      accumulate(ledger, target, chain)
      chain.forget(target)
      const { dropped, headersOnly } = pruneLedger(ledger, target)
      for (const id of dropped) expect(stored.delete(id)).toBe(true)
      for (const id of headersOnly) {
        expect(stored.get(id)).toBe('unit')
        stored.set(id, 'header')
      }
      sizes.push(ledger.dag.size, ledger.dag.pruningPoint!.below.length)
      expect(ledger.dag.size).toBeLessThan(160)
      expect(ledger.dag.byteLength).toBeLessThan(40_000)
      expect(ledger.dag.pruningPoint!.below.length).toBeLessThan(700)
      expect(chain.byteLength).toBeLessThan(4096)
      expect(() => chain.prove(target - 2)).toThrow(/cannot be proved/)
      expect(verifyMainChainProof(ledger.mainChain.unitAt(target)!, chain.prove(target), chain.root)).toBe(true)
    }
    expect(sizes.length).toBeGreaterThan(60)
    const known = new Set(ledger.dag.pruningPoint!.below.map(({ id }) => id))
    for (const [id, what] of stored) {
      if (ledger.dag.view.indexOf(id) >= 0) expect(what).toBe('unit')
      else if (!known.has(id)) expect(ledger.dag.header(id)).toBeDefined()
    }
    const headers = [...stored.values()].filter((what) => what === 'header').length
    expect(headers).toBeLessThan(ledger.mainChain.base + known.size)
  })

  it('lets a validator that slept for long go on from its last unit', () => {
    const sleeper = validatorUnit(9, 1, genesis.id)
    const stranger = userUnit([genesis.id], 1)
    const awake = [validatorUnit(8, 2, genesis.id, [sleeper.id, stranger.id])]
    while (awake.length < 150) awake.push(validatorUnit(8, awake.length + 2, awake.at(-1)!.id))
    const ledger = createLedger({ genesis, stakeAt })
    for (const unit of [sleeper, stranger, ...awake]) ledger.append(unit)
    const top = awake.at(-1)!
    ledger.commit(top.id)
    pruneLedger(ledger, 70)
    pruneLedger(ledger, ledger.mainChain.tip.mci - 1)
    expect(ledger.dag.has(stranger.id)).toBe(false)
    expect(() => ledger.dag.header(stranger.id)).toThrow(/no header/)
    const back = validatorUnit(9, 152, sleeper.id, [top.id])
    expect(ledger.dag.pruned(sleeper.id)).toMatchObject({ round: 1, author: sleeper.header.authors[0] })
    expect(ledger.dag.header(sleeper.id)).toEqual(sleeper.header)
    expect(ledger.append(back)).toMatchObject({ status: 'added' })
    expect(ledger.dag.isAncestor(top.id, back.id)).toBe(true)
    expect(ledger.dag.authorUnits(back.header.authors[0]!, 152)).toEqual([back.id])
  })

  it('takes back the claims of units that expired without an index', () => {
    const { units, leaders } = history(30)
    const ledger = createLedger({ genesis, stakeAt })
    const stale = userUnit([genesis.id], 5000, [], 3)
    const fresh = userUnit([genesis.id], 5001)
    for (const unit of [stale, fresh]) ledger.append(unit)
    ledger.claim('coin', stale.id)
    ledger.claim('other', stale.id)
    ledger.claim('coin', fresh.id)
    for (const unit of units) ledger.append(unit)
    follow(ledger, leaders)
    pruneLedger(ledger, ledger.mainChain.tip.mci - 2)
    expect([ledger.dag.has(stale.id), ledger.dag.has(fresh.id)]).toEqual([false, true])
    expect([ledger.rivals('coin'), ledger.rivals('other')]).toEqual([[fresh.id], []])
    const last = validatorUnit(1, 31, units.at(-1)!.id, [fresh.id, leaders.at(-1)!.id])
    expect(ledger.append(last).status).toBe('added')
    expect(() => ledger.commit(last.id)).not.toThrow()
    expect(ledger.rivals('coin')).toEqual([])
  })

  it('stops to wait for what expired meanwhile', () => {
    const { units, leaders } = history(160)
    const ledger = createLedger({ genesis, stakeAt })
    const lost = userUnit([genesis.id], 5000)
    const orphan = validatorUnit(7, 2, lost.id)
    const fresh = validatorUnit(7, 159, lost.id)
    expect([ledger.append(orphan).status, ledger.append(fresh).status]).toEqual(['waiting', 'waiting'])
    for (const unit of units) ledger.append(unit)
    follow(ledger, leaders)
    pruneLedger(ledger, ledger.mainChain.tip.mci - 2)
    expect([ledger.dag.isWaiting(orphan.id), ledger.dag.isWaiting(fresh.id)]).toEqual([false, true])
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
      const { dropped, headersOnly } = pruneLedger(server, mci)
      for (const id of [...dropped, ...headersOnly]) archive.delete(id)
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
      if (joiner.dag.view.indexOf(id) < 0 || server.dag.view.indexOf(id) < 0) continue
      expect(joiner.mainChain.mciOf(id)).toBe(server.mainChain.mciOf(id))
      expect(joiner.dag.height(id)).toBe(server.dag.height(id))
    }
    // Headers of what is below the point come by id from anybody, and are kept.
    const [below] = second.point.below.filter(({ round }) => round > 0)
    expect(() => joiner.dag.header(below!.id)).toThrow(/no header/)
    expect(joiner.append(units.find(({ id }) => id === below!.id)!)).toEqual({ status: 'duplicate' })
    expect(joiner.dag.header(below!.id).authors).toEqual([below!.author])
    expect(joiner.dag.size).toBeGreaterThan(60)
    expect(joiner.dag.waiting).toBe(0)
  })
})
