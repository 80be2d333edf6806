// `pnpm start`: builds what the node needs, then starts a local network. Flags go to `zos devnet` (see `pnpm start --help`).
import { spawn } from 'node:child_process'
import { root, run } from './run.mjs'

const started = Date.now()
console.log('building')
const built = await run('turbo', ['run', 'build', '--filter=@zos/node...', '--output-logs=hash-only'], {
  quiet: true,
  onLine(line) {
    const task = /(@zos\/[a-z-]+):build: cache (hit|miss)/.exec(line)
    if (task) console.log(`  ${task[1]}${task[2] === 'hit' ? ' (built before)' : ''}`)
  },
})
if (built.code !== 0) {
  console.error(`\n${built.output}`)
  process.exit(built.code)
}
console.log(`built in ${((Date.now() - started) / 1000).toFixed(1)} s`)

const child = spawn(
  'node',
  ['--disable-warning=ExperimentalWarning', `${root}packages/node/dist/cli.js`, 'devnet', ...process.argv.slice(2)],
  {
    stdio: 'inherit',
  },
)
// Ctrl-C reaches the network directly; this process only waits for it.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => child.kill('SIGTERM'))
child.on('exit', (code) => process.exit(code ?? 1))
