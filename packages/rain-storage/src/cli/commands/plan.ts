import { defineCommand } from 'citty'
import { YEAR_HOURS } from '../../durability/model.ts'
import { planRedundancy } from '../../durability/planner.ts'

export default defineCommand({
  meta: { name: 'plan', description: 'How many shards a wanted durability needs' },
  args: {
    nines: { type: 'string', description: 'wanted nines a segment and year', default: '7' },
    life: { type: 'string', description: 'mean life of a node, days', default: '365.25' },
    repair: { type: 'string', description: 'mean time to repair, hours', default: '24' },
    k: { type: 'string', description: 'data shards', default: '10' },
  },
  run({ args }) {
    const plan = planRedundancy({
      nines: Number(args.nines),
      dataShards: Number(args.k),
      nodeLifeHours: (Number(args.life) / 365.25) * YEAR_HOURS,
      repairHours: Number(args.repair),
    })
    console.log(
      `${plan.dataShards} of ${plan.totalShards}: ${plan.nines.toFixed(1)} nines, ${plan.expansion.toFixed(2)} times the data, at most ${plan.maxPerDomain} shards in a failure domain`,
    )
  },
})
