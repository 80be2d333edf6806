import { numberOf, storeCommand } from '../command.ts'
import { homeFolder } from '../home.ts'
import { serveShards } from '../serve-shards.ts'
import { untilStopped } from '../until-stopped.ts'

export default storeCommand({
  meta: { name: 'node', description: 'Keep shards for others, over libp2p' },
  args: {
    home: { type: 'string', description: 'folder for blocks and key (default ~/.zos-store)' },
    listen: { type: 'string', description: 'multiaddr', default: '/ip4/127.0.0.1/tcp/0' },
    capacity: { type: 'string', description: 'gigabytes that are taken', default: '100' },
  },
  async run({ args }) {
    const stopped = untilStopped() // from the start: a signal may come before all is open
    const capacityBytes = numberOf('capacity', args.capacity, { least: 0, whole: false }) * 1e9
    const server = await serveShards({ folder: homeFolder(args.home), listen: args.listen, capacityBytes })
    console.log(JSON.stringify({ address: server.address, blocks: server.store.size }))
    await stopped
    await server.stop()
  },
})
