/**
 * Pruning a running ledger of thirty validators: milliseconds that one pruning keeps the thread. `minute`: after every 60 rounds, with
 * 180 kept; `hour`: once, after 3,600 rounds, with 180 kept. The peer builds a new DAG of the kept units from the pruning point.
 */
import { createDag, createMainChain, pruneLedger, type UnitRef } from '@zos/dag'
import { cpuSeconds, genesis, report, rounds } from './rounds.ts'

const quick = process.argv.includes('--quick')
const KEPT = 180

function prunedEvery(every: number, count: number): void {
  const { units, leaders } = rounds(30, count, 0)
  const dag = createDag({ genesis })
  const mainChain = createMainChain(dag)
  let seconds = 0
  let prunings = 0
  let most = 0
  for (const [i, unit] of units.entries()) {
    dag.append(unit, { shapeChecked: true })
    const leader = leaders.get(i)
    if (leader === undefined) continue
    mainChain.commit(leader)
    if (mainChain.tip.mci - mainChain.base < every + KEPT) continue
    most = Math.max(most, dag.byteLength)
    seconds += cpuSeconds(() => pruneLedger({ dag, mainChain }, mainChain.tip.mci - KEPT))
    prunings++
  }
  const kept = units.filter(({ id }) => dag.view.indexOf(id) >= 0 && id !== dag.pruningPoint!.unit.id)
  const rebuild = cpuSeconds(() => rebuilt(dag.pruningPoint!, kept, dag.size))
  const metric = every === 60 ? 'minute' : 'hour'
  const label = 'a new DAG from the pruning point with the kept units'
  report('dag-prune', metric, (1000 * seconds) / prunings, 'ms', label, 1000 * rebuild)
  report('dag-prune', `${metric}-bytes`, most, 'bytes of dense structure at most')
}

function rebuilt(pruningPoint: Parameters<typeof createDag>[0]['pruningPoint'], kept: UnitRef[], size: number): void {
  const dag = createDag({ genesis, pruningPoint: pruningPoint! })
  for (const unit of kept) dag.append(unit, { shapeChecked: true })
  if (dag.size !== size) throw new Error(`rebuilt ${dag.size} units, pruning kept ${size}`)
}

prunedEvery(60, quick ? 400 : 1200)
prunedEvery(quick ? 600 : 3600, quick ? 790 : 3790)
