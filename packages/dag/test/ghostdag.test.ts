import { describe, expect, it } from 'vitest'
import type { UnitId } from '../src/index.ts'
import { Ghostdag } from '../src/voting/ghostdag.ts'
import { ghostdagRule, spectreRule } from '../src/voting/rule.ts'
import { random } from './ledger.ts'
import { coreOf } from './shape.ts'
import { hasVectors, readVector } from './vectors/folder.ts'
import { ghostdagCases } from './vectors/kaspa.ts'

/** An id that compares as the text does. */
function idOfName(name: string): UnitId {
  return `0x${[...name]
    .map((char) => char.charCodeAt(0).toString(16))
    .join('')
    .padEnd(64, '0')}` as UnitId
}

describe('GHOSTDAG', () => {
  it.each(ghostdagCases())('colours $name of rusty-kaspa as expected (k = $k)', ({ k, genesis, blocks }) => {
    const names = [genesis, ...blocks.map(({ id }) => id)]
    const at = new Map(names.map((name, i) => [name, i]))
    const parents = [[], ...blocks.map((block) => block.parents.map((parent) => at.get(parent)!))]
    const ghostdag = new Ghostdag(
      coreOf(parents, (unit) => idOfName(names[unit]!)),
      { k },
    )
    const sorted = (units: readonly number[]) => units.map((unit) => names[unit]!).sort()
    for (const block of blocks) {
      const data = ghostdag.dataOf(at.get(block.id)!)
      expect(names[data.selectedParent]).toBe(block.selectedParent)
      expect(data.blueScore).toBe(block.score)
      expect(sorted(data.blues)).toEqual([...block.blues].sort())
      expect(sorted(data.reds)).toEqual([...block.reds].sort())
    }
  })

  const generated = ['goref-1060-tx-265-blocks', 'goref-notx-5000-blocks', 'goref_custom_pruning_depth']
  const file = (name: string) => `kaspa/testing/integration/testdata/dags_for_json_tests/${name}/blocks.json.gz`

  it.skipIf(!hasVectors(file(generated[0]!))).each(generated)(
    'gives every block of %s its blue score and blue work',
    (name) => {
      const [parameters, ...lines] = readVector(file(name)).trim().split('\n')
      const k = (JSON.parse(parameters!) as { blockrate: { ghostdag_k: number } }).blockrate.ghostdag_k
      const headers = lines.map(
        (line) =>
          (
            JSON.parse(line) as {
              header: { hash: string; parentsByLevel: string[][]; bits: number; blueScore: number; blueWork: string }
            }
          ).header,
      )
      const at = new Map(headers.map(({ hash }, i) => [hash, i]))
      const parents = headers.map(({ parentsByLevel }) => (parentsByLevel[0] ?? []).map((hash) => at.get(hash)!))
      const core = coreOf(parents, (unit) => `0x${headers[unit]!.hash}` as UnitId)
      const works = headers.map(({ bits }) => workOf(bits))
      const ghostdag = new Ghostdag(core, { k, work: (unit) => works[unit]! })
      let wrong = 0
      headers.forEach(({ blueScore, blueWork }, unit) => {
        const data = ghostdag.dataOf(unit)
        if (data.blueScore !== blueScore || data.blueWork !== BigInt(`0x${blueWork}`)) wrong++
      })
      expect(wrong).toBe(0)
    },
  )

  it('has one linear order that respects the DAG, and tells pairs apart as it does', () => {
    const next = random(4)
    const parents: number[][] = [[]]
    while (parents.length < 120) {
      const from = Math.max(0, parents.length - 7)
      const chosen = Array.from(
        { length: 1 + Math.floor(next() * 3) },
        () => from + Math.floor(next() * (parents.length - from)),
      )
      parents.push([...new Set(chosen)])
    }
    const tips = parents.map((_, unit) => unit).filter((unit) => !parents.some((mine) => mine.includes(unit)))
    const core = coreOf([...parents, tips])
    const ghostdag = new Ghostdag(core, { k: 3 })
    const order = ghostdag.order(tips)
    expect([...order].sort((a, b) => a - b)).toEqual(parents.map((_, unit) => unit))
    const place = new Map(order.map((unit, i) => [unit, i]))
    parents.forEach((mine, unit) => {
      for (const parent of mine) expect(place.get(parent)!).toBeLessThan(place.get(unit)!)
    })
    const rule = ghostdagRule(core, { k: 3 })
    for (let i = 0; i < 3000; i++) {
      const [x, y] = [Math.floor(next() * 120), Math.floor(next() * 120)]
      if (x !== y) expect(rule.first(x, y, 120)).toBe(place.get(x)! < place.get(y)! ? 1 : -1)
    }
    const voting = spectreRule(core)
    for (let x = 1; x < 120; x += 9)
      for (let y = x + 1; y < 120; y += 11) {
        if (core.isAncestor(x, y)) expect(voting.first(x, y, 120)).toBe(1)
        expect(voting.first(y, x, 120)).toBe(-voting.first(x, y, 120))
      }
  })

  it('refuses a k that is none', () => {
    expect(() => new Ghostdag(coreOf([[]]), { k: -1 })).toThrow(/natural number/)
  })
})

/** Work of a compact target, as Bitcoin and Kaspa define it: 2^256 / (target + 1). */
function workOf(bits: number): bigint {
  const size = bits >>> 24
  const word = BigInt(bits & 0x7fffff)
  const target = size <= 3 ? word >> BigInt(8 * (3 - size)) : word << BigInt(8 * (size - 3))
  return 2n ** 256n / (target + 1n)
}
