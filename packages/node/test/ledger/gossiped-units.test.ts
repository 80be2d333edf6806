/** What a node passes on of the units that peers gossip, and whom it blames: a ledger with four validators, and no network. */
import { encodeUnit, type Unit, type UnitId } from '@zos/dag'
import { EPOCH_ROUNDS } from '@zos/zpos'
import { describe, expect, test } from 'vitest'
import { genesisCommittee } from '../../src/genesis/genesis-committee.ts'
import { EarlyUnits } from '../../src/ledger/early-units.ts'
import type { Network } from '../../src/p2p/network.ts'
import { Synchronizer } from '../../src/p2p/synchronizer.ts'
import { firstRound, genesis, listener, root, START_MS, signers, unitOf } from './listener.ts'

/** `unit` with another signature, which does not hold. Its id is the same. */
function falselySigned(unit: Unit): Uint8Array {
  const [signature] = unit.signatures
  return encodeUnit({ ...unit, signatures: [{ ...signature!, signature: new Uint8Array(64).fill(1) }] })
}

describe('a gossiped unit', () => {
  test('is passed on, also when it has come by a request before; a copy under another signature is not', async () => {
    const { flow, hear } = await listener()
    expect(await hear(firstRound[0]!)).toBe('accept')
    expect(await flow.take(encodeUnit(firstRound[1]!), 'asked')).toBe(true)
    expect(await hear(firstRound[1]!)).toBe('accept')
    expect(await hear(falselySigned(firstRound[1]!))).toBe('ignore')
  })

  test('of a round long ago is not passed on again', async () => {
    const { ledger, hear } = await listener({ verifier: { verify: async (items) => items.map(() => true) } })
    const rounds = [firstRound.slice(1)]
    for (let round = 2; round <= 62; round++) {
      const below = rounds.at(-1)!
      rounds.push(
        await Promise.all(
          below.map((own, index) => unitOf(index + 1, round, [own, ...below.filter((other) => other !== own)])),
        ),
      )
    }
    for (const unit of rounds.flat()) expect(await hear(unit)).toBe('accept')
    expect(ledger.highestRound).toBe(62)
    expect(await hear(rounds[0]![0]!)).toBe('ignore')
    expect(await hear(rounds[1]![0]!)).toBe('accept')
  })

  test('waits for its parents before it is passed on, and its sender is blamed if it breaks the rules', async () => {
    const { hear, timers } = await listener()
    const good = await unitOf(0, 2, firstRound)
    const bad = await unitOf(1, 2, [firstRound[1]!, firstRound[0]!, firstRound[2]!, firstRound[3]!], START_MS - 1)
    for (const unit of firstRound.slice(0, 3)) expect(await hear(unit)).toBe('accept')
    const verdicts = [hear(good), hear(bad)]
    await new Promise((resolve) => setImmediate(resolve))
    expect(timers.size).toBe(2)
    expect(await hear(firstRound[3]!)).toBe('accept')
    expect(await Promise.all(verdicts)).toEqual(['accept', 'reject'])
    expect(timers.size).toBe(0)
  })

  test('whose parents do not come is not passed on', async () => {
    const { hear, timers, later } = await listener()
    const orphan = hear(await unitOf(0, 2, firstRound))
    await new Promise((resolve) => setImmediate(resolve))
    expect(timers.size).toBe(1)
    later()
    expect(await orphan).toBe('ignore')
  })

  test('of the next epoch has to be signed by its committee, where that is known', async () => {
    const committee = genesisCommittee(genesis)
    const { ledger, hear, later } = await listener({ committeeOf: () => committee })
    const next = await unitOf(0, EPOCH_ROUNDS + 1, [root])
    expect(await hear(falselySigned(next))).toBe('reject')
    expect(ledger.waiting).toBe(0)
    const verdict = hear(next)
    await new Promise((resolve) => setImmediate(resolve))
    expect(ledger.waiting).toBe(1)
    later()
    expect(await verdict).toBe('ignore')
  })

  test('of epochs further on is not kept', async () => {
    const { ledger, hear } = await listener()
    expect(await hear(await unitOf(0, 2 * EPOCH_ROUNDS + 1, [root]))).toBe('ignore')
    expect(ledger.waiting).toBe(0)
  })

  test('is one of two that are taken of an author and a round, unless another builds on it', async () => {
    const { ledger, hear } = await listener()
    const [first, second, third, fourth] = await Promise.all(
      [1, 2, 3, 4].map((ms) => unitOf(0, 1, [root], START_MS + ms)),
    )
    for (const unit of firstRound.slice(1)) expect(await hear(unit)).toBe('accept')
    expect(await hear(first!)).toBe('accept')
    // At once: all are checked before one of them is taken.
    expect(await Promise.all([hear(second!), hear(third!)])).toEqual(['accept', 'ignore'])
    expect(await hear(third!)).toBe('ignore')
    const child = hear(await unitOf(1, 2, [firstRound[1]!, firstRound[2]!, third!]))
    await new Promise((resolve) => setImmediate(resolve))
    expect(await hear(fourth!)).toBe('ignore')
    expect(ledger.missingParents(8)).toEqual([third!.id])
    expect(await hear(third!)).toBe('accept')
    expect(await child).toBe('accept')
    expect(ledger.dag.authorUnits(signers[0]!.address, 1).toSorted()).toEqual([first!.id, second!.id, third!.id].sort())
  })
})

test('units of the next epoch take no more than a share of the room for each sender', () => {
  const early = new EarlyUnits()
  const add = (index: number, source: string) =>
    early.add(`0x${index.toString(16)}` as UnitId, 1, { bytes: new Uint8Array(8), source, settle: () => {} })
  for (let index = 0; index < 1_024; index++) expect(add(index, 'one')).toBe(true)
  expect(add(2_000, 'one')).toBe(false)
  expect(add(2_001, 'another')).toBe(true)
  expect(early.take(1)).toHaveLength(1_025)
  expect(add(2_002, 'one')).toBe(true)
})

test('a peer that names a round of the far future is asked no further than the next epoch', async () => {
  const { ledger } = await listener()
  let asked = 0
  const network = {
    highestRound: async () => 2 ** 53 - 1,
    fetchRounds() {
      if (++asked > 10) throw new Error('it is asked for ever')
      return []
    },
  }
  const synchronizer = new Synchronizer(
    ledger,
    () => network as unknown as Network,
    async () => true,
    async () => {},
  )
  expect(await synchronizer.join('liar')).toBe(false)
  expect(asked).toBe(2)
  expect(synchronizer.has('liar')).toBe(false)
})
