import { expect, test } from 'vitest'
import { DagWindow } from '../../web/dag-window.ts'
import type { Unit } from '../../web/ledger.ts'

/** A ledger of two authors with a unit each in every round that `rounds` lists; `blocks` says which rounds are in a block. */
function ledgerOf(rounds: number[], inBlock: (round: number) => boolean) {
  const asked: [from: number, to: number][] = []
  const getUnits = async (from: number, to: number) => {
    asked.push([from, to])
    if (to - from >= 64) throw new Error('too many rounds')
    return rounds
      .filter((round) => round >= from && round <= to)
      .flatMap((round) => ['b', 'a'].map((author) => unitOf(round, author, inBlock(round) ? round : null)))
  }
  return { asked, getUnits }
}

function unitOf(round: number, author: string, block: number | null): Unit {
  const id = `${author}${round}`
  return { id, round, author, height: round, mci: block, mainChain: false, block, timestampMs: 0, parents: [] }
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)
const roundsOf = (dag: DagWindow) => [...dag.columns.values()].map(({ round }) => round)

test('a refresh asks for new rounds, and again only for those with a unit in no block', async () => {
  let final = 95
  const { asked, getUnits } = ledgerOf(range(1, 120), (round) => round <= final)
  const dag = new DagWindow(getUnits)
  await dag.refresh(100, 1)
  final = 98
  await dag.refresh(102, 1)
  await dag.refresh(102, 1)
  expect(asked).toEqual([
    [37, 100],
    [96, 102],
    [99, 102],
  ])
  expect(roundsOf(dag)).toEqual(range(37, 102))
  expect(dag.units.get('a98')!.block).toBe(98)
  expect(dag.authors).toEqual(['a', 'b'])
})

test('a new epoch follows in the next column though its rounds are far away, and the old one is still asked for', async () => {
  let final = 3_600
  const { asked, getUnits } = ledgerOf([...range(1, 3_605), ...range(65_537, 65_600)], (round) => round <= final)
  const dag = new DagWindow(getUnits)
  await dag.refresh(3_603, 1)
  const end = dag.last
  await dag.refresh(65_539, 1)
  expect(asked.slice(1)).toEqual([
    [3_601, 3_664],
    [65_476, 65_539],
  ])
  expect(roundsOf(dag).slice(-5)).toEqual([3_604, 3_605, 65_537, 65_538, 65_539])
  expect(dag.columns.get(end + 3)!.round).toBe(65_537)
  expect(dag.columnOf(dag.units.get('a65538')!)).toBe(end + 4)
  final = 65_538
  await dag.refresh(65_540, 1)
  expect(dag.units.get('b3605')!.block).toBe(3_605)
})

test('the window stays small, whatever is looked at', async () => {
  const { getUnits } = ledgerOf(range(1, 1_000), () => true)
  const dag = new DagWindow(getUnits)
  for (let round = 50; round <= 1_000; round += 50) await dag.refresh(round, dag.last)
  expect(dag.columns.size).toBe(65)
  expect(dag.units.size).toBe(130)
  const held = new DagWindow(getUnits)
  for (let round = 50; round <= 1_000; round += 50) await held.refresh(round, 1)
  expect(held.columns.size).toBe(241)
})
