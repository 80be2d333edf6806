// Runs a child process and resolves with its exit code. Shared by the scripts beside it.
import { spawn } from 'node:child_process'

export const root = new URL('..', import.meta.url).pathname

/** Runs `command args`; inherits the terminal unless `quiet`, which keeps output back and returns it. `onLine` sees each line as it comes. */
export function run(command, args, { quiet = false, onLine, cwd = root, env = {} } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1', ...env },
      stdio: quiet ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'],
    })
    let output = ''
    let line = ''
    const take = (chunk) => {
      output += chunk
      const lines = (line + chunk).split('\n')
      line = lines.pop()
      if (onLine) lines.forEach(onLine)
    }
    child.stdout?.on('data', take)
    child.stderr?.on('data', take)
    child.on('error', (error) => resolve({ code: 127, output: String(error) }))
    child.on('close', (code, signal) => resolve({ code: code ?? (signal ? 1 : 0), output }))
  })
}
