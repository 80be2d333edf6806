import { readFileSync } from 'node:fs'
import { expect, test, vi } from 'vitest'

test('the first example of the README is test/example.ts, and prints what it says', async () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const example = readFileSync(new URL('example.ts', import.meta.url), 'utf8')
  const [code, output] = [...readme.matchAll(/```(?:ts|text)\n([\s\S]*?)```/g)].map((match) => match[1]!)
  expect(code).toBe(example)
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined)
  await import('./example.ts')
  expect(log).toHaveBeenCalledWith(output!.trimEnd())
  log.mockRestore()
})
