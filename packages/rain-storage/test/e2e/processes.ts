// Child processes that speak in lines: `ready JSON` first, then one answer line a request line.
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** A child process under test. */
export interface Spoken {
  readonly child: ChildProcess
  readonly ready: Record<string, string>
  ask(line: string): Promise<string>
  /** SIGKILL */
  kill(): Promise<void>
}

/** Starts `file` (TypeScript, by type stripping) and waits until it is ready. */
export async function start(file: string, args: string[] = []): Promise<Spoken> {
  const path = new URL(file, import.meta.url).pathname
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', path, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
  const next = async () => {
    const { value, done } = await lines.next()
    if (done) throw new Error(`${file} ended`)
    return value as string
  }
  const first = await next()
  return {
    child,
    ready: JSON.parse(first) as Record<string, string>,
    async ask(line) {
      child.stdin!.write(`${line}\n`)
      return next()
    },
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const gone = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await gone
    },
  }
}
