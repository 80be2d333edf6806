/** The programs that answer, each a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { DEVNET_CHAIN_ID } from '@zos/node'

export interface RpcServer {
  url: string
  /** Makes blocks of what waits, where the server does not by itself. */
  mine?: (blocks: number) => Promise<void>
  /** Processor time so far; undefined where the system does not tell. */
  cpuSeconds: () => number | undefined
  stop: () => Promise<void>
}

const CLI = new URL('../../dist/cli.js', import.meta.url).pathname
const START_MS = 60_000
/** Linux counts processor time in hundredths. */
const TICKS_PER_SECOND = 100

/** One validator: a server that agrees with nobody, like the other. It makes a block every half second meanwhile. */
export function zos(): Promise<RpcServer> {
  const args = [CLI, 'devnet', '--validators', '1', '--port', '0', '--round-interval', '250', '--json']
  return start(process.execPath, args, (line) => JSON.parse(line).rpcUrl)
}

export async function anvil(): Promise<RpcServer> {
  const args = ['--port', '0', '--accounts', '10', '--chain-id', String(DEVNET_CHAIN_ID), '--no-mining']
  const server = await start(anvilBinary(), args, (line) => {
    const port = /Listening on [^:]*:(\d+)/.exec(line)?.[1]
    return port && `http://127.0.0.1:${port}`
  })
  const mine = async (blocks: number) => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'anvil_mine', params: [blocks] })
    await fetch(server.url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  }
  return { ...server, mine }
}

/** npm's launcher would stay between us and the process whose time is measured. */
function anvilBinary(): string {
  const wrapper = createRequire(import.meta.url).resolve('@foundry-rs/anvil/package.json')
  const name = `@foundry-rs/anvil-${process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}`
  const path = join(dirname(createRequire(wrapper).resolve(`${name}/package.json`)), 'bin', 'anvil')
  if (!existsSync(path)) throw new Error(`anvil is not installed for ${process.platform}-${process.arch}`)
  return path
}

async function start(command: string, args: string[], urlOf: (line: string) => string | undefined): Promise<RpcServer> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const url = await firstUrl(child, urlOf)
  return {
    url,
    cpuSeconds: () => cpuSeconds(child.pid!),
    stop: async () => {
      child.kill('SIGKILL')
      await exited
    },
  }
}

function firstUrl(child: ChildProcess, urlOf: (line: string) => string | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const timer = setTimeout(() => reject(new Error(`${child.spawnfile} did not start`)), START_MS)
    child.once('exit', (code) => reject(new Error(`${child.spawnfile} ended with ${code}`)))
    child.stdout!.on('data', (chunk) => {
      text += chunk
      for (const line of text.split('\n').slice(0, -1)) {
        const url = urlOf(line)
        if (!url) continue
        clearTimeout(timer)
        resolve(url)
      }
    })
  })
}

/** Of the process and all below it: a devnet's validators are processes of their own. */
function cpuSeconds(pid: number): number | undefined {
  if (!existsSync('/proc/self/stat')) return undefined
  const processes = readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? statOf(Number(name)) : []))
  const below = new Set([pid])
  for (let known = 0; known < below.size; ) {
    known = below.size
    for (const one of processes) if (below.has(one.parent)) below.add(one.pid)
  }
  return processes.reduce((sum, one) => (below.has(one.pid) ? sum + one.seconds : sum), 0)
}

function statOf(pid: number): { pid: number; parent: number; seconds: number }[] {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ')
    return [{ pid, parent: Number(fields[1]), seconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND }]
  } catch {
    return [] // ended meanwhile
  }
}
