import { nines, YEAR_HOURS } from '../../durability/model.ts'
import { storeCommand } from '../command.ts'
import { homeFolder, openHome } from '../home.ts'

export default storeCommand({
  meta: { name: 'status', description: 'Check every shard of every file; with --repair, bring lost ones back' },
  args: {
    home: { type: 'string', description: 'folder (default ~/.zos-store)' },
    repair: { type: 'boolean', description: 'rebuild lost shards', default: false },
  },
  async run({ args }) {
    const home = await openHome(homeFolder(args.home))
    try {
      const { dataShards, totalShards } = home.settings
      const durability = nines({ dataShards, totalShards, nodeLifeHours: YEAR_HOURS, repairHours: 24 })
      console.log(
        `${home.nodes.length} nodes, ${dataShards} of ${totalShards} shards: ${durability.toFixed(1)} nines a segment and year at one-year nodes and 24 h repair`,
      )
      let worst = 0
      for (const { name, capability } of await home.files()) {
        let lost = 0
        let margin = totalShards - dataShards
        let segments = 0
        for await (const health of home.vault.inspect(capability.root)) {
          segments++
          lost += health.lost.length
          margin = Math.min(margin, health.margin)
        }
        console.log(
          `${margin < 0 ? 'LOST' : lost > 0 ? 'degraded' : 'whole'}  ${name}: ${segments} segments, ${lost} shards lost, ${margin} to spare`,
        )
        if (margin < 0) worst = 1
        if (args.repair && lost > 0 && margin >= 0)
          console.log(`  rebuilt ${(await home.vault.repair(capability.root)).rebuilt} shards`)
      }
      process.exitCode = worst
    } finally {
      await home.close()
    }
  },
})
