// pnpm bench zpos-commit [--quick]: validator units a second through the committer, asked after every unit, and through the check of units.
import {
  type Address,
  checkValidatorUnit,
  createCommittee,
  createCommitter,
  type RoundDag,
  type RoundHeader,
  roundRobinSchedule,
  type UnitId,
} from '@zos/zpos'
import { printMetric } from '../../../scripts/metric.ts'

const quick = process.argv.includes('--quick')
for (const [size, rounds] of [
  [4, 20_000],
  [30, 2_000],
  [100, 400],
] as const) {
  measure(size, quick ? Math.ceil(rounds / 4) : rounds)
}

/** A DAG of one unit a validator and round, each on the own unit and a random quorum or more; grows one unit at a time. */
function measure(size: number, rounds: number): void {
  const addresses = Array.from({ length: size }, (_, i) => `0x${String(i).padStart(40, '0')}` as Address)
  const committee = createCommittee({
    epoch: 0,
    members: addresses.map((address) => ({ address, publicKey: new Uint8Array(33), stake: 1n })),
  })
  const idOf = (round: number, author: number) =>
    `0x${String(round).padStart(32, '0')}${String(author).padStart(32, '0')}` as UnitId
  const genesis = idOf(0, 0)
  const headers = new Map<UnitId, RoundHeader>([
    [genesis, { parents: [], authors: [], lastFinal: { mci: 0, id: genesis } }],
  ])
  const table: UnitId[][] = Array.from({ length: rounds + 1 }, () => [])
  const places = new Map<UnitId, [number, number]>([[genesis, [0, 0]]])
  // Latest round of every author in a unit's past: exact here, as nobody forks.
  const clocks = new Map<UnitId, Int32Array>()
  let state = 42
  const random = () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    return state / 4294967296
  }
  const quorum = Number(committee.quorum)
  const order: UnitId[] = []
  for (let round = 1; round <= rounds; round += 1) {
    for (let author = 0; author < size; author += 1) {
      const id = idOf(round, author)
      const others = addresses.map((_, i) => i).filter((i) => i !== author)
      for (let i = others.length - 1; i > 0; i -= 1) {
        const j = Math.floor(random() * (i + 1))
        ;[others[i], others[j]] = [others[j]!, others[i]!]
      }
      const count = quorum - 1 + Math.floor(random() * (size - quorum + 1))
      const parents =
        round === 1
          ? [genesis]
          : [
              idOf(round - 1, author),
              ...others
                .slice(0, count)
                .map((i) => idOf(round - 1, i))
                .sort(),
            ]
      const clock = new Int32Array(size).fill(-1)
      for (const parent of parents) {
        const [r, a] = places.get(parent)!
        const seen = clocks.get(parent)
        if (seen) for (let i = 0; i < size; i += 1) if (seen[i]! > clock[i]!) clock[i] = seen[i]!
        if (r > clock[a]!) clock[a] = r
      }
      clocks.set(id, clock)
      places.set(id, [round, author])
      headers.set(id, {
        parents,
        authors: [addresses[author]!],
        lastFinal: { mci: 0, id: genesis },
        validator: { round, selfParent: parents[0]! },
      })
      order.push(id)
    }
  }
  let announce: (unit: { id: UnitId }) => void = () => undefined
  const dag: RoundDag = {
    has: (id) => headers.has(id),
    header: (id) => headers.get(id)!,
    roundUnits: (round) => table[round] ?? [],
    authorUnits: (address, round) => (table[round] ?? []).filter((id) => headers.get(id)!.authors[0] === address),
    isAncestor(ancestor, descendant) {
      const [round, author] = places.get(ancestor)!
      return clocks.get(descendant)![author]! >= round
    },
    onUnit(listener) {
      announce = listener
      return () => undefined
    },
  }
  const committer = createCommitter({ dag, committee, schedule: roundRobinSchedule(committee) })
  let decisions = 0
  let commits = 0
  const start = process.cpuUsage()
  for (const id of order) {
    table[places.get(id)![0]]!.push(id)
    announce({ id })
    for (const { outcome } of committer.update()) {
      decisions += 1
      if (outcome === 'commit') commits += 1
    }
  }
  const seconds = cpuSeconds(start)
  if (decisions < rounds / 2 - 20 || commits < decisions / 2)
    throw new Error(`${commits} commits of ${decisions} decisions in ${rounds} rounds`)
  print(`n${size}`, order.length / seconds)

  const checking = process.cpuUsage()
  for (const id of order) {
    const fault = checkValidatorUnit(headers.get(id)!, dag, committee)
    if (fault) throw new Error(fault.reason)
  }
  print(`n${size}-check`, order.length / cpuSeconds(checking))
}

function cpuSeconds(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1e6
}

function print(metric: string, value: number): void {
  printMetric({ bench: 'zpos-commit', metric, value, unit: 'units/s' })
}
