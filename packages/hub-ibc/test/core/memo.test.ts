/** Memos come from anybody, and every node has to read them alike and soon. */
import { describe, expect, it } from 'vitest'
import { assetOf, callbackOf, forwardOf, withAsset } from '../../src/transfer/memo.ts'

const nested = (depth: number, more = '') => `{${more}"note":${'['.repeat(depth)}${']'.repeat(depth)}}`
const CALLBACK = '"src_callback":{"address":"0x1"},"asset":{"decimals":6},'

describe('a memo that is nested deep', () => {
  it('is plain text, whatever the stack of the machine would bear', () => {
    for (const depth of [64, 20_000]) {
      const memo = nested(depth, CALLBACK)
      expect(withAsset(memo, { decimals: 18 })).toBe(memo)
      expect(assetOf(memo)).toBeUndefined()
      // It must not hold up a refund either.
      expect(callbackOf(memo, 'src_callback')).toBeUndefined()
    }
  })

  it('is read up to its limit; brackets in texts do not count', () => {
    const memo = nested(63, `${CALLBACK}"text":"${'[{'.repeat(100)}\\"${'['.repeat(100)}",`)
    expect(assetOf(memo)).toEqual({ decimals: 6 })
    expect(callbackOf(memo, 'src_callback')?.address).toBe('0x1')
  })

  it('forwards nothing, and its packet is refused', () => {
    const refused = expect.objectContaining({ code: 'HUB_APPLICATION', message: expect.stringContaining('nested') })
    const forward = '"forward":{"receiver":"r","port":"p","channel":"c"},'
    expect(() => forwardOf(nested(20_000, forward))).toThrow(refused)
    expect(forwardOf(nested(63, forward))?.receiver).toBe('r')
    let next: unknown = ''
    for (let hop = 0; hop < 8; hop++) next = { forward: { receiver: 'r', port: 'p', channel: 'c', next } }
    expect(forwardOf(JSON.stringify(next))?.receiver).toBe('r')
  })
})

it('a duration of a million digits is refused at once', () => {
  const forward = { receiver: 'r', port: 'p', channel: 'c', timeout: '1'.repeat(1_000_000) }
  expect(() => forwardOf(JSON.stringify({ forward }))).toThrow(expect.objectContaining({ code: 'HUB_APPLICATION' }))
})
