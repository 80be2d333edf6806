// Servers of a folder behind shaped links in network namespaces, and a client's namespace that all of them reach.
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))
const measure = fileURLToPath(new URL('client.ts', import.meta.url))
const relaySource = fileURLToPath(new URL('delay-link.c', import.meta.url))

/** True when a program of this name can be started. */
export const has = (tool: string) => spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0

/** Why links cannot be built here; `undefined`: they can. */
export function reasonNot(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root for network namespaces'
  for (const tool of ['ip', 'tc']) if (!has(tool)) return `needs ${tool} (Debian: iproute2)`
  const probe = `zbprobe${process.pid}`
  if (spawnSync('ip', ['netns', 'add', probe]).status !== 0) return 'network namespaces are not allowed here'
  execFileSync('ip', ['netns', 'del', probe])
  return undefined
}

/** Why links cannot be delayed here; `undefined`: they can. */
export function reasonNoDelay(): string | undefined {
  if (!existsSync('/dev/net/tun')) return 'no /dev/net/tun'
  return has('gcc') ? undefined : 'needs gcc for the delay relay'
}

const ip = (...args: string[]) => execFileSync('ip', args, { stdio: 'pipe' })

/** What a measurement of client.ts says. */
export interface Measured {
  bytesPerMs: number
  /** In mode `stream`: bytes a millisecond without the first seconds. */
  sustained: number
  waste: number
  sources: number[]
}

/** One client and a server of `folder` for each link. The order of calls: {@link build}, measurements, {@link stop}. */
export class ShapedLinks {
  private readonly folder: string
  private readonly mbit: readonly number[]
  private readonly name = `zb${process.pid}`
  private readonly client = `${this.name}c`
  private readonly children: ChildProcess[] = []
  private readonly spaces: string[] = []
  private readonly tools = mkdtempSync(join(tmpdir(), 'zcdn-links-'))

  /** `mbit`: rates of the links, one server behind each. */
  constructor(folder: string, mbit: readonly number[]) {
    this.folder = folder
    this.mbit = mbit
  }

  /** Where the servers are, as the client sees them. */
  urls(): string[] {
    return this.mbit.map((_, i) => `http://10.90.${i}.2:7000`)
  }

  /** Builds the links: veth without delay, TUN devices and the relay with. */
  async build(delayMs: number): Promise<void> {
    const { client } = this
    const relay = join(this.tools, 'delay-link')
    if (delayMs > 0) execFileSync('gcc', ['-O2', '-o', relay, relaySource])
    this.addSpace(client)
    for (const [i, mbit] of this.mbit.entries()) {
      const server = `${this.name}s${i}`
      this.addSpace(server)
      if (delayMs === 0)
        ip('-n', client, 'link', 'add', `l${i}`, 'type', 'veth', 'peer', 'name', `l${i}`, 'netns', server)
      else await this.started(spawn(relay, [client, `l${i}`, server, `l${i}`, String(delayMs)]), /up/)
      for (const [space, last] of [
        [client, 1],
        [server, 2],
      ] as const) {
        ip('-n', space, 'addr', 'add', `10.90.${i}.${last}/24`, 'dev', `l${i}`)
        ip('-n', space, 'link', 'set', `l${i}`, 'up')
      }
      const shape = ['tbf', 'rate', `${mbit}mbit`, 'burst', '32kb', 'latency', '100ms']
      execFileSync('tc', ['-n', server, 'qdisc', 'add', 'dev', `l${i}`, 'root', ...shape], { stdio: 'pipe' })
      const serve = [process.execPath, cli, 'serve', this.folder, '--port', '7000', '--host', '0.0.0.0']
      await this.started(spawn('ip', ['netns', 'exec', server, ...serve]), /listening/)
    }
  }

  /** Runs a command where the client is. */
  inside(...command: string[]): string {
    const args = ['netns', 'exec', this.client, ...command]
    return execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  }

  /** One measurement of client.ts. */
  measure(mode: string, file: { root: string; digest: string }, urls: readonly string[]): Measured {
    const args = ['--disable-warning=ExperimentalWarning', measure, mode, file.root, file.digest, ...urls]
    return JSON.parse(this.inside(process.execPath, ...args))
  }

  /** Ends everything that was started; the links cannot be built again. */
  stop(): void {
    for (const child of this.children.splice(0)) {
      child.removeAllListeners('exit')
      child.kill('SIGKILL')
    }
    for (const space of this.spaces.splice(0)) spawnSync('ip', ['netns', 'del', space])
    rmSync(this.tools, { recursive: true, force: true })
  }

  private addSpace(space: string): void {
    ip('netns', 'add', space)
    this.spaces.push(space)
    ip('-n', space, 'link', 'set', 'lo', 'up')
  }

  private async started(child: ChildProcess, ready: RegExp): Promise<string> {
    this.children.push(child)
    let output = ''
    return new Promise((resolve, reject) => {
      child.stdout!.on('data', (data) => {
        output += data
        if (ready.test(output)) resolve(output)
      })
      child.stderr!.on('data', (data) => (output += data))
      child.once('exit', () => reject(new Error(`it ended: ${output}`)))
    })
  }
}
