/**
 * Names the packages whose code is in the files of `zos` and in light-evm.js, with their licences, in dist/THIRD-PARTY.txt. Reads what the bundler
 * wrote of its inputs and removes that.
 */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

const root = new URL('..', import.meta.url).pathname
const metafiles = ['metafile-esm.json', 'metafile-light-evm.json'].map((name) => join(root, 'dist', name))
const inputs = metafiles.flatMap((file) => {
  const { inputs } = JSON.parse(readFileSync(file, 'utf8')) as { inputs: Record<string, unknown> }
  return Object.keys(inputs)
})

/** The folder of the package that `file` belongs to: the nearest with a name and a version. */
function packageOf(file: string): string | undefined {
  for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
    const manifest = join(folder, 'package.json')
    if (!existsSync(manifest)) continue
    const { name, version } = JSON.parse(readFileSync(manifest, 'utf8'))
    if (name && version) return folder
  }
  return undefined
}

const folders = new Set<string>()
for (const input of inputs) {
  if (!input.includes('node_modules/')) continue
  const folder = packageOf(resolve(root, input))
  if (folder) folders.add(folder)
}
const entries = [...folders].flatMap((folder) => {
  const { name, version, license, repository } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  if (name.startsWith('@zos/')) return []
  const text = readdirSync(folder).find((file) => /^(licen[cs]e|copying)/i.test(file))
  const source =
    typeof repository === 'string' ? repository : (repository?.url ?? `https://www.npmjs.com/package/${name}`)
  return [
    {
      title: `${name} ${version} (${license ?? 'see its licence'})`,
      body: `${source}\n\n${text ? readFileSync(join(folder, text), 'utf8').trim() : ''}`,
    },
  ]
})
entries.sort((a, b) => (a.title < b.title ? -1 : 1))
const head = `The files of the program zos and light-evm.js contain code of ${entries.length} packages, bundled and in light-evm.js minified, not changed otherwise. Their sources are where their entries say.\n`
writeFileSync(
  join(root, 'dist/THIRD-PARTY.txt'),
  [head, ...entries.map(({ title, body }) => `${'-'.repeat(80)}\n${title}\n${body}\n`)].join('\n'),
)
for (const file of metafiles) rmSync(file)
