import { describe, expect, it } from 'vitest'
import { decodeLog, encodeLogEntry, ledgerHtml, ledgerSvg, type PictureSource, pictureOf } from '../src/draw/index.ts'
import { createUnit, type UnitId } from '../src/index.ts'
import { unitsOf } from '../src/notation/index.ts'
import { genesis, NETWORK } from './ledger.ts'

const TEXT = `
g
pay: g
spend: g
A1: g, pay
B1: g, spend
C1: g
A2: A1, *
B2: B1, *
A3: A2, *
claim coin: pay, spend
writes pay: 0x01
writes spend: 0x01
commit: A2
`

function source(): PictureSource {
  const { genesis: root, units, notation, idOf, nameOf } = unitsOf(TEXT)
  return {
    genesis: root,
    units,
    nameOf,
    commits: notation.commits.map(idOf),
    claims: new Map([['coin', ['pay', 'spend'].map(idOf)]]),
    writes: new Map(['pay', 'spend'].map((name) => [idOf(name), ['0x01']])),
  }
}

describe('a picture', () => {
  it('shows main chain, indices, conflicts and zones', () => {
    const { units, rows, columns } = pictureOf(source())
    const by = Object.fromEntries(units.map((unit) => [unit.name, unit]))
    expect([by.g, by.A2].map((unit) => [unit!.isMain, unit!.mci])).toEqual([
      [true, 0],
      [true, 2],
    ])
    expect(by.A2!.isLeader).toBe(true)
    expect(by.B2!.mci).toBeUndefined()
    expect([by.pay!.conflict, by.spend!.conflict].sort()).toEqual(['lost', 'won'])
    expect(by.pay!.zone).toBe(by.spend!.zone)
    expect(new Set(units.map(({ row, height }) => `${row}:${height}`)).size).toBe(units.length)
    expect([rows, columns]).toEqual([5, 5])
  })

  it('is SVG and HTML that hold every unit and escape names', () => {
    const svg = ledgerSvg({ ...source(), nameOf: () => '<&>' })
    expect(svg.match(/<title>/g)?.length).toBe(9)
    expect(svg).not.toMatch(/<&>/)
    const html = ledgerHtml(source(), 'a "ledger"')
    expect(html).toMatch(/<td>won<\/td>/)
    expect(html).toMatch(/<title>a &#34;ledger&#34;<\/title>/)
    expect(html.match(/<tr>/g)?.length).toBe(8)
  })
})

describe('a unit log', () => {
  it('reads back what was written, and nothing else', async () => {
    const fields = { networkId: NETWORK, timestampMs: 1, lastFinal: { mci: 0, id: genesis.id }, validUntilMci: 9 }
    const unit = await createUnit({ ...fields, parents: [], messages: [], signers: [] })
    const commit = `0x${'0f'.repeat(32)}` as UnitId
    const bytes = Uint8Array.from([...encodeLogEntry({ unit }), ...encodeLogEntry({ commit })])
    expect([...decodeLog(bytes)]).toEqual([{ unit }, { commit }])
    expect(() => [...decodeLog(bytes.subarray(0, -1))]).toThrow(/not an entry of a unit log at byte/)
    expect(() => [...decodeLog(Uint8Array.of(1, 2, 3))]).toThrow(/at byte 0/)
  })
})
