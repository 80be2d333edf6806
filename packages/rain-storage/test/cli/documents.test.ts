/** Every line of the documents that begins with `zos-store` names a command and flags that there are. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const root = new URL('../../', import.meta.url)
const documents = ['README.md', ...readdirSync(new URL('docs', root)).map((name) => `docs/${name}`)]
const lines = documents.flatMap((document) =>
  [...readFileSync(new URL(document, root), 'utf8').matchAll(/^zos-store (.*)$/gm)].map(
    ([, line]) => [document, line!.split(' #')[0]!.trim()] as const,
  ),
)

test('the documents have command lines', () => expect(lines.length).toBeGreaterThan(25))

test.each(lines)('%s: zos-store %s', async (_, line) => {
  const words = line.split(/\s+/)
  const nested = existsSync(new URL(`src/cli/commands/${words[0]}/${words[1]}.ts`, root))
  const name = nested ? `${words[0]}/${words[1]}` : words[0]
  const { default: command } = (await import(new URL(`src/cli/commands/${name}.ts`, root).href)) as {
    default: { args?: Record<string, { type: string; required?: boolean }>; subCommands?: unknown }
  }
  expect(command.subCommands).toBe(undefined)
  const flags = words.filter((word) => word.startsWith('--')).map((word) => word.slice(2).split('=')[0]!)
  const known = command.args ?? {}
  expect(flags.filter((flag) => known[flag] === undefined || known[flag].type === 'positional')).toEqual([])
  const needed = Object.entries(known).filter(([, { required, type }]) => required && type !== 'positional')
  expect(needed.map(([flag]) => flag).filter((flag) => !flags.includes(flag))).toEqual([])
})
