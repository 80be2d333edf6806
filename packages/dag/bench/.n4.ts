import { createDag, createMainChain } from '@zos/dag'
import { cpuSeconds, genesis, rounds } from './rounds.ts'

const n = Number(process.argv[2] ?? 4)
const count = Number(process.argv[3] ?? 40000)
const noHeaders = { get: () => undefined, set: () => {}, delete: () => {} }
for (const c of [count / 5, count, count]) {
  const { units, leaders } = rounds(n, c, 0)
  let bytes = 0
  let a = 0,
    total = 0
  const s = cpuSeconds(() => {
    const dag = createDag({ genesis, headers: noHeaders })
    const chain = createMainChain(dag)
    for (let i = 0; i < units.length; i++) {
      if (dag.append(units[i]!, { shapeChecked: true }).status !== 'added') throw new Error('not added')
      const leader = leaders.get(i)
      if (leader === undefined) continue
      const { indexed } = chain.commit(leader)
      total += indexed.length
    }
    bytes = dag.byteLength / dag.size
  })
  console.log(n, Math.round(total / s), 'units/s', bytes.toFixed(1))
}
