/**
 * Units ordered a second: append (ids, edges, heights, vector clocks), commit every second round's leader, index and sort its past.
 * Signatures, hashing and decoding are not part of it. The peer is a plain version on Maps of strings, in the same run.
 */
import { createDag, createMainChain, type UnitHeader, type UnitId } from '@zos/dag'
import { cpuSeconds, genesis, report, rounds } from './rounds.ts'

const quick = process.argv.includes('--quick')

/** Headers are kept elsewhere, as a node does: what is measured is the structure. */
const noHeaders = { get: () => undefined, set: () => {}, delete: () => {} }

function ordered(n: number, count: number, users: number) {
  const { units, leaders } = rounds(n, count, users)
  let total = 0
  let bytes = 0
  let last = ''
  const seconds = cpuSeconds(() => {
    const dag = createDag({ genesis, headers: noHeaders })
    const chain = createMainChain(dag)
    for (let i = 0; i < units.length; i++) {
      if (dag.append(units[i]!, { shapeChecked: true }).status !== 'added') throw new Error('not added')
      const leader = leaders.get(i)
      if (leader === undefined) continue
      const { indexed } = chain.commit(leader)
      total += indexed.length
      last = indexed.at(-1)!.id
    }
    bytes = dag.byteLength / dag.size
  })
  return { total, seconds, bytes, last, units, leaders }
}

/** The peer: the same rule over Maps, sets and strings. */
function plain(units: { id: UnitId; header: UnitHeader }[], leaders: Map<number, UnitId>) {
  const parents = new Map<UnitId, readonly UnitId[]>([[genesis.id, []]])
  const height = new Map<UnitId, number>([[genesis.id, 0]])
  const index = new Set<UnitId>([genesis.id])
  let total = 0
  let last = ''
  const seconds = cpuSeconds(() => {
    for (let i = 0; i < units.length; i++) {
      const { id, header } = units[i]!
      parents.set(id, header.parents)
      let top = 0
      for (const parent of header.parents) top = Math.max(top, height.get(parent)! + 1)
      height.set(id, top)
      const leader = leaders.get(i)
      if (leader === undefined) continue
      const entered = [leader]
      index.add(leader)
      for (let at = 0; at < entered.length; at++) {
        for (const parent of parents.get(entered[at]!)!) {
          if (index.has(parent)) continue
          index.add(parent)
          entered.push(parent)
        }
      }
      entered.sort((a, b) => height.get(a)! - height.get(b)! || (a < b ? -1 : 1))
      total += entered.length
      last = entered.at(-1)!
    }
  })
  return { total, seconds, last }
}

const label = 'the same rule on Maps of strings, heights and edges only, no ancestry'
const sizes = quick ? { n4: 8000, n30: 500, n100: 100, users: 40 } : { n4: 40_000, n30: 3000, n100: 500, users: 200 }
for (const [metric, n, count] of [
  ['n4', 4, sizes.n4],
  ['n30', 30, sizes.n30],
  ['n100', 100, sizes.n100],
] as const) {
  ordered(n, Math.ceil(count / 5), 0)
  const run = ordered(n, count, 0)
  const peer = plain(run.units, run.leaders)
  if (peer.total !== run.total || peer.last !== run.last) throw new Error(`order of ${metric} differs`)
  report('dag-order', metric, run.total / run.seconds, 'validator units/s', label, peer.total / peer.seconds)
  report('dag-order', `${metric}-bytes`, run.bytes, 'bytes of dense structure a unit')
}
const users = ordered(30, sizes.users, 20)
const peer = plain(users.units, users.leaders)
if (peer.total !== users.total || peer.last !== users.last) throw new Error('order of n30-users differs')
const perSecond = ({ total, seconds }: { total: number; seconds: number }) => (total * 20) / 21 / seconds
report('dag-order', 'n30-users', perSecond(users), 'user units/s', label, perSecond(peer))
report('dag-order', 'n30-users-bytes', users.bytes, 'bytes of dense structure a unit')
