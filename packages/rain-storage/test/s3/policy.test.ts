import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { glob } from '../../src/s3/glob.ts'
import { askPolicy, MAX_POLICY_BYTES, parsePolicy } from '../../src/s3/policy.ts'
import { alice, bob } from './gateway-client.ts'

const statement = { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: 'arn:aws:s3:::b/*' }
const parse = (...statements: object[]) => parsePolicy(JSON.stringify({ Statement: statements }), 'b')
const question = { caller: bob, action: 's3:GetObject', bucket: 'b', key: 'k', context: () => undefined }
const failure = (text: string) => {
  try {
    parsePolicy(text, 'b')
  } catch (error) {
    return (error as { code: string }).code
  }
  return undefined
}

describe('patterns', () => {
  it('mean what a regular expression made of them means', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '/', '*', '?', '.'), maxLength: 12 })
    fc.assert(
      fc.property(text, text, (pattern, value) => {
        const plain = pattern.replace(/[.]/g, '\\.').replaceAll('*', '[^]*').replaceAll('?', '[^]')
        expect(glob(pattern, value)).toBe(new RegExp(`^${plain}$`).test(value))
      }),
      { numRuns: 2000 },
    )
  })

  it('take no longer for hostile ones', () => {
    const started = performance.now()
    expect(glob('*a'.repeat(500), 'a'.repeat(1000).concat('b'))).toBe(false)
    expect(performance.now() - started).toBeLessThan(1000)
  })
})

describe('a policy', () => {
  it('denies before it allows, in any order of its statements', () => {
    const all = fc.array(
      fc.record({
        Effect: fc.constantFrom('Allow', 'Deny'),
        Action: fc.constantFrom('s3:GetObject', 's3:*', 's3:PutObject'),
      }),
      { minLength: 1, maxLength: 5 },
    )
    fc.assert(
      fc.property(all, (list) => {
        const fits = list.filter(({ Action }) => Action !== 's3:PutObject')
        const expected = fits.some(({ Effect }) => Effect === 'Deny') ? 'deny' : fits.length > 0 ? 'allow' : 'none'
        expect(askPolicy(parse(...list.map((entry) => ({ ...statement, ...entry }))), question)).toBe(expected)
      }),
    )
  })

  it('names callers by account, by user and by id', () => {
    for (const AWS of [bob.id, `arn:aws:iam::${bob.id}:root`, `arn:aws:iam::tenant:user/${bob.id}`, '*']) {
      const policy = parse({ ...statement, Principal: { AWS } })
      expect(askPolicy(policy, question)).toBe('allow')
      expect(askPolicy(policy, { ...question, caller: alice })).toBe(AWS === '*' ? 'allow' : 'none')
      expect(askPolicy(policy, { ...question, caller: undefined })).toBe(AWS === '*' ? 'allow' : 'none')
    }
    const others = parse({ ...statement, Effect: 'Deny', Principal: undefined, NotPrincipal: { AWS: alice.id } })
    expect(askPolicy(others, question)).toBe('deny')
    expect(askPolicy(others, { ...question, caller: alice })).toBe('none')
  })

  it.each([
    ['StringEquals', 'a', 'a', 'b', false],
    ['StringNotEquals', 'a', 'b', 'a', true],
    ['StringEqualsIfExists', 'a', 'a', 'b', true],
    ['StringEqualsIgnoreCase', 'A', 'a', 'b', false],
    ['StringLike', 'a*', 'abc', 'bc', false],
    ['StringNotLike', 'a*', 'bc', 'abc', true],
    ['Null', 'true', undefined, 'a', true],
    ['Null', 'false', 'a', undefined, false],
    ['NumericLessThan', '10', '9', '10', false],
    ['DateGreaterThan', '2026-01-01T00:00:00Z', '2026-08-01T00:00:00Z', '2025-08-01T00:00:00Z', false],
    ['ForAllValues:StringEquals', 'a', 'a', 'b', true],
    ['ForAnyValue:StringEquals', 'a', 'a', 'b', false],
  ])('%s %s holds for %s, not for %s, without a value: %s', (operator, wanted, good, bad, absent) => {
    const policy = parse({ ...statement, Condition: { [operator]: { 's3:prefix': wanted } } })
    const ask = (value: string | undefined) => askPolicy(policy, { ...question, context: () => value })
    expect([ask(good), ask(bad), ask(undefined)]).toEqual(['allow', 'none', absent ? 'allow' : 'none'])
  })

  it('is not taken when the gateway could not judge it', () => {
    const broken: object[] = [
      { Effect: 'Maybe' },
      { Principal: undefined },
      { Principal: { Service: 'logging' } },
      { Principal: undefined, NotPrincipal: { AWS: alice.id } },
      { Action: 'ec2:Start' },
      { Action: [] },
      { Resource: 'arn:aws:s3:::other/*' },
      { Resource: 7 },
      { NotAction: 's3:GetObject' },
      { Condition: { StringSounds: { 's3:prefix': 'a' } } },
      { Condition: { StringEquals: { 'aws:Unheard': 'a' } } },
      { Condition: ['a'] },
      { Extra: 1 },
    ]
    for (const entry of broken)
      expect([entry, failure(JSON.stringify({ Statement: [{ ...statement, ...entry }] }))]).toEqual([
        entry,
        'MalformedPolicy',
      ])
    for (const text of ['', '[]', '{}', '{"Statement":[]}', '{"Statement":[null]}', '{"Version":"1","Statement":{}}'])
      expect([text, failure(text)]).toEqual([text, 'MalformedPolicy'])
    expect(failure(JSON.stringify({ Statement: [{ ...statement, Sid: 'x'.repeat(MAX_POLICY_BYTES) }] }))).toBe(
      'MalformedPolicy',
    )
    expect(failure(JSON.stringify({ Statement: [statement] }))).toBeUndefined()
  })
})
