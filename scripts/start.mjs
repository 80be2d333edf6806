// `pnpm start`: builds what the node needs, then starts a local network. Flags go to `zos devnet` (see `pnpm start --help`).
import { spawn } from 'node:child_process'
import { root, run } from './run.mjs'

const started = Date.now()
process.stdout.write('building … ')
const built = await run('turbo', ['run', 'build', '--filter=@zos/node...', '--output-logs=errors-only'], {
  quiet: true,
})
if (built.code !== 0) {
  console.error(`\n${built.output}`)
  process.exit(built.code)
}
console.log(`done in ${((Date.now() - started) / 1000).toFixed(1)} s`)

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
