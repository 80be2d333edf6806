import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'

it('the first example of the README runs as printed', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
  const code = /```ts\n([\s\S]*?)```/.exec(readme)![1]!
  const source = (path: string) => `'${new URL(`../../src/${path}`, import.meta.url).href}'`
  const folder = mkdtempSync(join(tmpdir(), 'zcdn-readme-'))
  try {
    const file = join(folder, 'example.ts')
    writeFileSync(
      file,
      code.replaceAll(`'@zos/zcdn/node'`, source('node/index.ts')).replaceAll(`'@zos/zcdn'`, source('index.ts')),
    )
    const run = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', file], {
      encoding: 'utf8',
      timeout: 30_000,
    })
    expect(run.stderr).toBe('')
    expect(run.stdout).toContain('1050000 characters')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
