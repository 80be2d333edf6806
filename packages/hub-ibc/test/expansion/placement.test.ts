import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type Candidate, choosePlacement, rendezvous } from '../../src/expansion/placement.ts'

const zone = (name: string, options: Partial<Candidate> = {}): Candidate => ({
  name,
  limit: 1,
  room: 0.5,
  accepts: true,
  ...options,
})
const KEYS = Array.from({ length: 6000 }, (_, i) => `app-${i}`)
const firstOf = (key: string, zones: readonly Candidate[]) => rendezvous(key, zones)[0]!.name

it('a new zone takes its share of the keys, and no key moves between the others', () => {
  const before = [zone('a'), zone('b'), zone('c')]
  const after = [...before, zone('d')]
  const moved = KEYS.filter((key) => firstOf(key, before) !== firstOf(key, after))
  expect(moved.every((key) => firstOf(key, after) === 'd')).toBe(true)
  expect(moved.length / KEYS.length).toBeGreaterThan(0.23)
  expect(moved.length / KEYS.length).toBeLessThan(0.27)
})

it('a zone of three times the limit is first for three times the keys', () => {
  const zones = [zone('small'), zone('large', { limit: 3 })]
  const share = KEYS.filter((key) => firstOf(key, zones) === 'large').length / KEYS.length
  expect(share).toBeGreaterThan(0.73)
  expect(share).toBeLessThan(0.77)
})

const names = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'), { minLength: 1 })
const candidates = names.chain((list) =>
  fc.tuple(
    ...list.map((name) =>
      fc.record({
        name: fc.constant(name),
        limit: fc.integer({ min: 1, max: 5 }),
        room: fc.double({ min: -1, max: 1, noNaN: true }),
        accepts: fc.boolean(),
      }),
    ),
  ),
)

it('the choice follows from the key and the zones, in whatever order they are named, and its reason is true', () => {
  fc.assert(
    fc.property(candidates, fc.string(), (zones, key) => {
      const placement = choosePlacement(key, zones)
      expect(choosePlacement(key, [...zones].reverse())).toEqual(placement)
      const order = rendezvous(key, zones)
      const chosen = zones.find(({ name }) => name === placement.zone)!
      const accepting = order.filter(({ accepts }) => accepts)
      if (placement.reason === 'two-choices') {
        const choices = order.slice(0, 2).filter(({ accepts }) => accepts)
        expect(chosen.room).toBe(Math.max(...choices.map(({ room }) => room)))
      } else if (placement.reason === 'next-in-order') {
        expect(order.slice(0, 2).some(({ accepts }) => accepts)).toBe(false)
        expect(accepting[0]).toBe(chosen)
      } else {
        expect([placement.reason, accepting.length]).toEqual(['most-room', 0])
        expect(chosen.room).toBe(Math.max(...zones.map(({ room }) => room)))
      }
      expect(placement.considered).toContainEqual({ zone: chosen.name, room: chosen.room, accepts: chosen.accepts })
    }),
  )
})

it('who has a home keeps it, full or not; a home that is gone counts for nothing', () => {
  const zones = [zone('a', { accepts: false, room: -0.3 }), zone('b'), zone('c')]
  for (const key of KEYS.slice(0, 50)) {
    expect(choosePlacement(key, zones, 'a')).toMatchObject({ zone: 'a', reason: 'home' })
    expect(choosePlacement(key, zones, 'gone').reason).not.toBe('home')
  }
})

it('two choices leave the fullest zone closer to the mean than one', () => {
  const fill = (choose: (key: string, zones: readonly Candidate[]) => string) => {
    const living = new Map(['a', 'b', 'c', 'd', 'e', 'f'].map((name) => [name, 0]))
    // What is known of the room is 50 placements old.
    let zones: Candidate[] = []
    let excess = 0
    KEYS.forEach((key, i) => {
      if (i % 50 === 0) zones = [...living].map(([name, count]) => zone(name, { room: 1 - count / KEYS.length }))
      const name = choose(key, zones)
      living.set(name, living.get(name)! + 1)
      excess += Math.max(...living.values()) - (i + 1) / living.size
    })
    return excess
  }
  const two = fill((key, zones) => choosePlacement(key, zones).zone)
  const one = fill(firstOf)
  const leastLoaded = fill((_, zones) => zones.reduce((best, next) => (next.room > best.room ? next : best)).name)
  expect(two).toBeLessThan(one)
  expect(two).toBeLessThan(leastLoaded)
})

it('asks for a zone', () => {
  expect(() => choosePlacement('key', [])).toThrow(expect.objectContaining({ code: 'HUB_INVALID_ARGUMENT' }))
})
