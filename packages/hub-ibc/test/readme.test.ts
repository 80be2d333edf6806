/** The examples of the README and of the page on expansion, as printed. */
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
  '@zos/hub-ibc/expansion': 'src/expansion/index.ts',
}

it.each([
  ['README.md', 3],
  ['docs/expansion.md', 1],
])('the examples of %s run and print what they say', async (document, least) => {
  const blocks = [...readFileSync(join(root, document), 'utf8').matchAll(/```ts\n(.*?)```/gs)]
    .map(([, code]) => code!)
    // What goes on from running networks is only compiled.
    .filter((code) => !code.includes('@zos/node'))
  expect(blocks.length).toBeGreaterThanOrEqual(least)
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
