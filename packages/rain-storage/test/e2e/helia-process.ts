// Helia with Bitswap over TCP: `add BYTES` and `sha CID`.
import { createHash } from 'node:crypto'
import { createInterface } from 'node:readline'
import { withBitswap } from '@helia/bitswap'
import { withLibp2pLight } from '@helia/libp2p'
import { unixfs } from '@helia/unixfs'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { MemoryBlockstore } from 'blockstore-core'
import { createHeliaLight } from 'helia'
import { CID } from 'multiformats/cid'

const helia = withBitswap(
  withLibp2pLight(createHeliaLight({ blockstore: new MemoryBlockstore() as never }), {
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    peerDiscovery: [],
    services: { identify: identify() },
  } as never),
)
await helia.start()
const fs = unixfs(helia as never)
const { libp2p } = helia as unknown as {
  libp2p: { getMultiaddrs(): unknown[]; dial(address: unknown): Promise<unknown> }
}
console.log(JSON.stringify({ address: String(libp2p.getMultiaddrs()[0]) }))
for await (const line of createInterface({ input: process.stdin })) {
  const [command, argument] = line.split(' ')
  try {
    if (command === 'add') {
      const bytes = Buffer.alloc(Number(argument))
      for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 31 + (i >> 12)) & 255
      const cid = await fs.addBytes(bytes)
      console.log(`${cid} ${createHash('sha256').update(bytes).digest('hex')}`)
    } else if (command === 'sha') {
      const hash = createHash('sha256')
      for await (const part of fs.cat(CID.parse(argument!), { signal: AbortSignal.timeout(20_000) })) hash.update(part)
      console.log(hash.digest('hex'))
    }
  } catch (error) {
    console.log(`error ${error}`)
  }
}
