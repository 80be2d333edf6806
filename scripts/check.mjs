// The static checks: format and lint, types, unused code, package shape, sizes. `pnpm check`; also part of `pnpm test`.
import { readdirSync, readFileSync } from 'node:fs'
import { root, run } from './run.mjs'

const packages = readdirSync(`${root}packages`)

function checks() {
  const list = [
    { name: 'format and lint (biome)', command: ['biome', 'check', '.', '--diagnostic-level=error'] },
    { name: 'types (tsc)', command: ['turbo', 'run', 'typecheck', '--output-logs=errors-only'] },
    { name: 'types in strict applications', command: ['node', 'scripts/consumer-types.mjs'] },
    { name: 'docstrings of exports', command: ['node', 'scripts/documented-exports.mjs'] },
    { name: 'types of examples in documents', command: ['node', 'scripts/document-types.mjs'] },
    { name: 'bundles of applications', command: ['node', 'scripts/consumer-bundles.mjs'] },
    { name: 'unused files, exports, dependencies (knip)', command: ['knip', '--no-progress'] },
  ]
  for (const name of packages) {
    const cwd = `${root}packages/${name}`
    list.push({ name: `publint ${name}`, command: ['publint', '--strict'], cwd })
    list.push({
      name: `types as consumers see them (attw) ${name}`,
      command: ['attw', '--pack', '.', '--profile', 'esm-only'],
      cwd,
    })
    if (JSON.parse(readFileSync(`${cwd}/package.json`, 'utf8'))['size-limit'])
      list.push({ name: `size budget ${name}`, command: ['size-limit'], cwd })
  }
  return list
}

/** Runs all checks, two at a time; prints the output of those that fail. Resolves with counts, and the names of those that failed. */
export async function runChecks() {
  const queue = checks()
  const result = { passed: 0, failed: 0, failures: [] }
  const worker = async () => {
    for (let check = queue.shift(); check; check = queue.shift()) {
      const [command, ...args] = check.command
      const { code, output } = await run(command, args, { quiet: true, cwd: check.cwd ?? root })
      if (code === 0) result.passed++
      else {
        result.failed++
        result.failures.push(check.name)
        console.log(`${output}\n✗ ${check.name}`)
      }
    }
  }
  await Promise.all([worker(), worker()])
  console.log(`checks: ${result.passed} passed, ${result.failed} failed`)
  return result
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const built = await run('turbo', ['run', 'build', '--output-logs=errors-only'])
  const { failed } = built.code === 0 ? await runChecks() : { failed: 1 }
  process.exit(failed ? 1 : 0)
}
