import { execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createMemoryBlockStore } from '../../src/blocks/memory.ts'
import { blockCid, codec } from '../../src/content/cid.ts'
import { writeDirectory } from '../../src/content/directory.ts'
import { importFile } from '../../src/content/import-file.ts'
import { defaultCrypto } from '../../src/crypto/default.ts'
import { startPeer } from '../../src/network/peer.ts'
import { openPackStore } from '../../src/platform/pack/pack-store.ts'
import { type Spoken, start } from './processes.ts'

const run = promisify(execFile)
const cliFile = new URL('../../src/cli/main.ts', import.meta.url).pathname
let folder: string
const children: Spoken[] = []
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zos-chaos-'))
})
afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => child.kill()))
  await rm(folder, { recursive: true })
})
const cli = async (...args: string[]) =>
  (
    await run(process.execPath, [
      '--disable-warning=ExperimentalWarning',
      cliFile,
      ...args,
      '--home',
      join(folder, 'home'),
    ])
  ).stdout

describe('nodes in processes of their own', () => {
  it('up to n − k are killed: nothing is lost, and status --repair brings the shards back', async () => {
    // ten of sixteen in the long run; three of five, with a spare node, in the short one
    const [k, n, count] = process.env.ZOS_LONG ? [10, 16, 18] : [3, 5, 6]
    const nodes = await Promise.all(
      Array.from({ length: count! }, (_, i) =>
        start('../../src/cli/main.ts', ['node', '--home', join(folder, `node-${i}`)]),
      ),
    )
    children.push(...nodes)
    await cli('init', '--k', String(k), '--n', String(n), '--nodes', '0')
    for (const node of nodes) await cli('add-node', node.ready.address!)
    const data = randomBytes(9_000_000)
    const file = join(folder, 'data')
    await writeFile(file, data)
    await cli('put', file, '--name', 'letters')
    expect(JSON.parse(await cli('ls', '--json'))).toEqual([{ name: 'letters', size: data.length }])

    for (const node of nodes.slice(0, n! - k!)) await node.kill()
    await cli('get', 'letters', '--out', join(folder, 'back'))
    expect(Buffer.compare(await readFile(join(folder, 'back')), data)).toBe(0)

    // those that come back have what they had
    const again = await start('../../src/cli/main.ts', ['node', '--home', join(folder, 'node-0')])
    children.push(again)
    expect(Number(again.ready.blocks)).toBeGreaterThan(0)
    await cli('add-node', again.ready.address!)
    const repaired = await cli('status', '--repair')
    expect(repaired).not.toContain('LOST')
    expect(await cli('status')).toMatch(/(whole|degraded) {2}letters/)
  })
})

describe('kill -9 in the middle of puts', () => {
  it('loses no acknowledged block, keeps no torn one, and leaves nothing that cannot be collected', async () => {
    const acknowledged = new Set<number>()
    const rounds = process.env.ZOS_LONG ? 30 : 5
    for (let round = 0; round < rounds; round++) {
      const child = spawn(
        process.execPath,
        [
          '--disable-warning=ExperimentalWarning',
          new URL('./writer-process.ts', import.meta.url).pathname,
          folder,
          String(round * 1_000_000),
        ],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      )
      // Its output ends before it is gone, and until then it holds the lock.
      const exited = new Promise((resolve) => child.once('exit', resolve))
      let seen = 0
      for await (const line of createInterface({ input: child.stdout })) {
        if (line.startsWith('ack ')) acknowledged.add(Number(line.slice(4)))
        if (++seen === 30 + round * 23) child.kill('SIGKILL')
      }
      await exited
      const crypto = defaultCrypto()
      const store = await openPackStore(folder, { packBytes: 300_000 })
      for (const number of acknowledged) {
        const bytes = new Uint8Array(1000 + (number % 7) * 5000).fill(number & 255)
        new DataView(bytes.buffer).setUint32(0, number)
        expect(Buffer.compare(await store.get(await blockCid(crypto, codec.raw, bytes)), bytes)).toBe(0)
      }
      for await (const bad of store.scrub()) throw new Error(`${bad} is torn`)
      if (round === rounds - 1) {
        await store.collect(() => [])
        expect(store.size).toBe(0)
      }
      await store.close()
    }
    expect(acknowledged.size).toBeGreaterThan(100)
  })
})

