import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  createLedger,
  createUnit,
  MessageKind,
  signerFromPrivateKey,
  toUnitId,
  verifyUnitSignatures,
} from '../src/index.ts'
import { unitsOf } from '../src/notation/index.ts'
import { equivocator, heavyTailLatency, simulate } from '../src/sim/index.ts'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')

/** The n-th code block of a language, without imports. */
function block(language: string, n = 0): string {
  const found = [...readme.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))][n]
  return found![1]!.replace(/^import .*$/gm, '')
}

/** Runs it as the body of an async function with these names in scope; types are left out by hand in the README. */
async function runExample(code: string, scope: Record<string, unknown>): Promise<string[]> {
  const lines: string[] = []
  const print = (...values: unknown[]) =>
    lines.push(values.map((v) => (typeof v === 'object' ? JSON.stringify(v) : String(v))).join(' '))
  const body = new Function(
    ...Object.keys(scope),
    'console',
    `return (async () => {${code}\nreturn typeof rounds === 'undefined' ? undefined : rounds})()`,
  )
  lines.push(String(await body(...Object.values(scope), { log: print })))
  return lines
}

describe('the README', () => {
  it('has a first example that prints what it says', async () => {
    const lines = await runExample(block('ts'), {
      createLedger,
      createUnit,
      MessageKind,
      signerFromPrivateKey,
      toUnitId,
      verifyUnitSignatures,
    })
    expect(lines[0]).toBe('undefined')
    expect(lines[1]).toBe('waiting')
    expect(JSON.parse(lines[2]!)).toMatchObject({
      status: 'added',
      added: [expect.any(String), expect.any(String)],
      refused: [],
    })
    expect(lines.slice(3, 6)).toEqual(['payment 1', 'block 1', '1'])
  })

  it('has a notation that reads, and a simulation that runs', async () => {
    const text = [...readme.matchAll(/```\n(g [\s\S]*?)```/g)][0]![1]!
    expect(unitsOf(text).units.length).toBe(4)
    const [rounds] = await runExample(block('ts', 1), { simulate, equivocator, heavyTailLatency })
    expect(Math.min(...rounds!.split(',').map(Number))).toBeGreaterThan(10)
  })
})
