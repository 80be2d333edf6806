// A hot object over HTTP/1.1: what serving it costs in processor time, beside nginx with sendfile. One process each, the same files, the
// same client, which keeps eight connections busy and counts; the first answer of each kind is compared byte for byte.
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { printMetric } from '../../../scripts/metric.ts'

const quick = process.argv.includes('--quick')
const SECONDS = quick ? 4 : 15
const CONNECTIONS = 8
const SIZE = 1 << 20
const RANGE = 64 << 10
const file = randomBytes(SIZE)
const folder = mkdtempSync(join(tmpdir(), 'zcdn-serve-'))
const files = join(folder, 'files')
mkdirSync(files)
writeFileSync(join(files, 'hot.bin'), file)
const children: ChildProcess[] = []

/** User and system time of a process so far, in seconds. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  return (Number(fields[11]) + Number(fields[12])) / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

async function listening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const socket = connect(port, '127.0.0.1')
    const open = await new Promise((resolve) => {
      socket.once('connect', () => resolve(true))
      socket.once('error', () => resolve(false))
    })
    socket.destroy()
    if (open) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`nothing listens on ${port}`)
}

/** Asks for the same again and again on one connection until `until`; resolves with the number of answers. */
function ask(port: number, path: string, range: string, expected: Uint8Array, until: number): Promise<number> {
  const request = `GET ${path} HTTP/1.1\r\nHost: node\r\n${range}\r\n`
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let answers = 0
    let head = Buffer.alloc(0)
    let left = -1
    let at = 0
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('the server closed the connection')))
    socket.once('connect', () => socket.write(request))
    socket.on('data', (chunk) => {
      let bytes: Buffer = chunk
      if (left < 0) {
        head = Buffer.concat([head, bytes])
        const end = head.indexOf('\r\n\r\n')
        if (end < 0) return
        const text = head.subarray(0, end).toString('latin1')
        const length = Number(/content-length: *(\d+)/i.exec(text)?.[1])
        if (!/^HTTP\/1\.1 20[06] /.test(text) || length !== expected.length)
          return void reject(new Error(`unexpected answer: ${text}`))
        left = length
        at = 0
        bytes = head.subarray(end + 4)
        head = Buffer.alloc(0)
      }
      // Comparing every byte would cost the client more than the servers spend.
      if (answers === 0 && !bytes.equals(expected.subarray(at, at + bytes.length)))
        return void reject(new Error('the answer is not the file'))
      at += bytes.length
      left -= bytes.length
      if (left > 0) return
      left = -1
      answers++
      if (performance.now() < until) socket.write(request)
      else {
        socket.removeAllListeners('close')
        socket.destroy()
        resolve(answers)
      }
    })
  })
}

/** Answers a CPU-second of the server. */
async function rate(pid: number, port: number, path: string, range: string, expected: Uint8Array): Promise<number> {
  const spell = async (seconds: number) => {
    const until = performance.now() + seconds * 1000
    const counts = await Promise.all(Array.from({ length: CONNECTIONS }, () => ask(port, path, range, expected, until)))
    return counts.reduce((a, b) => a + b, 0)
  }
  await spell(1)
  const before = cpuSeconds(pid)
  const answers = await spell(SECONDS)
  return answers / (cpuSeconds(pid) - before)
}

try {
  const ourPort = await freePort()
  const ours = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      fileURLToPath(new URL('../dist/cli.js', import.meta.url)),
      'serve',
      files,
      '--port',
      `${ourPort}`,
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  )
  children.push(ours)
  await listening(ourPort)
  const [{ root }] = (await (await fetch(`http://127.0.0.1:${ourPort}/`)).json()) as [{ root: string }]

  let peerPort = 0
  let peer: ChildProcess | undefined
  if (spawnSync('sh', ['-c', 'command -v nginx']).status === 0) {
    peerPort = await freePort()
    writeFileSync(
      join(folder, 'nginx.conf'),
      `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/errors;
events { worker_connections 64; }
http { access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000;
server { listen 127.0.0.1:${peerPort}; root ${files}; } }`,
    )
    peer = spawn('nginx', ['-c', join(folder, 'nginx.conf'), '-p', folder], { stdio: ['ignore', 'ignore', 'ignore'] })
    children.push(peer)
    await listening(peerPort)
  } else console.error('nginx is not here (Debian: nginx-light): no peer')

  const range = `Range: bytes=${RANGE}-${2 * RANGE - 1}\r\n`
  for (const [metric, header, expected] of [
    ['hot-1mib', '', file],
    ['hot-64kib-range', range, file.subarray(RANGE, 2 * RANGE)],
  ] as const) {
    const mine = await rate(ours.pid!, ourPort, `/ipfs/${root}`, header, expected)
    const theirs = peer && (await rate(peer.pid!, peerPort, '/hot.bin', header, expected))
    printMetric({ bench: 'cdn-serve', metric, value: mine, unit: '1/cpu-s', peer: 'nginx', peerValue: theirs })
  }
} finally {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
}
process.exit(0)
