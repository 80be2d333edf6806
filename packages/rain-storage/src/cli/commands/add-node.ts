import { numberOf, storeCommand } from '../command.ts'
import { homeFolder, readSettings, writeSettings } from '../home.ts'

export default storeCommand({
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
      weight: numberOf('weight', args.weight, { least: 0.001, most: 1_000_000, whole: false }),
      ...(remote ? { address: args.where } : { path: args.where }),
    }
    const nodes = [...settings.nodes.filter((other) => other.id !== id), node]
    await writeSettings(folder, { ...settings, nodes })
    console.log(`${nodes.length} node${nodes.length === 1 ? '' : 's'}`)
  },
})
