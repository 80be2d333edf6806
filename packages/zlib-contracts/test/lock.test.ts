import { describe, expect, test } from 'vitest'
import {
  compileContract,
  formatLock,
  loadSolc,
  lockApplication,
  lockDifferences,
  parseLock,
  splitContract,
} from '../src/index.ts'

const solc = loadSolc()

function build(body: string) {
  const source = `pragma solidity ^0.8.24; contract App { uint256 public a; ${body} }`
  const compiled = compileContract({ sources: { 'App.sol': source }, contract: 'App', solc })
  return lockApplication(splitContract(compiled, { solc }), compiled.compiler)
}

const app = build('function set(uint256 v) external { a = v; }')

describe('zlib.lock', () => {
  test('is read as it was written, sorted by name', () => {
    const text = formatLock({ Zoo: app, App: app })
    expect(text.indexOf('"App"')).toBeLessThan(text.indexOf('"Zoo"'))
    expect(parseLock(text)).toEqual({ App: app, Zoo: app })
    expect(formatLock(parseLock(text))).toBe(text)
  })

  test('is the same for the same sources, and says what changed for others', () => {
    expect(lockDifferences(app, build('function set(uint256 v) external { a = v; }'))).toEqual([])
    const changed = lockDifferences(app, build('function set(uint256 v) external { a = v + 1; }'))
    expect(changed).toEqual([
      `facet ${app.facets[0]!.address} is gone`,
      expect.stringMatching(/^facet 0x[0-9a-fA-F]{40} is new$/),
      'the router changed',
    ])
    expect(lockDifferences(app, { ...app, compiler: '0.8.99', settings: `0x${'00'.repeat(32)}` })).toEqual([
      `compiler ${app.compiler} became 0.8.99`,
      'the compiler settings changed',
    ])
  })

  test.each([
    ['{', 'not JSON'],
    ['[]', 'the lock is not an object'],
    ['{"zlib":2,"applications":{}}', 'format is 2'],
    ['{"zlib":1}', 'applications is not an object'],
    ['{"zlib":1,"applications":{"A":{}}}', 'A has no compiler'],
    ['{"zlib":1,"applications":{"A":{"compiler":"x"}}}', 'A has no facets'],
    [formatLock({ App: app }).replace(/"codeHash": "0x../, '"codeHash": "0x'), 'facet 0 of App is not 32 bytes'],
    [formatLock({ App: app }).replace(/"router": "0x../, '"router": "'), 'router of App is not 32 bytes'],
  ])('refuses %j', (text, reason) => {
    expect(() => parseLock(text)).toThrow(reason)
    expect(() => parseLock(text)).toThrow(expect.objectContaining({ code: 'ZLIB_BAD_LOCK' }))
  })
})
