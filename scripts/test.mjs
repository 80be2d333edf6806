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
/** Tests of real processes that needed their second attempt: worth a look, though the machine may have been busy. */
const secondAttempts = []

const started = Date.now()
const say = (text) => console.log(`\n── ${text} (${Math.round((Date.now() - started) / 1000)} s)`)

/** `later`: what it prints comes when it has ended, so that it does not mix with what runs beside it. */
async function vitest(label, args, { later = false } = {}) {
  const report = `${root}.cache/vitest-${label}.json`
  mkdirSync(`${root}.cache`, { recursive: true })
  rmSync(report, { force: true })
  const { code, output } = await run(
    'vitest',
    ['run', ...args, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, '--silent=passed-only'],
    { env: long ? { ZOS_LONG: '1' } : {}, quiet: later },
  )
  if (later) console.log(output)
  try {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(
      readFileSync(report, 'utf8'),
    )
    failures.push(...testResults.flatMap(failuresIn))
    secondAttempts.push(...testResults.flatMap(secondAttemptsIn))
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
  const failed = assertionResults.filter((test) => test.status === 'failed')
  if (failed.length > 0) return failed.map((test) => line(`${name} > ${test.fullName}`, test.failureMessages[0]))
  return status === 'failed' ? [line(name, message)] : []
}

function secondAttemptsIn({ name, assertionResults }) {
  return assertionResults
    .filter((test) => test.status === 'passed' && test.failureMessages.length > 0)
    .map((test) => line(`${name} > ${test.fullName}`, test.failureMessages[0]))
}

function line(where, text = '') {
  return `${where.replace(root, '')}: ${text.split('\n')[0]}`
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
  // Vitest would leave one core free. Modules are loaded once a worker, here and below: that takes much time away.
  await vitest('unit', ['--project', '!*:e2e', '--no-isolate', '--maxWorkers', String(availableParallelism())])
  // Networks of validators stand in each other's way; the two streams take about equally long. zworld comes after zdao, which compiles it too.
  const first = ['node:e2e', 'hello-zos:e2e', 'hub-and-zone:e2e', 'zstorage:e2e']
  const endToEnd = ['--no-isolate', '--no-file-parallelism', '--retry', '1']
  say('end to end: real processes, two files at a time')
  await Promise.all([
    vitest('e2e-node', [...first.flatMap((name) => ['--project', name]), ...endToEnd]),
    vitest('e2e', ['--project', '*:e2e', ...first.flatMap((name) => ['--project', `!${name}`]), ...endToEnd], {
      later: true,
    }),
  ])
}
say('done')
for (const test of secondAttempts) console.log(`passed at the second attempt: ${test}`)
for (const failure of failures) console.log(`✗ ${failure}`)
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
process.exit(total.failed ? 1 : 0)
