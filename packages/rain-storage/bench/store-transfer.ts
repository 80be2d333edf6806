// Fetching a file over loopback from another process, MB per CPU-second of the reading process: sealed blocks from our gateway over
// HTTP/1.1, hashed and opened, against Helia's Bitswap (its transport encrypts, it hashes); against node:tls (encrypts, hashes nothing); and, where they are
// installed, against hypercore (encrypts and hashes) and WebTorrent over TCP (hashes by SHA-1). They are no dependencies: install them anywhere with
// `npm install --ignore-scripts webtorrent hypercore@10 random-access-memory memory-chunk-store` and name the folder in ZOS_BENCH_PEERS.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createRequire, registerHooks } from 'node:module'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createServer as createTlsServer, connect as tlsConnect } from 'node:tls'
import { pathToFileURL } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
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

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

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

/** A module of the folder of peers, or `undefined` where it is not installed. */
async function optional(name: string): Promise<any> {
  const folder = process.env.ZOS_BENCH_PEERS
  if (folder === undefined) return undefined
  try {
    const path = createRequire(join(folder, 'package.json')).resolve(name)
    return (await import(pathToFileURL(path).href)).default
  } catch {
    return undefined
  }
}

/** WebTorrent without WebRTC, whose binary comes by an install script; `undefined` where it is not installed. */
async function createTorrents(): Promise<any> {
  const absent =
    'data:text/javascript,export const RTCPeerConnection = undefined, RTCSessionDescription = undefined, RTCIceCandidate = undefined; export default {}'
  registerHooks({
    resolve: (name, context, next) =>
      name === 'webrtc-polyfill' || name === 'node-datachannel'
        ? { url: absent, shortCircuit: true }
        : next(name, context),
  })
  const folder = process.env.ZOS_BENCH_PEERS
  if (folder === undefined) return undefined
  const WebTorrent = (
    await import(pathToFileURL(join(folder, 'node_modules/webtorrent/index.js')).href).catch(() => undefined)
  )?.default
  return (
    WebTorrent &&
    new WebTorrent({
      dht: false,
      tracker: false,
      lsd: false,
      natUpnp: false,
      natPmp: false,
      utp: false,
      webSeeds: false,
    })
  )
}

const PSK = { ciphers: 'PSK-AES256-GCM-SHA384', maxVersion: 'TLSv1.2' } as const
const secret = Buffer.alloc(32, 9)

