import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
const examples = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code!)

function run(code: string): string {
  const source = (path: string) => `'${new URL(`../../src/${path}`, import.meta.url).href}'`
  const folder = mkdtempSync(join(tmpdir(), 'zcdn-readme-'))
  try {
    const file = join(folder, 'example.ts')
    writeFileSync(
      file,
      code
        .replaceAll(`'@zos/zcdn/node'`, source('node/index.ts'))
        .replaceAll(`'@zos/zcdn/edge'`, source('edge/index.ts'))
        .replaceAll(`'@zos/zcdn'`, source('index.ts')),
    )
    const { stdout, stderr } = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', file], {
      encoding: 'utf8',
      timeout: 30_000,
    })
    expect(stderr).toBe('')
    return stdout
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

it('the first example of the README runs as printed', () => {
  expect(run(examples[0]!)).toContain('1050000 characters')
})

it('the example of an edge function runs as printed, to the unit of fuel', () => {
  const code = examples.find((example) => example.includes('createEdgePool'))!
  const printed = [...code.matchAll(/\/\/ ([H{].*)/g)].map(([, line]) => line)
  expect(printed).toHaveLength(2)
  expect(run(code).trim().split('\n')).toEqual(printed)
})
