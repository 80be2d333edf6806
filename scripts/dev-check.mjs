// `pnpm dev:check`: types, lint and the unit tests that what you changed since HEAD can break. Under a minute.
import { run } from './run.mjs'

const steps = [
  ['biome', ['check', '.', '--changed', '--since=HEAD', '--no-errors-on-unmatched', '--diagnostic-level=error']],
  ['turbo', ['run', 'typecheck', '--filter=[HEAD]', '--output-logs=errors-only']],
  ['vitest', ['run', '--changed', '--project', '!*:e2e', '--passWithNoTests', '--silent=passed-only']],
]
for (const [command, args] of steps) {
  const { code } = await run(command, args)
  if (code !== 0) process.exit(code)
}
