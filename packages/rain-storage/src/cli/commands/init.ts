import { join } from 'node:path'
import { defineCommand } from 'citty'
import { createHome, homeFolder, type NodeSetting } from '../home.ts'

export default defineCommand({
  meta: { name: 'init', description: 'Make a home: a seed and the nodes that keep the shards' },
  args: {
    home: { type: 'string', description: 'folder (default ~/.zos-store)' },
    k: { type: 'string', description: 'data shards of a segment', default: '1' },
    n: { type: 'string', description: 'all shards of a segment', default: '1' },
    nodes: { type: 'string', description: 'nodes in folders of this machine', default: '1' },
  },
  async run({ args }) {
    const folder = homeFolder(args.home)
    const nodes = Array.from({ length: Number(args.nodes) }, (_, i): NodeSetting => {
      const id = `local-${i}`
      return { id, domain: id, weight: 1, path: join(folder, 'nodes', id) }
    })
    await createHome(folder, { dataShards: Number(args.k), totalShards: Number(args.n), nodes })
    console.log(`${folder}: ${args.k} of ${args.n} shards on ${args.nodes} nodes`)
  },
})
