// Compiles programs that import every typed entry of every package, as strict applications do which also check the declarations of their
// dependencies (no `skipLibCheck`): with the resolution of bundlers and with Node's. Those of pages get no types of Node.
import { execFile } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { root } from './run.mjs'

/** Entries that pages import. */
const FOR_PAGES = [/^@zos\/node\/light(\/evm)?$/, /^@zos\/(dag|zpos)$/]
const KINDS = [
  { name: 'bundler', compilerOptions: { moduleResolution: 'bundler', module: 'esnext' } },
  { name: 'node16', compilerOptions: { moduleResolution: 'node16', module: 'node16' } },
]

const folder = `${root}node_modules/.cache/zos-consumer/`
rmSync(folder, { recursive: true, force: true })
mkdirSync(`${folder}node_modules/@zos`, { recursive: true })
writeFileSync(`${folder}package.json`, '{ "type": "module", "private": true }')

const entries = readdirSync(`${root}packages`).flatMap((name) => {
  const { exports } = JSON.parse(readFileSync(`${root}packages/${name}/package.json`, 'utf8'))
  symlinkSync(`${root}packages/${name}`, `${folder}node_modules/@zos/${name}`)
  return Object.entries(exports)
    .filter(([path, target]) => !path.includes('*') && typeof target === 'object')
    .map(([path]) => `@zos/${name}${path.slice(1)}`)
})
const program = (list) =>
  `${list.map((entry, index) => `import * as _${index} from '${entry}'`).join('\n')}\nexport const all = [${list.map((_, index) => `_${index}`)}]\n`
const isForPages = (entry) => FOR_PAGES.some((pattern) => pattern.test(entry))
writeFileSync(`${folder}page.ts`, program(entries.filter(isForPages)))
writeFileSync(`${folder}server.ts`, program(entries))

const failures = await Promise.all(
  KINDS.flatMap(({ name, compilerOptions }) =>
    ['page', 'server'].map(async (kind) => {
      const config = `${folder}tsconfig.${kind}.${name}.json`
      const forKind =
        kind === 'page'
          ? { lib: ['ES2022', 'DOM', 'DOM.Iterable'], types: [] }
          : { lib: ['ES2024', 'DOM', 'DOM.Iterable'], types: ['node'], typeRoots: [`${root}node_modules/@types`] }
      const strict = { noEmit: true, strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true }
      writeFileSync(
        config,
        JSON.stringify({
          compilerOptions: { ...strict, target: 'es2022', ...forKind, ...compilerOptions },
          files: [`${kind}.ts`],
        }),
      )
      const output = await new Promise((resolve) =>
        execFile('tsc', ['-p', config], { maxBuffer: 1 << 26 }, (error, stdout, stderr) =>
          resolve(error ? stdout + stderr || String(error) : ''),
        ),
      )
      if (output) console.log(`${kind}, ${name}:\n${output}`)
      return output !== ''
    }),
  ),
)
console.log(`${entries.length} entries, ${failures.filter(Boolean).length} of ${failures.length} programs fail`)
process.exit(failures.some(Boolean) ? 1 : 0)
