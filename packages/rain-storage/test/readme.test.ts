import { readFileSync } from 'node:fs'
import { expect, it, vi } from 'vitest'
import * as storage from '../src/index.ts'

it('the first example of the README prints what it says', async () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const code = /```ts\n([\s\S]*?)```/
    .exec(readme)![1]!
    .replace(/^import \{(.*)\} from '@zos\/rain-storage'$/m, 'const {$1} = storage')
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined)
  const AsyncFunction = (async () => undefined).constructor as new (
    ...args: string[]
  ) => (s: typeof storage) => Promise<void>
  await new AsyncFunction('storage', code)(storage)
  expect(log).toHaveBeenCalledWith('a letter', { size: 8, name: 'letter.txt' })
  log.mockRestore()
})
