import { expect, test } from 'vitest'
import { PeerScores } from '../../src/p2p/peer-scores.ts'

test('a peer is cut off after ten faults, for ten minutes, and faults are forgiven with time', () => {
  let now = 0
  const scores = new PeerScores(() => now)
  for (let i = 0; i < 9; i++) expect(scores.fault('a')).toBe(false)
  expect(scores.fault('a')).toBe(true)
  expect(scores.isBanned('a')).toBe(true)
  expect(scores.isBanned('b')).toBe(false)
  now += 10 * 60_000
  expect(scores.isBanned('a')).toBe(false)
  for (let i = 0; i < 100; i++) {
    now += 60_000
    expect(scores.fault('b')).toBe(false)
  }
  expect(scores.faults).toBe(110)
})
