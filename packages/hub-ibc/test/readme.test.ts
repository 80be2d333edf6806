/** The examples of the README, as printed. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { inspect } from 'node:util'
import { expect, it } from 'vitest'
import { run as runInBrowserToo } from './browser/hub-ibc.browser.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const SOURCES: Record<string, string> = {
  '@zos/hub-ibc/local': 'src/local/index.ts',
  '@zos/hub-ibc/relayer': 'src/relayer/index.ts',
  '@zos/hub-ibc/iavl': 'src/iavl/index.ts',
  '@zos/hub-ibc/ics23': 'src/ics23/index.ts',
  '@zos/hub-ibc/custody': 'src/custody/index.ts',
}

it('the examples of the README run and print what they say', async () => {
  const blocks = [...readFileSync(join(root, 'README.md'), 'utf8').matchAll(/```ts\n(.*?)```/gs)].map(
    ([, code]) => code!,
  )
  expect(blocks.length).toBeGreaterThanOrEqual(3)
  const folder = mkdtempSync(join(root, 'node_modules', '.readme-'))
  try {
    for (const [i, block] of blocks.entries()) {
      const code = block.replace(
        /'(@zos\/hub-ibc\/[\w-]+)'/g,
        (_, name: string) => `'${pathToFileURL(join(root, SOURCES[name]!)).href}'`,
      )
      const expected = [...block.matchAll(/console\.log\([\s\S]*?\) \/\/ (.*)$/gm)].map(([, text]) => text)
      writeFileSync(join(folder, `example-${i}.ts`), code.replace(/console\.log\(/g, 'globalThis.printed.push('))
      const printed: unknown[] = []
      Object.assign(globalThis, { printed })
      await import(/* @vite-ignore */ pathToFileURL(join(folder, `example-${i}.ts`)).href)
      // As `console.log` prints them.
      expect(printed.map((value) => (typeof value === 'string' ? value : inspect(value)))).toEqual(expected)
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
})

it('the browser proof runs here too', async () => {
  await runInBrowserToo()
})
