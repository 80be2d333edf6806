import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Access,
  accessOf,
  byZone,
  dependent,
  foataSteps,
  sameClass,
  zoneClasses,
  zoneOf,
} from '../src/zones/trace.ts'
import { random } from './ledger.ts'

const keys = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'), { maxLength: 3 })
const orders = fc
  .array(fc.record({ reads: fc.option(keys, { freq: 20, nil: undefined }), writes: keys }), { maxLength: 14 })
  .map((list) => list.map((item, i): Access => ({ ...item, label: `m${i}` })))

/** A state machine where the order of dependent items shows: every write mixes the label with all that is read. */
function execute(order: readonly Access[]): Record<string, number> {
  const state: Record<string, number> = {}
  const all = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
  for (const { label, reads, writes } of order) {
    let seen = [...label].reduce((sum, char) => sum * 31 + char.charCodeAt(0), 7)
    for (const key of reads ?? all) seen = (seen * 33 + (state[key] ?? 0)) % 1_000_003
    for (const key of writes ?? all) state[key] = ((state[key] ?? 0) * 35 + seen) % 1_000_003
  }
  return state
}

/** Swaps random independent neighbours. */
function shuffleWithinClass(order: readonly Access[], seed: number): Access[] {
  const next = random(seed)
  const result = [...order]
  for (let i = 0; i < 6 * result.length && result.length > 1; i++) {
    const at = Math.floor(next() * (result.length - 1))
    const [a, b] = [result[at]!, result[at + 1]!]
    if (!dependent(a, b)) [result[at], result[at + 1]] = [b, a]
  }
  return result
}

describe('zones', () => {
  it('any two linear orders of one class execute to the same state', () => {
    fc.assert(
      fc.property(orders, fc.nat(), (order, seed) => {
        const other = shuffleWithinClass(order, seed)
        expect(sameClass(order, other)).toBe(true)
        expect(execute(other)).toEqual(execute(order))
        expect(foataSteps(other)).toEqual(foataSteps(order))
        expect(execute(foataSteps(order).flat())).toEqual(execute(order))
      }),
      { numRuns: 2000 },
    )
  })

  it('orders that differ in dependent items are of different classes', () => {
    fc.assert(
      fc.property(orders, fc.nat(), (order, seed) => {
        const pairs = order.flatMap((a, i) =>
          order.slice(i + 1).flatMap((b, k) => (dependent(a, b) ? [[i, i + 1 + k] as const] : [])),
        )
        if (pairs.length === 0) return
        const shuffled = [...order]
        const [i, k] = pairs[seed % pairs.length]!
        ;[shuffled[i], shuffled[k]] = [shuffled[k]!, shuffled[i]!]
        expect(sameClass(order, shuffled)).toBe(false)
      }),
      { numRuns: 1000 },
    )
  })

  it('steps hold independent items, each dependent on the step before', () => {
    fc.assert(
      fc.property(orders, (order) => {
        const steps = foataSteps(order)
        steps.forEach((step, level) => {
          for (const item of step) {
            for (const other of step) if (item !== other) expect(dependent(item, other)).toBe(false)
            if (level > 0) expect(steps[level - 1]!.some((before) => dependent(before, item))).toBe(true)
          }
        })
      }),
    )
  })

  it('classes can be executed apart', () => {
    fc.assert(
      fc.property(orders, (order) => {
        const classes = zoneClasses(order)
        expect(classes.flat().length).toBe(order.length)
        for (const one of classes)
          for (const other of classes) {
            if (one !== other) for (const a of one) for (const b of other) expect(dependent(a, b)).toBe(false)
          }
        expect(execute(classes.flat())).toEqual(execute(order))
        expect(execute([...classes].reverse().flat())).toEqual(execute(order))
      }),
    )
  })

  it('a message that declares no keys depends on everything', () => {
    const open = accessOf('x', {})
    const closed = accessOf('y', { reads: [], writes: [Uint8Array.of(1, 2)] })
    expect(closed).toEqual({ label: 'y', reads: [], writes: ['0x0102'] })
    expect(dependent(open, closed)).toBe(true)
    expect(foataSteps([closed, open, { ...closed, label: 'z' }]).map((step) => step.length)).toEqual([1, 1, 1])
    expect(zoneOf('0x010203', 2)).toBe('0x0102')
    expect(byZone(closed, 1).writes).toEqual(['0x01'])
  })
})
