import { describe, expect, it } from 'vitest'
import { random } from './ledger.ts'
import { bitClosure, coreOf } from './shape.ts'
import { hasVectors, readVector } from './vectors/folder.ts'

/** The DAGs that rusty-kaspa stretches its reachability with (its `testing/integration/testdata/reachability`, ISC). */
function kaspaDag(name: string): number[][] {
  const blocks = JSON.parse(
    readVector(
      `kaspa/testing/integration/testdata/reachability/${name}-dag-blocks--2^12-delay-factor--1-k--18.json.gz`,
    ),
  ) as { id: string; parents: string[] }[]
  const index = new Map(blocks.map(({ id }, i) => [id, i]))
  return blocks.map(({ parents }) => parents.map((parent) => index.get(parent)!))
}

function compare(parents: number[][], pairs: number, seed: number, every = 1): void {
  const core = coreOf(parents)
  const isAncestor = bitClosure(parents)
  const next = random(seed)
  let wrong = 0
  for (let i = 0; i < pairs; i++) {
    const b = Math.floor(next() * parents.length)
    const a = Math.floor(next() * parents.length)
    if (i % every === 0 && core.isAncestor(a, b) !== isAncestor(a, b)) wrong++
  }
  expect(wrong).toBe(0)
}

describe('ancestry by interval tree equals the closure', () => {
  it.skipIf(!hasVectors('kaspa')).each(['noattack', 'attack'])('on the %s DAG of rusty-kaspa', (name) => {
    compare(kaspaDag(name), 300_000, 1)
  })

  it('on a fan, a chain, and chains that attach far below the tip', () => {
    const fan = [[], ...Array.from({ length: 4000 }, () => [0])]
    compare(fan, 20_000, 2)
    const chain = Array.from({ length: 4000 }, (_, i) => (i === 0 ? [] : [i - 1]))
    compare(chain, 20_000, 3)
    const late: number[][] = chain.slice(0, 1200)
    const next = random(4)
    for (let i = 0; i < 3000; i++) {
      // Three of four extend the tip or a late branch; one attaches anywhere, deep below the reindexing root.
      const from = next() < 0.25 ? Math.floor(next() * late.length) : late.length - 1 - Math.floor(next() * 3)
      late.push(next() < 0.3 ? [from, Math.floor(next() * from)].filter((p, k, all) => all.indexOf(p) === k) : [from])
    }
    compare(late, 200_000, 5)
  })

  it('on branches that grow on both sides of the chain, deep below the tip', () => {
    const parents: number[][] = [[]]
    const add = (parent: number) => parents.push([parent]) - 1
    const branches: number[] = []
    let tip = 0
    for (let depth = 0; depth < 1500; depth++) {
      const forks = depth % 50 === 0 && depth < 600
      if (forks) for (let k = 0; k < 3; k++) branches.push(add(tip))
      const next = add(tip)
      if (forks) for (let k = 0; k < 3; k++) branches.push(add(tip))
      tip = next
    }
    const next = random(8)
    for (let i = 0; i < 12_000; i++) {
      const which = Math.floor(next() * branches.length)
      const end = add(branches[which]!)
      if (next() < 0.9) branches[which] = end
    }
    compare(parents, 300_000, 6)
  })

  it.each([1, 2, 3, 4, 5, 6])('on random DAGs with several trees (seed %i)', (seed) => {
    const next = random(seed)
    const parents: number[][] = [[]]
    while (parents.length < 1500) {
      const count = 1 + Math.floor(next() * 4)
      const window = seed % 2 ? 40 : parents.length
      const chosen = Array.from({ length: count }, () => Math.max(0, parents.length - 1 - Math.floor(next() * window)))
      parents.push([...new Set(chosen)])
    }
    compare(parents, 200_000, seed)
  })
})
