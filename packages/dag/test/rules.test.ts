import { describe, expect, it } from 'vitest'
import { isDagError } from '../src/index.ts'
import { activatedVersion, RulesRegistry } from '../src/rules/versions.ts'

describe('rules versions', () => {
  it('hold from their index on, old ones stay readable', () => {
    const registry = new RulesRegistry({ 1: 'one', 2: 'two' })
    registry.activate({ fromMci: 100, version: 2 })
    expect([0, 99, 100, 5000].map((mci) => registry.at(mci))).toEqual(['one', 'one', 'two', 'two'])
    expect(registry.versionAt(99)).toBe(1)
    expect(() => registry.activate({ fromMci: 100, version: 3 })).toThrow(/does not come after/)
  })

  it('that a program lacks stop it with a clear error', () => {
    const registry = new RulesRegistry({ 1: 'one' })
    registry.activate({ fromMci: 10, version: 2 })
    expect(registry.at(9)).toBe('one')
    try {
      registry.at(10)
      expect.unreachable()
    } catch (error) {
      expect(isDagError(error, 'DAG_RULES_UNKNOWN')).toBe(true)
      expect((error as Error).message).toMatch(/version 2 holds from index 10, this program has 1: update it/)
    }
    expect(() => new RulesRegistry({ 2: 'two' })).toThrow(/version 1/)
  })

  it('have a hash that tells schedules apart', () => {
    const [a, b] = [new RulesRegistry({ 1: 0 }), new RulesRegistry({ 1: 0, 5: 1 })]
    expect(a.hash()).toBe(b.hash())
    b.activate({ fromMci: 7, version: 5 })
    expect(a.hash()).not.toBe(b.hash())
    expect(b.schedule).toEqual([
      { fromMci: 0, version: 1 },
      { fromMci: 7, version: 5 },
    ])
  })

  it('activate when four fifths of the stake signalled them all the time', () => {
    const stakes = new Map([
      ['a', 40n],
      ['b', 40n],
      ['c', 20n],
    ])
    const all = (version: number, ...names: string[]) => names.map((validator) => ({ validator, version }))
    expect(activatedVersion(all(2, 'a', 'b'), stakes, 1)).toBe(2)
    expect(activatedVersion(all(2, 'a', 'c'), stakes, 1)).toBeUndefined()
    expect(activatedVersion([...all(2, 'a', 'b'), ...all(1, 'b')], stakes, 1)).toBeUndefined()
    expect(activatedVersion([...all(3, 'a', 'b'), ...all(2, 'c')], stakes, 1)).toBe(3)
    expect(activatedVersion(all(2, 'a', 'b', 'c'), stakes, 2)).toBeUndefined()
    expect(activatedVersion([], new Map(), 1)).toBeUndefined()
  })
})
