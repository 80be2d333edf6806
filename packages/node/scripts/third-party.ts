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

/** mcl-wasm comes without its licence's text: it is that of mcl, with its author's name. */
const BSD_3_CLAUSE = `Copyright (c) 2015 MITSUNARI Shigeo. All rights reserved.

Redistribution and use in source and binary forms, with or without modification, are permitted provided that the following conditions are met:

Redistributions of source code must retain the above copyright notice, this list of conditions and the following disclaimer.
Redistributions in binary form must reproduce the above copyright notice, this list of conditions and the following disclaimer in the documentation and/or other materials provided with the distribution.
Neither the name of the copyright owner nor the names of its contributors may be used to endorse or promote products derived from this software without specific prior written permission.

THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT OWNER OR CONTRIBUTORS BE LIABLE FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY, OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE OF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.`
const WITHOUT_TEXT: Readonly<Record<string, string>> = { 'mcl-wasm': BSD_3_CLAUSE }

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
      body: `${source}\n\n${text ? readFileSync(join(folder, text), 'utf8').trim() : (WITHOUT_TEXT[name] ?? '')}`,
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
