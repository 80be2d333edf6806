#!/usr/bin/env node
/**
 * `zlib-solc`: the compiler of this package with the command line of solc, as far as forge uses it (`--version`, `--standard-json`), so
 * that `solc = "node_modules/.bin/zlib-solc"` in foundry.toml compiles with what `zlib build` compiles with. Nothing is downloaded.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageImports } from './compile/compile.ts'
import { loadSolc } from './compile/solc.ts'
import { readConfig, solcPath } from './project/config.ts'

const root = process.cwd()
const flags = process.argv.slice(2)
const solc = () => loadSolc(solcPath(root, readConfig(root)))

if (flags.includes('--version')) {
  process.stdout.write(`solc, the solidity compiler commandline interface\nVersion: ${solc().version()}\n`)
} else if (flags.includes('--standard-json')) {
  const after = flags[flags.indexOf('--standard-json') + 1]
  const input = readFileSync(after && !after.startsWith('-') ? after : 0, 'utf8')
  const fromPackages = packageImports(join(root, 'zlib.js'))
  const answer = solc().compile(input, {
    import(path) {
      const local = join(root, path)
      const contents = existsSync(local) ? readFileSync(local, 'utf8') : fromPackages(path)
      return contents === undefined ? { error: `${path} was not found` } : { contents }
    },
  })
  process.stdout.write(answer)
} else {
  process.stderr.write('zlib-solc knows --version and --standard-json; for the rest there is zlib\n')
  process.exitCode = 1
}
