// Fetching a file over loopback from another process, MB per CPU-second of the reading process: sealed blocks from our gateway over
// HTTP/1.1, hashed and opened, against Helia's Bitswap (its transport encrypts, it hashes).
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createInterface } from 'node:readline'
import {
  blockCid,
  codec,
  createGateway,
  createGatewaySource,
  createMemoryBlockStore,
  defaultCrypto,
} from '@zos/rain-storage'
import { createHttpGet, serveHttp } from '@zos/rain-storage/node'
import { CID } from 'multiformats/cid'
import { printMetric } from '../../../scripts/metric.ts'

const quick = process.argv.includes('--quick')
const BYTES = (quick ? 16 : 64) * 1024 * 1024
const CHUNK = 1024 * 1024
const key = new Uint8Array(32).fill(7)
const nonceOf = (i: number) => new Uint8Array(12).fill(i & 255)
const nothing = new Uint8Array(0)

function content(): Uint8Array {
  // the same bytes in both processes
  const data = new Uint8Array(BYTES)
  let block = createHash('sha512').update('seed').digest()
  for (let i = 0; i < BYTES; i += 64) {
    if (i % 4096 === 0) block = createHash('sha512').update(block).digest()
    data.set(block, i)
  }
  return data
}

/** The peer, loaded when it is needed: its modules would weigh on every garbage collection of ours. */
async function createPeer() {
  const [{ withBitswap }, { withLibp2pLight }, { createHeliaLight }, { MemoryBlockstore }] = await Promise.all([
    import('@helia/bitswap'),
    import('@helia/libp2p'),
    import('helia'),
    import('blockstore-core'),
  ])
  const [{ identify }, { noise }, { tcp }, { yamux }] = await Promise.all([
    import('@libp2p/identify'),
    import('@libp2p/noise'),
    import('@libp2p/tcp'),
    import('@libp2p/yamux'),
  ])
  return withBitswap(
    withLibp2pLight(createHeliaLight({ blockstore: new MemoryBlockstore() as never }), {
      addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      services: { identify: identify() },
    } as never),
  )
}

async function serve(): Promise<void> {
  const data = content()
  const crypto = defaultCrypto()
  const store = createMemoryBlockStore()
  const cids: string[] = []
  for (let i = 0; i * CHUNK < BYTES; i++) {
    const sealed = await crypto.seal(key, nonceOf(i), data.subarray(i * CHUNK, (i + 1) * CHUNK), nothing)
    const cid = await blockCid(crypto, codec.raw, sealed)
    await store.put(cid, sealed)
    cids.push(String(cid))
  }
  const server = await serveHttp({ handler: createGateway({ blocks: store }), port: 0 })
  const helia = await createPeer()
  await helia.start()
  const { unixfs } = await import('@helia/unixfs')
  const root = await unixfs(helia as never).addByteStream([data])
  const { libp2p } = helia as unknown as { libp2p: { getMultiaddrs(): unknown[] } }
  console.log(JSON.stringify({ url: server.url, cids, address: String(libp2p.getMultiaddrs()[0]), root: String(root) }))
}

async function read(): Promise<void> {
  const child = spawn(
    process.execPath,
    [...process.execArgv, new URL(import.meta.url).pathname, '--serve', ...process.argv.slice(2)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const line = (await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next()).value as string
  const { url, cids, address, root } = JSON.parse(line) as {
    url: string
    cids: string[]
    address: string
    root: string
  }
  const expected = createHash('sha256').update(content()).digest('hex')
  const crypto = defaultCrypto()

  async function measure(source: () => AsyncIterable<Uint8Array>, rounds: number): Promise<number> {
    let best = 0
    for (let round = 0; round < rounds; round++) {
      const start = process.cpuUsage()
      const parts: Uint8Array[] = []
      for await (const part of source()) parts.push(part)
      const { user, system } = process.cpuUsage(start)
      best = Math.max(best, BYTES / (user + system))
      const hash = createHash('sha256')
      for (const part of parts) hash.update(part)
      if (hash.digest('hex') !== expected) throw new Error('the bytes came back wrong')
    }
    return best
  }

  const gateway = createGatewaySource({ url, getBytes: createHttpGet() })
  const ours = await measure(async function* () {
    const ahead: Promise<Uint8Array>[] = []
    for (let i = 0; i < cids.length + 4; i++) {
      if (i < cids.length) ahead.push(gateway.get(CID.parse(cids[i]!)))
      if (i < 4) continue
      const plain = await crypto.open(key, nonceOf(i - 4), await ahead.shift()!, nothing)
      if (plain === undefined) throw new Error('a block does not open')
      yield plain
    }
  }, 4)

  const { unixfs } = await import('@helia/unixfs')
  const { multiaddr } = await import('@multiformats/multiaddr')
  let round = 0
  let peer = 0
  for (; round < 2; round++) {
    const helia = await createPeer()
    await helia.start()
    const { libp2p } = helia as unknown as { libp2p: { dial(to: unknown): Promise<unknown> } }
    await libp2p.dial(multiaddr(address))
    peer = Math.max(peer, await measure(() => unixfs(helia as never).cat(CID.parse(root)), 1))
    await helia.stop()
  }
  printMetric({
    bench: 'store-transfer',
    metric: 'encrypted',
    value: ours,
    unit: 'MB/cpu-s',
    peer: 'Helia Bitswap',
    peerValue: peer,
  })
  child.kill()
}

if (process.argv.includes('--serve')) await serve()
else await read()
