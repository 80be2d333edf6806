import { YEAR_HOURS } from '../../durability/model.ts'
import { planRedundancy } from '../../durability/planner.ts'

import { numberOf, storeCommand } from '../command.ts'

export default storeCommand({
  meta: { name: 'plan', description: 'How many shards a wanted durability needs' },
  args: {
    nines: { type: 'string', description: 'wanted nines a segment and year', default: '7' },
    life: { type: 'string', description: 'mean life of a node, days', default: '365.25' },
    repair: { type: 'string', description: 'mean time to repair, hours', default: '24' },
    k: { type: 'string', description: 'data shards', default: '10' },
  },
  run({ args }) {
    const plan = planRedundancy({
      nines: numberOf('nines', args.nines, { least: 0, most: 30, whole: false }),
      dataShards: numberOf('k', args.k, { least: 1, most: 255 }),
      nodeLifeHours: (numberOf('life', args.life, { least: 0.01, whole: false }) / 365.25) * YEAR_HOURS,
      repairHours: numberOf('repair', args.repair, { least: 0, whole: false }),
    })
    console.log(
      `${plan.dataShards} of ${plan.totalShards}: ${plan.nines.toFixed(1)} nines, ${plan.expansion.toFixed(2)} times the data, at most ${plan.maxPerDomain} shards in a failure domain`,
    )
  },
})