describe('zos-store', () => {
  it('shares a file between two homes and serves an image and buckets', async () => {
    const other = async (...args: string[]) =>
      (
        await run(process.execPath, [
          '--disable-warning=ExperimentalWarning',
          cliFile,
          ...args,
          '--home',
          join(folder, 'other'),
        ])
      ).stdout
    await cli('init', '--k', '2', '--n', '3', '--nodes', '3')
    await other('init', '--k', '2', '--n', '3', '--nodes', '0')
    for (let i = 0; i < 3; i++) await other('add-node', join(folder, 'home/nodes', `local-${i}`))
    const file = join(folder, 'f')
    await writeFile(file, 'between us')
    await cli('put', file)
    const key = (await other('share')).trim()
    await cli('share', 'f', '--with', key, '--out', join(folder, 'record'))
    const capability = (await other('share', join(folder, 'record'), '--open')).trim()
    expect(await other('get', capability)).toBe('between us')
    await expect(cli('get', 'missing')).rejects.toThrow(/not in the list/)
    await expect(cli('init')).rejects.toThrow(/is a home already/)
    for (const [command, ...args] of [
      ['mount-nbd', 'disk', '--size', '1', '--port', '0'],
      ['serve-s3', '--port', '0', '--private'],
      ['serve-webdav', '--port', '0'],
      ['serve-webdav', '--port', '0', '--private'],
    ]) {
      const server = await start('../../src/cli/main.ts', [command!, ...args, '--home', join(folder, 'home')])
      expect(server.ready.uri ?? server.ready.url).toMatch(/^(nbd|http):/)
      if (command === 'serve-webdav') await putAndGet(server.ready as { url: string; user: string; password: string })
      const ended = new Promise((resolve) => server.child.once('exit', resolve))
      server.child.kill('SIGTERM')
      expect(await ended).toBe(0)
    }
  })
})

/** A file and an empty one, with the password that the server tells of, and none without. */
async function putAndGet({ url, user, password }: { url: string; user: string; password: string }): Promise<void> {
  const authorization = `Basic ${btoa(`${user}:${(await readFile(password, 'utf8')).trim()}`)}`
  for (const body of ['of webdav', '']) {
    expect((await fetch(`${url}/f`, { method: 'PUT', body })).status).toBe(401)
    expect((await fetch(`${url}/f`, { method: 'PUT', body, headers: { authorization } })).ok).toBe(true)
    expect(await (await fetch(`${url}/f`, { headers: { authorization } })).text()).toBe(body)
  }
}

it('a gateway fetches from a peer what a client pins, keeps it, and serves it by path and by subdomain', async () => {
  const blocks = createMemoryBlockStore()
  const peer = await startPeer({ blocks })
  try {
    const file = await importFile(blocks, [new TextEncoder().encode('pinned content')])
    const { cid } = await writeDirectory(blocks, [{ name: 'a.txt', ...file }])
    const args = [
      'gateway',
      '--port',
      '0',
      '--files',
      '--pins',
      '--hosts',
      'gw.test',
      '--proxied',
      '--home',
      join(folder, 'gw'),
    ]
    const server = await start('../../src/cli/main.ts', args)
    children.push(server)
    const { url, token } = server.ready
    const pins = (method: string, path: string, body?: unknown, bearer?: string) =>
      fetch(`${url}/pins${path}`, {
        method,
        headers: bearer === undefined ? {} : { authorization: `Bearer ${bearer}` },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
    const secret = (await readFile(token!, 'utf8')).trim()
    expect((await pins('GET', '')).status).toBe(401)
    expect((await pins('GET', '', undefined, `${secret}x`)).status).toBe(401)
    const added = await pins('POST', '', { cid: String(cid), origins: peer.addresses }, secret)
    expect(added.status).toBe(202)
    const { requestid } = (await added.json()) as { requestid: string }
    const status = async () =>
      ((await (await pins('GET', `/${requestid}`, undefined, secret)).json()) as { status: string }).status
    while (['queued', 'pinning'].includes(await status())) await new Promise((resolve) => setTimeout(resolve, 50))
    expect(await status()).toBe('pinned')
    await peer.stop()
    expect(await (await fetch(`${url}/ipfs/${cid}/a.txt`)).text()).toBe('pinned content')
    const site = await fetch(`${url}/a.txt`, { headers: { 'x-forwarded-host': `${cid}.ipfs.gw.test` } })
    expect(await site.text()).toBe('pinned content')
    expect(Buffer.from(await (await fetch(`${url}/ipfs/${cid}?format=raw`)).arrayBuffer())).toEqual(
      Buffer.from(await blocks.get(cid)),
    )
  } finally {
    await peer.stop()
  }
})
