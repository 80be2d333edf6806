import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeWhole } from '../../platform/file-system.ts'
import { openPackStore } from '../../platform/pack/pack-store.ts'
import { createLocalNode } from '../../rain/node.ts'
import { numberOf, storeCommand } from '../command.ts'
import { homeFolder } from '../home.ts'
import { untilStopped } from '../until-stopped.ts'

export default storeCommand({
  meta: { name: 'node', description: 'Keep shards for others, over libp2p' },
  args: {
    home: { type: 'string', description: 'folder for blocks and key (default ~/.zos-store)' },
    listen: { type: 'string', description: 'multiaddr', default: '/ip4/127.0.0.1/tcp/0' },
    capacity: { type: 'string', description: 'gigabytes that are taken', default: '100' },
  },
  async run({ args }) {
    const [{ generateKeyPair, privateKeyFromRaw }, { startPeer }] = await Promise.all([
      import('@libp2p/crypto/keys'),
      import('../../network/peer.ts'),
    ])
    const stopped = untilStopped() // from the start: a signal may come before all is open
    const folder = homeFolder(args.home)
    const store = await openPackStore(join(folder, 'blocks'))
    const keyFile = join(folder, 'peer-key')
    const raw = await readFile(keyFile).catch(() => undefined)
    const privateKey = raw === undefined ? await generateKeyPair('Ed25519') : privateKeyFromRaw(raw)
    if (raw === undefined) await writeWhole(keyFile, privateKey.raw)
    const node = createLocalNode({
      id: 'self',
      domain: 'self',
      weight: 1,
      store,
      leases: store,
      capacityBytes: numberOf('capacity', args.capacity, { least: 0, whole: false }) * 1e9,
    })
    const peer = await startPeer({ blocks: store, node, privateKey, listen: [args.listen] })
    console.log(JSON.stringify({ address: peer.addresses[0], blocks: store.size }))
    await stopped
    await peer.stop()
    await store.close()
  },
})
