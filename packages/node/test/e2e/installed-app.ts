/** An application as its author makes one: our packages from tarballs, installed by npm into a folder of their own, compiled strictly, built by vite. */
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const packages = new URL('../../..', import.meta.url).pathname
/** What `@zos/node` needs of ours. */
const OURS = ['dag', 'hub-ibc', 'pipeline', 'pq-isogeny', 'zpos', 'node']
/** Of the registry, at the versions that the repository is tested with. */
const THEIRS = { ethers: '6.17.0', viem: '2.57.20', typescript: '5.9.3', vite: '8.3.8' }
const INSTALL_MS = 600_000

const run = promisify(execFile)

/** The files that vite made, by their path on the server. Errors: what one of the programs says. Cost: half a minute, and the registry. */
export async function buildInstalledApp(folder: string, page: string): Promise<Map<string, string>> {
  for (const name of OURS)
    await run('npx', ['-y', 'pnpm@12', 'pack', '--config.ignore-scripts=true', '--pack-destination', folder], {
      cwd: join(packages, name),
    })
  const ours = Object.fromEntries(OURS.map((name) => [`@zos/${name}`, `file:zos-${name}-0.0.0.tgz`]))
  const compilerOptions = {
    noEmit: true,
    strict: true,
    target: 'es2022',
    module: 'esnext',
    moduleResolution: 'bundler',
    lib: ['ES2022', 'DOM', 'DOM.Iterable'],
    types: [],
  }
  const files = {
    'package.json': JSON.stringify({ private: true, type: 'module', dependencies: { ...ours, ...THEIRS } }),
    'tsconfig.json': JSON.stringify({ compilerOptions, files: ['page.ts'] }),
    'page.ts': page,
    'index.html': '<!doctype html><title>ZOS</title><script type="module" src="/page.ts"></script>',
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  const options = { cwd: folder, timeout: INSTALL_MS, maxBuffer: 2 ** 26 }
  await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund'], options)
  await run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', '.'], options)
  await run(process.execPath, ['node_modules/vite/bin/vite.js', 'build'], options)
  const built = join(folder, 'dist')
  return new Map(
    readdirSync(built, { recursive: true, withFileTypes: true })
      .filter((file) => file.isFile())
      .map((file) => {
        const path = join(file.parentPath, file.name)
        return [path.slice(built.length), readFileSync(path, 'utf8')]
      }),
  )
}
