// `pnpm test`: builds everything, runs the static checks and all tests, ends with one line of counts.
// `pnpm test:long` adds soaks, long fuzzing and thousands of seeds (ZOS_LONG=1).
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { runChecks } from './check.mjs'
import { root, run } from './run.mjs'

const long = process.argv.includes('--long')
const total = { passed: 0, failed: 0, skipped: 0 }
/** Named again at the end, where they are read first. */
const failures = []

const started = Date.now()
const say = (text) => console.log(`\n── ${text} (${Math.round((Date.now() - started) / 1000)} s)`)

async function vitest(label, args) {
  const report = `${root}.cache/vitest-${label}.json`
  mkdirSync(`${root}.cache`, { recursive: true })
  rmSync(report, { force: true })
  const { code } = await run(
    'vitest',
    ['run', ...args, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, '--silent=passed-only'],
    { env: long ? { ZOS_LONG: '1' } : {} },
  )
  try {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(
      readFileSync(report, 'utf8'),
    )
    failures.push(...testResults.flatMap(failuresIn))
    total.passed += numPassedTests
    total.failed += numFailedTests
    total.skipped += numPendingTests + numTodoTests
    if (code !== 0 && numFailedTests === 0) total.failed++
  } catch {
    total.failed++
  }
}

/** The failed tests of a file, or the file itself when it could not be loaded: a line each. */
function failuresIn({ name, status, message, assertionResults }) {
  const file = name.replace(root, '')
  const failed = assertionResults.filter((test) => test.status === 'failed')
  const line = (title, text = '') => `${file}${title}: ${text.split('\n')[0]}`
  if (failed.length > 0) return failed.map((test) => line(` > ${test.fullName}`, test.failureMessages[0]))
  return status === 'failed' ? [line('', message)] : []
}

say('build')
const built = await run('turbo', ['run', 'build', '--output-logs=errors-only'])
if (built.code !== 0) total.failed++
else {
  say('static checks')
  const checks = await runChecks()
  total.passed += checks.passed
  total.failed += checks.failed
  failures.push(...checks.failures)
  say('unit, property, vector and simulation tests')
  // Vitest would leave one core free.
  await vitest('unit', ['--project', '!*:e2e', '--maxWorkers', String(availableParallelism())])
  say('end to end: real processes, one file at a time')
  await vitest('e2e', ['--project', '*:e2e', '--no-file-parallelism'])
}
say('done')
for (const failure of failures) console.log(`✗ ${failure}`)
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
process.exit(total.failed ? 1 : 0)
