/** The public JSON-RPC cases of Ethereum, against the node's own methods over the chain that the cases are about. */
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { type ConformanceCase, parseCase } from './cases.ts'
import { difference } from './compare.ts'
import { type ImportedChain, importChain } from './import-chain.ts'
import { importedNode } from './imported-node.ts'
import { casesFolder, hasCasesFolder, packCases, readPackedCases } from './packed-cases.ts'

const packed = readPackedCases()
const cases = Object.entries(packed.cases).map(([name, text]) => parseCase(name, text))
let imported: ImportedChain
/** What is wrong with our answer, by case. */
let failures: Map<string, string>

/** The cases that docs/conformance.md says the node answers otherwise, with the reason. */
function listedFailures(): Map<string, string> {
  const document = readFileSync(new URL('../../docs/conformance.md', import.meta.url), 'utf8')
  const rows = document.matchAll(/^\| `([a-z]+_\w+\/[\w-]+)` \| (.+) \|$/gm)
  return new Map([...rows].map(([, name, reason]) => [name!, reason!]))
}

beforeAll(async () => {
  imported = await importChain(packed.genesis, Buffer.from(packed.chain, 'base64'))
  const router = await importedNode(imported)
  const failureOf = async ({ exchanges, formOnly }: ConformanceCase) => {
    const misses: (string | undefined)[] = []
    for (const { request, response } of exchanges)
      misses.push(difference(JSON.parse((await router.handle(request))!), response, formOnly))
    return misses.find((miss) => miss !== undefined)
  }
  failures = new Map()
  for (const one of cases) {
    const failure = await failureOf(one)
    if (failure) failures.set(one.name, failure)
  }
}, 120_000)

describe('over a chain that went through every fork of Ethereum', () => {
  test('the import comes to the head that the cases were made at, with the roots of every block', () => {
    const { header, hash } = imported.chain.head!
    expect({ number: header.number, hash }).toEqual({
      number: 54,
      hash: '0xd226371d0b1551adb03fb52b71f08e3e11247fe9b1af994768af8cdaa8e7dcd7',
    })
  })

  test('every published case is answered as published, but those that docs/conformance.md lists', () => {
    const listed = listedFailures()
    expect([...failures].filter(([name]) => !listed.has(name))).toEqual([])
  })

  test('no case that docs/conformance.md lists passes, and each is one of the published', () => {
    expect([...listedFailures().keys()].filter((name) => !failures.has(name))).toEqual([])
  })

  test('more than 95 of 100 cases pass', () => {
    expect(cases.length).toBe(232)
    expect((cases.length - failures.size) / cases.length).toBeGreaterThan(0.95)
  })

  test.skipIf(!hasCasesFolder())('the cases that the project carries are those of the public folder', () => {
    expect(packed).toEqual(packCases(casesFolder))
  })
})

describe('the comparison', () => {
  const answer = (result: unknown) => ({ result })
  const wrong: [string, unknown, unknown, boolean][] = [
    ['another value', answer('0x1'), answer('0x2'), false],
    ['a field too many', answer({ a: '0x1', b: '0x1' }), answer({ a: '0x1' }), false],
    ['a field too few', answer({}), answer({ a: '0x1' }), false],
    ['a list that is shorter', answer(['0x1']), answer(['0x1', '0x2']), false],
    ['an answer for an error', answer('0x1'), { error: { code: -32000, message: '' } }, false],
    ['another error', { error: { code: 3, message: '' } }, { error: { code: -32000, message: '' } }, false],
    ['other revert data', { error: { code: 3, data: '0x' } }, { error: { code: 3, data: '0x01' } }, false],
    ['a leading zero in a quantity, by form', answer('0x01'), answer('0x1'), true],
    ['a hash where an address belongs, by form', answer(`0x${'11'.repeat(32)}`), answer(`0x${'11'.repeat(20)}`), true],
    ['a number where hex belongs, by form', answer([{ a: 1 }]), answer([{ a: '0x1' }]), true],
  ]
  test.each(wrong)('sees %s', (_, ours, published, formOnly) => {
    expect(difference(ours, published, formOnly)).toBeDefined()
  })

  test('lets another value of the same form pass where only the form counts', () => {
    expect(difference(answer([{ a: '0x7' }]), answer([{ a: '0x1' }, { a: '0x2' }]), true)).toBeUndefined()
  })
})
