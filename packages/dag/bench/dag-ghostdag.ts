/**
 * GHOSTDAG colouring with its reachability, on the DAGs that rusty-kaspa stretches its own with. k = 18. The peer is the algorithm as
 * written, over pasts as bit sets: all blue scores must be the same. Its pasts take memory with the square of the blocks (33 MB here).
 */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { createDag, Ghostdag, type UnitHeader, type UnitId } from '@zos/dag'
import { cpuSeconds, genesis, random, report } from './rounds.ts'

const folder = process.env.ZOS_VECTORS ?? new URL('../../../../shared/vectors', import.meta.url).pathname
const quick = process.argv.includes('--quick')

/** Parents by number; a made-up DAG of the same size and width when the public ones are not there. */
function load(name: string): number[][] {
  const file = `${folder}/kaspa/testing/integration/testdata/reachability/${name}-dag-blocks--2^14-delay-factor--1-k--18.json.gz`
  try {
    const blocks = JSON.parse(gunzipSync(readFileSync(file)).toString()) as { id: string; parents: string[] }[]
    const at = new Map(blocks.map(({ id }, i) => [id, i]))
    return blocks.map(({ parents }) => parents.map((parent) => at.get(parent)!))
  } catch {
    console.error(`${file} is not there: a random DAG stands in for ${name}`)
    const next = random(14)
    const parents: number[][] = [[]]
    while (parents.length < 16_384) {
      const far = name === 'attack' && next() < 0.3 ? 3000 : 6
      const one = Math.max(0, parents.length - 1 - Math.floor(next() * far))
      parents.push([...new Set([one, Math.max(0, parents.length - 1 - Math.floor(next() * 6))])])
    }
    return parents
  }
}

function header(parents: UnitId[]): UnitHeader {
  return { ...genesis.header, parents, authors: [`0x${'1'.repeat(40)}` as never] }
}

/** Ids ascend with numbers, as the files' do. */
const idOf = (n: number) => (n === 0 ? genesis.id : (`0x${n.toString(16).padStart(64, '0')}` as UnitId))

const K = 18

/** Blue scores by Algorithm 1 of PHANTOM GHOSTDAG: sets of blue blocks as Maps, ancestry by bit sets. */
function plain(parents: number[][]): number[] {
  const words = Math.ceil(parents.length / 32)
  const pasts: Uint32Array[] = []
  const scores: number[] = []
  const selected: number[] = []
  const merged: { blues: number[]; sizes: Map<number, number> }[] = []
  const isPast = (a: number, b: number) => ((pasts[b]![a >> 5]! >>> (a & 31)) & 1) === 1
  const before = (a: number, b: number) => scores[a]! - scores[b]! || a - b
  for (const [block, mine] of parents.entries()) {
    const past = new Uint32Array(words)
    for (const parent of mine) {
      for (let w = 0; w < words; w++) past[w]! |= pasts[parent]![w]!
      past[parent >> 5]! |= 1 << (parent & 31)
    }
    pasts.push(past)
    const best = mine.length === 0 ? -1 : mine.reduce((a, b) => (before(a, b) > 0 ? a : b))
    const blues: number[] = best < 0 ? [] : [best]
    const sizes = new Map(best < 0 ? [] : [[best, 0]])
    const sizeOf = (blue: number): number => {
      for (let chain = block; ; chain = selected[chain]!) {
        const size = (chain === block ? sizes : merged[chain]!.sizes).get(blue)
        if (size !== undefined) return size
      }
    }
    selected.push(best)
    for (const candidate of best < 0 ? [] : beyond(past, pasts[best]!, best).sort(before)) {
      const peers: number[] = []
      for (let chain = block; chain >= 0; chain = selected[chain]!) {
        if (chain !== block && isPast(chain, candidate)) break
        for (const blue of chain === block ? blues : merged[chain]!.blues)
          if (!isPast(blue, candidate)) peers.push(blue)
      }
      if (blues.length > K || peers.length > K || peers.some((peer) => sizeOf(peer) >= K)) continue
      const grown = peers.map((peer) => [peer, sizeOf(peer) + 1] as const)
      blues.push(candidate)
      sizes.set(candidate, peers.length)
      for (const [peer, size] of grown) sizes.set(peer, size)
    }
    merged.push({ blues, sizes })
    scores.push(best < 0 ? 0 : scores[best]! + blues.length)
  }
  return scores
}

/** The members of one bit set that are not in another. */
function beyond(past: Uint32Array, known: Uint32Array, but: number): number[] {
  const list: number[] = []
  for (let w = 0; w < past.length; w++) {
    for (let bits = past[w]! & ~known[w]!; bits !== 0; bits &= bits - 1) {
      const unit = (w << 5) | (31 - Math.clz32(bits & -bits))
      if (unit !== but) list.push(unit)
    }
  }
  return list
}

for (const name of ['noattack', 'attack']) {
  const parents = load(name)
  const run = () => {
    const dag = createDag({ genesis, limits: { unit: { ...createDag({ genesis }).limits.unit, userParents: 64 } } })
    const ghostdag = new Ghostdag(dag.view, { k: K })
    for (let n = 1; n < parents.length; n++) {
      const unit = { id: idOf(n), header: header([...new Set(parents[n]!.map(idOf))].sort()) }
      if (dag.append(unit, { shapeChecked: true }).status !== 'added') throw new Error('not added')
      ghostdag.dataOf(n)
    }
    return { dag, ghostdag }
  }
  let result: ReturnType<typeof run> | undefined
  if (!quick) run()
  const seconds = cpuSeconds(() => {
    result = run()
  })
  verify(parents, result!.dag.view)
  let scores: number[] = []
  const plainSeconds = cpuSeconds(() => {
    scores = plain(parents)
  })
  scores.forEach((score, block) => {
    if (result!.ghostdag.dataOf(block).blueScore !== score)
      throw new Error(`blue score of block ${block} is not ${score}`)
  })
  const label = 'the algorithm as written over bit sets'
  report('dag-ghostdag', `${name}14`, parents.length / seconds, 'blocks/s', label, parents.length / plainSeconds)
}

/** Ancestry of random pairs against the closure. */
function verify(parents: number[][], view: { isAncestor(a: number, b: number): boolean }): void {
  const words = Math.ceil(parents.length / 32)
  const sets = parents.map(() => new Uint32Array(0))
  parents.forEach((mine, unit) => {
    const set = new Uint32Array(words)
    for (const parent of mine) {
      for (let w = 0; w < words; w++) set[w]! |= sets[parent]![w]!
      set[parent >> 5]! |= 1 << (parent & 31)
    }
    sets[unit] = set
  })
  const next = random(3)
  for (let i = 0; i < 100_000; i++) {
    const [a, b] = [Math.floor(next() * parents.length), Math.floor(next() * parents.length)]
    if (view.isAncestor(a, b) !== (((sets[b]![a >> 5]! >>> (a & 31)) & 1) === 1))
      throw new Error(`ancestry of ${a}, ${b} is wrong`)
  }
}
