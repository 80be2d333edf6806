import { execFile } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const here = new URL('../..', import.meta.url).pathname

test('the first example of the README runs as printed', async () => {
  const example = /```ts\n(.*?)```/s.exec(readFileSync(`${here}README.md`, 'utf8'))![1]!
  const file = `${here}.readme-example-${process.pid}.ts`
  writeFileSync(file, example)
  try {
    const { stdout } = await promisify(execFile)('node', ['--disable-warning=ExperimentalWarning', file])
    expect(stdout).toBe('1\n')
  } finally {
    rmSync(file, { force: true })
  }
})
