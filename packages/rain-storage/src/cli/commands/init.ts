import { join } from 'node:path'
import { DEFAULT_REDUNDANCY } from '../../durability/planner.ts'
import { numberOf, storeCommand } from '../command.ts'
import { createHome, homeFolder, type NodeSetting } from '../home.ts'

const MAX_SHARDS = 255
const MAX_LOCAL_NODES = 1_000

export default storeCommand({
  meta: { name: 'init', description: 'Make a home: a seed and the nodes that keep the shards' },
  args: {
    home: { type: 'string', description: 'folder (default ~/.zos-store)' },
    k: { type: 'string', description: 'data shards of a segment', default: String(DEFAULT_REDUNDANCY.dataShards) },
    n: { type: 'string', description: 'all shards of a segment', default: String(DEFAULT_REDUNDANCY.totalShards) },
    nodes: { type: 'string', description: 'nodes in folders of this machine (default: as many as shards)' },
  },
  async run({ args }) {
    const folder = homeFolder(args.home)
    const totalShards = numberOf('n', args.n, { least: 1, most: MAX_SHARDS })
    const dataShards = numberOf('k', args.k, { least: 1, most: totalShards })
    const count = numberOf('nodes', args.nodes ?? String(totalShards), { least: 0, most: MAX_LOCAL_NODES })
    const nodes = Array.from({ length: count }, (_, i): NodeSetting => {
      const id = `local-${i}`
      return { id, domain: id, weight: 1, path: join(folder, 'nodes', id) }
    })
    await createHome(folder, { dataShards, totalShards, nodes })
    console.log(`${folder}: ${dataShards} of ${totalShards} shards, ${count} node${count === 1 ? '' : 's'}`)
    if (count > 0)
      console.log('All nodes are folders of this machine: a lost disk is lost. "zos-store add-node" adds others.')
  },
})
