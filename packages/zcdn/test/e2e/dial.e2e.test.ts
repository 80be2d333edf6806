import { execFileSync, spawn } from 'node:child_process'
import type { AddressInfo } from 'node:net'
import { createServer, type Server } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { dialTcp } from '../../src/node/dial-tcp.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})
const listen = async (host: string, port = 0) => {
  const server = createServer((socket) => socket.end())
  servers.push(server)
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve))
  return (server.address() as AddressInfo).port
}
const resolve = async (_: string, family: 4 | 6) => (family === 6 ? ['::1'] : ['127.0.0.1'])

it('connects over IPv6 when it is there, over IPv4 when only that listens', async () => {
  const port = await listen('127.0.0.1')
  const first = await dialTcp('node.test', port, { resolve })
  expect(first.address.family).toBe(4)
  first.connection.destroy()
  await listen('::1', port)
  const second = await dialTcp('node.test', port, { resolve })
  expect(second.address.family).toBe(6)
  second.connection.destroy()
})

function namespaces(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root for network namespaces'
  try {
    execFileSync('ip', ['netns', 'list'], { stdio: 'ignore' })
  } catch {
    return 'the ip tool is missing'
  }
  return undefined
}
const reason = namespaces()

it.skipIf(reason !== undefined)(
  `in network namespaces with a black hole for IPv6, then for IPv4${reason ? ` (${reason})` : ''}`,
  async () => {
    const name = `zcdn${process.pid}`
    const ip = (...args: string[]) => execFileSync('ip', args, { stdio: 'pipe' })
    try {
      ip('netns', 'add', `${name}a`)
      ip('netns', 'add', `${name}b`)
      ip('-n', `${name}a`, 'link', 'add', 'v0', 'type', 'veth', 'peer', 'name', 'v0', 'netns', `${name}b`)
      for (const [end, last] of [
        ['a', '1'],
        ['b', '2'],
      ] as const) {
        ip('-n', `${name}${end}`, 'link', 'set', 'lo', 'up')
        ip('-n', `${name}${end}`, 'link', 'set', 'v0', 'up')
        ip('-n', `${name}${end}`, 'addr', 'add', `10.77.0.${last}/24`, 'dev', 'v0')
        ip('-n', `${name}${end}`, '-6', 'addr', 'add', `fd77::${last}/64`, 'dev', 'v0', 'nodad')
      }
      const module = new URL('../../src/node/dial-tcp.ts', import.meta.url).href
      const inside = (end: string, code: string) =>
        spawn('ip', [
          'netns',
          'exec',
          `${name}${end}`,
          process.execPath,
          '--disable-warning=ExperimentalWarning',
          '--input-type=module',
          '-e',
          code,
        ])
      const server = inside(
        'b',
        `import { createServer } from 'node:net'; createServer((s) => s.end()).listen(7000, '::', () => console.log('up'))`,
      )
      try {
        await new Promise((up) => server.stdout.once('data', up))
        const measure = async (six: string, four: string) => {
          const client = inside(
            'a',
            `
          import { dialTcp } from '${module}'
          const resolve = async (_, family) => family === 6 ? ['${six}'] : ['${four}']
          const start = performance.now()
          const { connection, address } = await dialTcp('x', 7000, { resolve })
          console.log(JSON.stringify({ family: address.family, ms: performance.now() - start }))
          connection.destroy()`,
          )
          let output = ''
          client.stdout.on('data', (data) => (output += data))
          client.stderr.on('data', (data) => (output += data))
          await new Promise((exit) => client.once('close', exit))
          return JSON.parse(output) as { family: number; ms: number }
        }
        // fd77::99 and 10.77.0.99 are on the link, and nobody answers there.
        const both = await measure('fd77::2', '10.77.0.2')
        expect(both.family).toBe(6)
        const noSix = await measure('fd77::99', '10.77.0.2')
        expect(noSix.family).toBe(4)
        expect(noSix.ms).toBeGreaterThanOrEqual(240)
        expect(noSix.ms).toBeLessThan(1500)
        const noFour = await measure('fd77::2', '10.77.0.99')
        expect(noFour.family).toBe(6)
      } finally {
        server.kill('SIGKILL')
      }
    } finally {
      for (const end of ['a', 'b']) {
        try {
          ip('netns', 'del', `${name}${end}`)
        } catch {}
      }
    }
  },
)