const listen = (server: { listen(port: number, host: string, done: () => void): unknown; address(): unknown }) =>
  new Promise<number>((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
  )

/** The others, serving the same bytes: where they are reached, and what they call the content. */
async function servePeers(data: Uint8Array) {
  const tls = await listen(createTlsServer({ ...PSK, pskCallback: () => secret }, (socket) => socket.end(data)))
  const [Hypercore, memory] = await Promise.all([optional('hypercore'), optional('random-access-memory')])
  let hypercore: { port: number; key: string } | undefined
  if (Hypercore && memory) {
    const core = new Hypercore(memory)
    await core.ready()
    const blocks = Array.from({ length: BYTES / HYPERCORE_BLOCK }, (_, i) =>
      Buffer.from(data.subarray(i * HYPERCORE_BLOCK, (i + 1) * HYPERCORE_BLOCK)),
    )
    await core.append(blocks)
    const port = await listen(
      createServer((socket: Socket) => {
        const stream = core.replicate(false, { keepAlive: false })
        socket.pipe(stream).pipe(socket)
        socket.on('error', () => undefined)
      }),
    )
    hypercore = { port, key: core.key.toString('hex') }
  }
  const torrents = await createTorrents()
  let torrent: { port: number; file: string } | undefined
  if (torrents) {
    const made = await new Promise<any>((resolve) =>
      torrents.seed(Buffer.from(data), { name: 'content', announceList: [], pieceLength: CHUNK }, resolve),
    )
    torrent = { port: torrents.torrentPort, file: Buffer.from(made.torrentFile).toString('base64') }
  }
  return { tls, hypercore, torrent }
}

/** Blocks of hypercore, as its users have them. */
const HYPERCORE_BLOCK = 64 * 1024

async function* overTls(port: number): AsyncGenerator<Uint8Array> {
  const pskCallback = () => ({ psk: secret, identity: 'reader' })
  yield* tlsConnect({ ...PSK, port, host: '127.0.0.1', pskCallback, checkServerIdentity: () => undefined })
}

async function* overHypercore({ port, key }: { port: number; key: string }): AsyncGenerator<Uint8Array> {
  const [Hypercore, memory] = await Promise.all([optional('hypercore'), optional('random-access-memory')])
  const core = new Hypercore(memory, Buffer.from(key, 'hex'))
  await core.ready()
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  socket.pipe(core.replicate(true, { keepAlive: false })).pipe(socket)
  const blocks = BYTES / HYPERCORE_BLOCK
  core.download({ start: 0, end: blocks })
  for (let i = 0; i < blocks; i++) yield await core.get(i)
  socket.destroy()
  await core.close()
}

async function* overTorrent({ port, file }: { port: number; file: string }): AsyncGenerator<Uint8Array> {
  const torrents = await createTorrents()
  const store = await optional('memory-chunk-store')
  const torrent = torrents.add(Buffer.from(file, 'base64'), { store, storeCacheSlots: 0 })
  torrent.on('infoHash', () => torrent.addPeer(`127.0.0.1:${port}`))
  await new Promise((resolve, reject) => {
    torrent.on('done', resolve)
    torrents.on('error', reject)
  })
  for await (const part of torrent.files[0]) yield part
  await new Promise<void>((resolve) => torrents.destroy(() => resolve()))
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
  const address = String(libp2p.getMultiaddrs()[0])
  console.log(JSON.stringify({ url: server.url, cids, address, root: String(root), ...(await servePeers(data)) }))
}

async function read(): Promise<void> {
  const child = spawn(
    process.execPath,
    [...process.execArgv, new URL(import.meta.url).pathname, '--serve', ...process.argv.slice(2)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const line = (await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next()).value as string
  const { url, cids, address, root, tls, hypercore, torrent } = JSON.parse(line) as {
    url: string
    cids: string[]
    address: string
    root: string
  } & Awaited<ReturnType<typeof servePeers>>
  const expected = createHash('sha256').update(content()).digest('hex')
  const crypto = defaultCrypto()

  /** Best of some rounds; one more comes first, in which the bytes are checked. Nothing is kept: what a reader does with the bytes is not measured. */
  async function measure(source: () => AsyncIterable<Uint8Array>, rounds: number, check = true): Promise<number> {
    let best = 0
    for (let round = check ? -1 : 0; round < rounds; round++) {
      collectGarbage() // of the round before
      const hash = createHash('sha256')
      let bytes = 0
      const start = process.cpuUsage()
      for await (const part of source()) {
        bytes += part.length
        if (round < 0) hash.update(part)
      }
      const { user, system } = process.cpuUsage(start)
      if (bytes !== BYTES || (round < 0 && hash.digest('hex') !== expected))
        throw new Error('the bytes came back wrong')
      if (round >= 0) best = Math.max(best, BYTES / (user + system))
    }
    return best
  }

  const gateway = createGatewaySource({ url, getBytes: createHttpGet() })
  const ours = await measure(async function* () {
    // sealed blocks are read into the same memory again, and opened there
    const memories = Array.from({ length: 5 }, () => new Uint8Array(CHUNK + 16))
    const ahead: Promise<Uint8Array>[] = []
    for (let i = 0; i < cids.length + 4; i++) {
      if (i < cids.length) ahead.push(gateway.get(CID.parse(cids[i]!), { into: memories[i % memories.length] }))
      if (i < 4) continue
      const sealed = await ahead.shift()!
      const plain = await crypto.open(key, nonceOf(i - 4), sealed, nothing, sealed)
      if (plain === undefined) throw new Error('a block does not open')
      yield plain
    }
  }, 4)

  const plainTls = await measure(() => overTls(tls), 4)

  const { unixfs } = await import('@helia/unixfs')
  const { multiaddr } = await import('@multiformats/multiaddr')
  let peer = 0
  for (let round = -1; round < 3; round++) {
    const helia = await createPeer()
    await helia.start()
    const { libp2p } = helia as unknown as { libp2p: { dial(to: unknown): Promise<unknown> } }
    await libp2p.dial(multiaddr(address))
    // it keeps what it has fetched, so each round has a new one
    const cat = () => unixfs(helia as never).cat(CID.parse(root))
    peer = Math.max(peer, round < 0 ? await measure(cat, 0) : await measure(cat, 1, false))
    await helia.stop()
  }
  const others = {
    'node:tls, nothing hashed': plainTls,
    'Helia Bitswap': peer,
    hypercore: hypercore && (await measure(() => overHypercore(hypercore), 3)),
    WebTorrent: torrent && (await measure(() => overTorrent(torrent), 3)),
  }
  for (const [name, peerValue] of Object.entries(others)) {
    if (peerValue === undefined) {
      console.error(`${name} was not run: ZOS_BENCH_PEERS names no folder that has it`)
      continue
    }
    const metric = name === 'Helia Bitswap' ? 'encrypted' : `encrypted-${name.replace(/\W.*/, '').toLowerCase()}`
    printMetric({ bench: 'store-transfer', metric, value: ours, unit: 'MB/cpu-s', peer: name, peerValue })
  }
  child.kill()
  process.exit() // peers may leave timers behind
}

if (process.argv.includes('--serve')) await serve()
else await read()
