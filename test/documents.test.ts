import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'

const root = new URL('..', import.meta.url).pathname

function markdownIn(folder: string): string[] {
  if (!existsSync(root + folder)) return []
  return readdirSync(root + folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name === 'node_modules' || entry.name === 'dist' || entry.name.startsWith('.')) return []
    const path = join(folder, entry.name)
    if (path === join('docs', 'api')) return [] // made by `pnpm docs`
    if (entry.isDirectory()) return markdownIn(path)
    return entry.name.endsWith('.md') ? [path] : []
  })
}

const documents = [
  'README.md',
  'CONTRIBUTING.md',
  ...markdownIn('docs'),
  ...markdownIn('packages'),
  ...markdownIn('examples'),
]

describe('every document', () => {
  test.each(documents)('%s links to files that exist', (document) => {
    const links = [...readFileSync(root + document, 'utf8').matchAll(/\]\((?!https?:|mailto:|#)([^)\s#]+)/g)].map(
      ([, link]) => link!,
    )
    const missing = links.filter((link) => !existsSync(join(root, dirname(document), link)))
    expect(missing).toEqual([])
  })
})

test('every package has a README that says what works, and a licence', () => {
  for (const name of readdirSync(`${root}packages`)) {
    expect(existsSync(`${root}packages/${name}/LICENSE`), name).toBe(true)
    expect(readFileSync(`${root}packages/${name}/README.md`, 'utf8').length, name).toBeGreaterThan(800)
  }
})

test('every dependency is explained in docs/dependencies.md', () => {
  const explained = readFileSync(`${root}docs/dependencies.md`, 'utf8')
  const missing = readdirSync(`${root}packages`).flatMap((name) => {
    const { dependencies = {}, devDependencies = {} } = JSON.parse(
      readFileSync(`${root}packages/${name}/package.json`, 'utf8'),
    )
    return Object.keys({ ...dependencies, ...devDependencies })
      .filter(
        (dependency) =>
          !dependency.startsWith('@zos/') &&
          !dependency.startsWith('@types/') &&
          !explained.includes(`\`${dependency}\``),
      )
      .map((dependency) => `${name}: ${dependency}`)
  })
  expect(missing).toEqual([])
})
