import { describe, expect, it } from 'vitest'
import { createDag, createLedger } from '../src/index.ts'
import { formatNotation, notationOf, parseNotation, unitsOf } from '../src/notation/index.ts'
import { appendAll, randomLedger } from './ledger.ts'

const TEXT = `
g                      # the genesis
pay: g
A1: g, pay
B1: g
C1: g
A2: A1, *
B2: B1, *-C
B2': B1
A3: A2, B2
claim coin: pay, B1
writes pay: 0x0102
commit: A1, A3
`

describe('the text notation', () => {
  it('says units, rounds, stars, claims, keys and commits', () => {
    const { units, commits, claims, writes } = parseNotation(TEXT)
    const parents = Object.fromEntries(units.map((unit) => [unit.name, unit.parents.join(' ')]))
    expect(parents).toMatchObject({ A2: 'A1 B1 C1', B2: 'B1 A1', "B2'": 'B1', pay: 'g' })
    expect(units.find(({ name }) => name === "B2'")!.validator).toEqual({ name: 'B', round: 2 })
    expect(commits).toEqual(['A1', 'A3'])
    expect(claims.get('coin')).toEqual(['pay', 'B1'])
    expect(writes.get('pay')).toEqual(['0x0102'])
  })

  it('is the same after writing and reading it', () => {
    const notation = parseNotation(TEXT)
    expect(parseNotation(formatNotation(notation))).toEqual(notation)
  })

  it('becomes units that a ledger takes', () => {
    const { genesis, units, idOf, nameOf, notation, addressOf } = unitsOf(TEXT)
    const ledger = createLedger({ genesis, stakeAt: () => 1n })
    appendAll(ledger.dag, units)
    expect(ledger.dag.authorUnits(addressOf('B'), 2).map(nameOf).sort()).toEqual(['B2', "B2'"])
    const chain = notation.commits.flatMap((name) => ledger.commit(idOf(name)).chain.map(({ id }) => nameOf(id)))
    expect(chain).toEqual(['A1', 'A2', 'A3'])
  })

  it('writes any ledger, and reading it back gives the same shape', () => {
    const units = randomLedger(4, 4, 60)
    const text = formatNotation(notationOf(units))
    const again = unitsOf(text)
    const [before, after] = [createDag({ genesis: units[0]! }), createDag({ genesis: again.genesis })]
    appendAll(before, units.slice(1))
    appendAll(after, again.units)
    expect(again.units.map(({ id }) => after.height(id))).toEqual(units.slice(1).map(({ id }) => before.height(id)))
  })

  it.each([
    ['g', 'A1: nobody', 'unit "nobody" is not defined above'],
    ['g', 'g', 'unit "g" is defined twice'],
    ['g', 'a', 'has no parents'],
    ['g', '1a: g', 'is not a name'],
    ['g', 'A1: *x', 'is neither'],
  ])('tells the line of a mistake (%s / %s)', (first, second, message) => {
    expect(() => parseNotation(`${first}\n${second}`)).toThrow(new RegExp(`line 2: .*${message}`))
    expect(() => parseNotation('# nothing')).toThrow(/no units/)
  })
})
