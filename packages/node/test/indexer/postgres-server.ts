import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const ROOT = '/usr/lib/postgresql'

/** The folder of Debian's PostgreSQL programs; undefined when they are not installed. */
export function postgresPrograms(): string | undefined {
  if (!existsSync(ROOT)) return undefined
  const [version] = readdirSync(ROOT).sort().reverse()
  const folder = join(ROOT, version ?? '', 'bin')
  return existsSync(join(folder, 'postgres')) ? folder : undefined
}

/** Starts a server of its own on a free port. PostgreSQL refuses root, so as root it runs as `postgres`. */
export async function startPostgres(programs: string): Promise<{ url: string; stop: () => Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'zos-postgres-'))
  const asRoot = process.getuid?.() === 0
  const as = (program: string, args: string[]): [string, string[]] =>
    asRoot
      ? ['setpriv', ['--reuid=postgres', '--regid=postgres', '--clear-groups', join(programs, program), ...args]]
      : [join(programs, program), args]
  if (asRoot) execFileSync('chown', ['postgres:postgres', folder])
  const data = join(folder, 'data')
  execFileSync(...as('initdb', ['-D', data, '-U', 'zos', '--auth=trust', '--no-sync']), { stdio: 'ignore', cwd: '/' })
  const port = await freePort()
  const server = spawn(
    ...as('postgres', [
      '-D',
      data,
      '-p',
      String(port),
      '-c',
      'listen_addresses=127.0.0.1',
      '-c',
      `unix_socket_directories=${folder}`,
      '-c',
      'fsync=off',
    ]),
    { stdio: ['ignore', 'ignore', 'pipe'], cwd: '/' },
  )
  const exited = new Promise<void>((resolve) => server.once('exit', () => resolve()))
  await new Promise<void>((resolve, reject) => {
    let text = ''
    server.stderr!.on('data', (chunk) => {
      text += chunk
      if (text.includes('ready to accept connections')) resolve()
    })
    server.once('exit', () => reject(new Error(`postgres ended: ${text}`)))
  })
  return {
    url: `postgres://zos@127.0.0.1:${port}/postgres`,
    async stop() {
      server.kill('SIGINT')
      await exited
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer()
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}
