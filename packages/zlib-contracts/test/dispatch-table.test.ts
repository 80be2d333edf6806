import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { dispatchTable } from '../src/split/dispatch-table.ts'

/** What the router does: a multiplication that drops what is beyond 256 bits, a shift, a remainder. */
function found({ multiplier, shifts, slots }: ReturnType<typeof dispatchTable>, selector: number) {
  const shift = shifts[selector & (shifts.length - 1)]!
  const slot = (((BigInt(selector) * multiplier) % (1n << 256n)) >> BigInt(shift)) % BigInt(slots.length)
  return slots[Number(slot)]!
}

const hex = (selector: number) => `0x${selector.toString(16).padStart(8, '0')}` as const
const selectors = (maxLength: number) =>
  fc.uniqueArray(fc.integer({ min: 0, max: 0xffff_ffff }), { minLength: 1, maxLength })

describe('a dispatch table', () => {
  test('leads every selector to itself, and no other to one of them', () => {
    fc.assert(
      fc.property(selectors(120), fc.integer({ min: 0, max: 0xffff_ffff }), (chosen, other) => {
        const table = dispatchTable(chosen.map((one) => ({ selector: hex(one), value: hex(one).slice(2) })))
        for (const one of chosen) expect(found(table, one)).toEqual({ selector: hex(one), value: hex(one).slice(2) })
        if (!chosen.includes(other)) expect(found(table, other).selector).not.toBe(hex(other))
      }),
      { numRuns: 60 },
    )
  })

  test('has few empty slots and one byte for four selectors, up to a thousand functions', () => {
    const chosen = Array.from({ length: 1_000 }, (_, i) => Math.imul(i + 1, 0x9e37_79b1) >>> 0)
    const table = dispatchTable(chosen.map((one) => ({ selector: hex(one), value: '00' })))
    expect(new Set(chosen.map((one) => found(table, one).selector)).size).toBe(1_000)
    expect(table.slots.length).toBeLessThan(1_150)
    expect(table.shifts.length).toBe(256)
  })

  test('is found also for selectors that differ in their highest bits only', () => {
    const chosen = Array.from({ length: 16 }, (_, i) => (i << 28) >>> 0)
    const table = dispatchTable(chosen.map((one) => ({ selector: hex(one), value: '00' })))
    for (const one of chosen) expect(found(table, one).selector).toBe(hex(one))
  })

  test('is refused for a selector that is there twice', () => {
    const twice = { selector: '0x01020304', value: '00' } as const
    expect(() => dispatchTable([twice, twice])).toThrow(expect.objectContaining({ code: 'ZLIB_CANNOT_SPLIT' }))
  })
})
