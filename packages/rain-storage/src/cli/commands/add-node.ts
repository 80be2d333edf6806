import { defineCommand } from 'citty'
import { homeFolder, readSettings, writeSettings } from '../home.ts'

export default defineCommand({
  meta: { name: 'add-node', description: 'Add a storage node: a folder or a multiaddr of "zos-store node"' },
  args: {
    where: { type: 'positional', description: 'folder or multiaddr', required: true },
    home: { type: 'string', description: 'folder (default ~/.zos-store)' },
    domain: { type: 'string', description: 'failure domain, e.g. a site; default the node itself' },
    weight: { type: 'string', description: 'share of shards relative to other nodes', default: '1' },
  },
  async run({ args }) {
    const folder = homeFolder(args.home)
    const settings = await readSettings(folder)
    const remote = args.where.startsWith('/ip') || args.where.startsWith('/dns')
    const id = remote ? (args.where.split('/p2p/')[1] ?? args.where) : args.where
    const node = {
      id,
      domain: args.domain ?? id,
      weight: Number(args.weight),
      ...(remote ? { address: args.where } : { path: args.where }),
    }
    await writeSettings(folder, { ...settings, nodes: [...settings.nodes.filter((other) => other.id !== id), node] })
    console.log(`${settings.nodes.length + 1} nodes`)
  },
})
