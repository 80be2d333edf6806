/** `zos start --role worker`: a light node as a process, that ethers talks to as to any node, with a source that lies. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { blockCid, codec, createMemoryBlockStore, defaultCrypto } from '@zos/rain-storage'
import { startPeer } from '@zos/rain-storage/libp2p'
import { JsonRpcProvider, parseEther, Wallet } from 'ethers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Devnet, startDevnet } from '../../src/devnet/devnet.ts'
import { eventually } from './wait.ts'

const cli = new URL('../../dist/cli.js', import.meta.url).pathname
const folder = mkdtempSync(join(tmpdir(), 'zos-roles-'))
let devnet: Devnet

beforeAll(async () => {
  devnet = await startDevnet({ port: 0, roundIntervalMs: 250 })
  writeFileSync(join(folder, 'genesis.json'), JSON.stringify(devnet.genesis))
}, 120_000)

afterAll(async () => {
  await devnet?.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** Says what an honest node says, but bends every proof. */
async function startLiar(): Promise<{ url: string; close: () => void }> {
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part as Buffer)
    const answer = await fetch(devnet.validators[0]!.rpcUrl, { method: 'POST', body: Buffer.concat(parts) })
    const bent = (await answer.text()).replace(/("accountProof":\["0x[0-9a-f]{20})../g, '$100')
    response.end(bent)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => server.close().closeAllConnections(),
  }
}

test('a worker serves ethers with what it has proved, finds a liar, and starts again from what it kept', async () => {
  const liar = await startLiar()
  const start = (sources: string[]) => {
    const args = ['start', '--role', 'worker', '--genesis', join(folder, 'genesis.json'), '--json', '--port', '0']
    const child = spawn('node', [cli, ...args, '--data-dir', join(folder, 'worker'), '--sources', sources.join(',')])
    let log = ''
    child.stdout.on('data', (chunk) => {
      log += chunk
    })
    child.stderr.on('data', (chunk) => {
      log += chunk
    })
    const url = eventually(async () => /"url":"(http:[^"]+)"/.exec(log)?.[1], 'the worker serves', 30_000)
    const stop = () =>
      new Promise<number | null>((resolve) => {
        child.once('exit', resolve)
        child.kill('SIGTERM')
      })
    return { url, stop }
  }
  const health = async (url: string) => (await fetch(`${url}/health`)).json() as Promise<any>

  const worker = start([liar.url, devnet.validators[1]!.rpcUrl, devnet.validators[2]!.rpcUrl])
  const url = await worker.url
  await eventually(async () => (await health(url)).phase === 'ready', 'a block is verified', 60_000)
  const provider = new JsonRpcProvider(url, undefined, { cacheTimeout: -1 })
  provider.pollingInterval = 200
  const key = (index: number) => `0x${Buffer.from(devnet.accounts[index]!.privateKey).toString('hex')}`
  const to = `0x${'77'.repeat(20)}`
  const sent = await new Wallet(key(0), provider).sendTransaction({ to, value: parseEther('2') })
  expect((await sent.wait())!.status).toBe(1)
  await eventually(async () => (await provider.getBalance(to)) === parseEther('2'), 'the balance is proved', 30_000)
  await expect(provider.send('debug_traceTransaction', [sent.hash])).rejects.toMatchObject({ error: { code: 4200 } })
  const found = await eventually(
    async () => {
      await provider.getBalance(to)
      return (await health(url)).sources.find((one: any) => one.state === 'banned')
    },
    'the liar is found out',
    60_000,
  )
  expect(found.id).toBe(liar.url)
  const { head } = await health(url)
  provider.destroy()
  expect(await worker.stop()).toBe(0)

  // Nobody answers: what there is comes from the folder.
  const again = start(['http://127.0.0.1:9'])
  const status = await health(await again.url)
  expect(status.phase).not.toBe('ready')
  expect(status.head.number).toBeGreaterThan(0)
  expect(status.head.number).toBeLessThanOrEqual(head.number)
  expect(await again.stop()).toBe(0)
  liar.close()
}, 240_000)

test('a guardian keeps shards for others, whom its log tells where', async () => {
  const args = ['start', '--role', 'guardian', '--genesis', join(folder, 'genesis.json'), '--json', '--port', '0']
  const local = ['--listen', '/ip4/127.0.0.1/tcp/0', '--storage-listen', '/ip4/127.0.0.1/tcp/0']
  const child = spawn('node', [cli, ...args, ...local, '--data-dir', join(folder, 'guardian')])
  let log = ''
  child.stdout.on('data', (chunk) => {
    log += chunk
  })
  const exited = new Promise((resolve) => child.once('exit', resolve))
  const address = await eventually(
    async () => /"address":"(\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/\w+)","msg":"storage"/.exec(log)?.[1],
    'its storage is open',
    60_000,
  )
  const peer = await startPeer({ blocks: createMemoryBlockStore() })
  const bytes = new TextEncoder().encode('a shard')
  const cid = await blockCid(defaultCrypto(), codec.raw, bytes)
  const storage = peer.remoteNode(address, { id: 'guardian', domain: 'here', weight: 1 })
  await storage.put(cid, bytes, 0)
  expect(await storage.get(cid)).toEqual(bytes)
  await peer.stop()
  child.kill('SIGTERM')
  expect(await exited).toBe(0)
}, 120_000)
