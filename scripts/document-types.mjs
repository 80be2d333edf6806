// Compiles the TypeScript examples of all documents as a newcomer's strict project does. A block may go on from what its page has set up
// before it: names that it does not declare are whatever it takes them for.
import { execFile } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { root } from './run.mjs'

const folder = `${root}node_modules/.cache/zos-documents/`
rmSync(folder, { recursive: true, force: true })
mkdirSync(`${folder}node_modules/@zos`, { recursive: true })
writeFileSync(`${folder}package.json`, '{ "type": "module", "private": true }')

const packages = readdirSync(`${root}packages`)
for (const name of packages) symlinkSync(`${root}packages/${name}`, `${folder}node_modules/@zos/${name}`)
/** Peers and tools that examples import; where they are installed here. */
const BESIDE = { ethers: 'node', viem: 'node', hardhat: 'node' }
for (const [name, by] of Object.entries(BESIDE))
  symlinkSync(`${root}packages/${by}/node_modules/${name}`, `${folder}node_modules/${name}`)

const documents = packages.flatMap((name) => [
  `packages/${name}/README.md`,
  ...listed(`packages/${name}/docs`).map((file) => `packages/${name}/docs/${file}`),
])
const files = documents.flatMap((document) =>
  [...readFileSync(root + document, 'utf8').matchAll(/^```ts\n(.*?)^```/gms)].map(([, example], index) => {
    const file = `${document.replace('packages/', '').replace(/[/.]/g, '-')}-${index + 1}.ts`
    writeFileSync(folder + file, `${example}\nexport {}\n`)
    return file
  }),
)
writeFileSync(
  `${folder}tsconfig.json`,
  JSON.stringify({
    compilerOptions: {
      noEmit: true,
      strict: true,
      skipLibCheck: true,
      target: 'es2022',
      module: 'nodenext',
      lib: ['ES2024', 'DOM', 'DOM.Iterable', 'DOM.AsyncIterable'],
      types: ['node'],
      typeRoots: [`${root}node_modules/@types`],
    },
    files,
  }),
)
const output = await new Promise((resolve) =>
  execFile('tsc', ['-p', folder], { maxBuffer: 1 << 26 }, (error, stdout, stderr) =>
    resolve(error ? stdout + stderr || String(error) : ''),
  ),
)
/** Names and shorthand properties that are not declared, and what `zlib build` writes. */
const EXPECTED = /error TS(2304|2552|18004)|'\.\/artifacts\//
const faults = output.split('\n').filter((line) => line !== '' && !line.startsWith(' ') && !EXPECTED.test(line))
for (const fault of faults) console.log(fault)
console.log(`${files.length} examples of ${documents.length} documents, ${faults.length} faults`)
process.exit(faults.length > 0 || files.length === 0 ? 1 : 0)

function listed(path) {
  return readdirSync(root + path, { recursive: true }).filter((file) => file.endsWith('.md'))
}
