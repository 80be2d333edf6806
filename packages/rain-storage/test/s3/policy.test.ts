import { BlockList } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { glob } from '../../src/s3/glob.ts'
import { isInNetwork, parseNetwork } from '../../src/s3/ip-network.ts'
import { askPolicy, isPublicPolicy, MAX_POLICY_BYTES, parsePolicy } from '../../src/s3/policy.ts'
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

describe('networks', () => {
  it.each(['ipv4', 'ipv6'] as const)('of %s hold the addresses that the platform finds in them', (family) => {
    const address = family === 'ipv4' ? fc.ipV4() : fc.ipV6().filter((text) => !text.includes('.'))
    const width = family === 'ipv4' ? 32 : 128
    fc.assert(
      fc.property(address, address, fc.integer({ min: 0, max: width }), (net, other, length) => {
        const reference = new BlockList()
        reference.addSubnet(net, length, family)
        const network = parseNetwork(`${net}/${length}`)!
        for (const text of [net, other]) expect(isInNetwork(text, network)).toBe(reference.check(text, family))
      }),
    )
  })

  it('are refused when they are none, and take IPv4 in the clothes of IPv6', () => {
    for (const text of [
      '',
      '1.2.3',
      '1.2.3.256',
      '1.2.3.4/33',
      '1.2.3.4/8/8',
      '1::2::3',
      '1:2:3:4:5:6:7',
      '::/129',
      '::g',
      '1.2.3.4/x',
    ])
      expect([text, parseNetwork(text)]).toEqual([text, undefined])
    expect(isInNetwork('::ffff:10.1.2.3', parseNetwork('10.0.0.0/8')!)).toBe(true)
    expect(isInNetwork('11.1.2.3', parseNetwork('10.0.0.0/8')!)).toBe(false)
  })
})

describe('a policy', () => {
  it('is public when it lets everybody in from anywhere', () => {
    const from = (networks: unknown, operator = 'IpAddress') =>
      isPublicPolicy(parse({ ...statement, Condition: { [operator]: { 'aws:SourceIp': networks } } }))
    expect(isPublicPolicy(parse(statement))).toBe(true)
    expect(isPublicPolicy(parse({ ...statement, Effect: 'Deny' }))).toBe(false)
    expect(isPublicPolicy(parse({ ...statement, Principal: { AWS: bob.id } }))).toBe(false)
    expect([from('10.0.0.0/8'), from(['10.0.0.0/8', '2001:db8::/32'])]).toEqual([false, false])
    expect([from('0.0.0.0/0'), from(['10.0.0.0/8', '::/0']), from('10.0.0.0/8', 'NotIpAddress')]).toEqual([
      true,
      true,
      true,
    ])
  })

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
    ['IpAddress', '10.0.0.0/8', '10.1.1.1', '11.1.1.1', false],
    ['NotIpAddress', '10.0.0.0/8', '11.1.1.1', '10.1.1.1', true],
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
      { Condition: { IpAddress: { 'aws:SourceIp': 'here' } } },
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
