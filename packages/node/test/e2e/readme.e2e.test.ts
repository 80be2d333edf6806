import { execFile } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const here = new URL('../..', import.meta.url).pathname

test.each([
  ['README.md', '1\n'],
  ['docs/devnet.md', '1\n'],
  ['docs/light-node.md', '10000000000000000000000n verified\n'],
])('the first example of %s runs as printed', async (document, output) => {
  const example = /```ts\n(.*?)```/s.exec(readFileSync(here + document, 'utf8'))![1]!
  const file = `${here}.readme-example-${process.pid}.ts`
  writeFileSync(file, example)
  try {
    const { stdout } = await promisify(execFile)('node', ['--disable-warning=ExperimentalWarning', file])
    expect(stdout).toBe(output)
  } finally {
    rmSync(file, { force: true })
  }
})
