import { describe, expect, test } from 'vitest'
import { parseCheckpoint } from '../../src/cli/checkpoint-name.ts'
import { keepingOf, type RoleSettings, roleOf } from '../../src/cli/roles.ts'

const settings = (over: Partial<RoleSettings> = {}): RoleSettings => ({
  role: undefined,
  'validator-key': undefined,
  sources: [],
  pruning: undefined,
  index: undefined,
  'storage-gb': undefined,
  'data-dir': '/data',
  ...over,
})

describe('the role of a node', () => {
  test('follows from its key where none is named', () => {
    expect(roleOf(settings())).toBe('verifier')
    expect(roleOf(settings({ 'validator-key': 'key.json' }))).toBe('queen')
    expect(roleOf(settings({ role: 'worker', sources: ['http://a'] }))).toBe('worker')
  })

  test.each([
    [{ role: 'drone' }, '--role is one of worker, verifier, guardian, queen, not drone'],
    [{ role: 'queen' }, 'a queen needs --validator-key'],
    [{ role: 'guardian', 'validator-key': 'k' }, 'a guardian signs nothing: leave --validator-key away'],
    [{ role: 'worker' }, 'a worker needs --sources: JSON-RPC URLs of nodes to ask'],
    [{ sources: ['http://a'] }, '--sources are for a worker; a verifier has --peers'],
  ])('%j is refused', (over, message) => {
    expect(() => roleOf(settings(over))).toThrow(message)
  })

  test('says what of history is kept; settings say otherwise', () => {
    expect(keepingOf('verifier', settings())).toEqual({ pruning: 'full', storageGb: 0 })
    expect(keepingOf('guardian', settings())).toEqual({
      pruning: 'archive',
      index: '/data/index.sqlite',
      storageGb: 10,
    })
    expect(keepingOf('guardian', settings({ pruning: 'full', index: 'postgres://x', 'storage-gb': 0 }))).toEqual({
      pruning: 'full',
      index: 'postgres://x',
      storageGb: 0,
    })
    expect(() => keepingOf('verifier', settings({ pruning: 'some' }))).toThrow('--pruning must be full or archive')
  })
})

test('a checkpoint is named by epoch and id', () => {
  const id = `0x${'ab'.repeat(32)}`
  expect(parseCheckpoint(`12:${id}`)).toEqual({ epoch: 12, id })
  for (const wrong of ['12', `x:${id}`, `12:${id}00`, `12:${id.toUpperCase()}`, ''])
    expect(() => parseCheckpoint(wrong)).toThrow('EPOCH:ID')
})
