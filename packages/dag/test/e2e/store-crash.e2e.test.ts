import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { beforeAll, expect, it } from 'vitest'
import { createDag, type UnitId } from '../../src/index.ts'
import { openUnitStore } from '../../src/store/index.ts'
import { openLevelKeyValue } from '../../src/store/level.ts'
import { genesis, random } from '../ledger.ts'

const kills = Number(process.env.ZOS_KILLS ?? (process.env.ZOS_LONG ? 4000 : 60))
const seed = Number(process.env.ZOS_SEED ?? 1)
/** Processes at a time, and stores that each writes at once: every kill interrupts that many. */
const PROCESSES = 2
const STORES = 3
/** Units after which a store begins anew: each is read whole after each kill. */
const FULL = 60

/** Far more than a kill takes, a fifth of a second of a free core: no time decides this test. */
const TIMEOUT_MS = 60_000 + 10_000 * kills

/** Bundled, so that a process is at work after some fifty milliseconds. Beside the packages, so that it finds the addon. */
const writer = new URL('../../node_modules/.cache/store-writer.mjs', import.meta.url).pathname

beforeAll(async () => {
  await build({
    entryPoints: [new URL('./store-writer.ts', import.meta.url).pathname],
    outfile: writer,
    bundle: true,
    format: 'esm',
    platform: 'node',
    external: ['classic-level'],
  })
})

/** Runs the writer, kills it with SIGKILL after so many acknowledgements and a wait; returns the last one of each store. */
function killedWriter(
  stores: readonly string[],
  acknowledgements: number,
  waitMs: number,
): Promise<Map<number, number>> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [writer, ...stores])
    let output = ''
    let errors = ''
    let killing = false
    child.stdout.on('data', (data: Buffer) => {
      output += data.toString()
      if (!killing && output.split('\n').length > acknowledgements) {
        killing = true
        setTimeout(() => child.kill('SIGKILL'), waitMs)
      }
    })
    child.stderr.on('data', (data: Buffer) => {
      errors += data.toString()
    })
    child.on('error', reject)
    child.on('close', (code, signal) => {
      if (signal !== 'SIGKILL') reject(new Error(`the writer ended by itself (${code}): ${errors}`))
      const lines = output
        .slice(0, output.lastIndexOf('\n') + 1)
        .split('\n')
        .slice(0, -1)
      resolve(new Map(lines.map((line) => line.split(' ').map(Number) as [number, number])))
    })
  })
}

interface Content {
  readonly units: number
  readonly last: UnitId
}

const EMPTY: Content = { units: 0, last: genesis.id }

/** Reads a store after a kill: every unit connects and is committed. */
async function contentOf(folder: string): Promise<Content> {
  const store = await openUnitStore(await openLevelKeyValue(folder))
  const dag = createDag({ genesis })
  let units = 0
  let last = genesis.id
  for await (const unit of store.units()) {
    if (dag.append(unit).status !== 'added') throw new Error(`unit ${unit.id} of ${folder} does not connect`)
    units++
    last = unit.id
  }
  let commits = 0
  for await (const leader of store.commits()) {
    if (!dag.has(leader)) throw new Error(`the committed ${leader} of ${folder} is not stored`)
    commits++
  }
  await store.close()
  if (commits !== units) throw new Error(`${units} units and ${commits} commits: a batch of ${folder} is half there`)
  return { units, last }
}

/** So that a run that is stopped has said how far it came. */
const progress = { kills: 0, stores: 0 }

function count(interrupted: number): void {
  progress.kills++
  progress.stores += interrupted
  if (progress.kills % 100 === 0) console.log(`seed ${seed}: ${progress.kills} kills of ${progress.stores} stores`)
}

/** Kills writers of the same folders again and again; returns the batches that were acknowledged. */
async function killAgainAndAgain(root: string, times: number, next: () => number): Promise<number> {
  const known = new Array<Content>(STORES).fill(EMPTY)
  const folders = known.map((_, i) => join(root, `${i}`))
  let acknowledgements = 0
  for (let kill = 0; kill < times; kill++) {
    const stores = folders.map((folder, i) => `${folder},${known[i]!.units},${known[i]!.last}`)
    const acknowledged = await killedWriter(stores, Math.floor(next() * 10), next() * 6)
    acknowledgements += acknowledged.size
    for (const [i, folder] of folders.entries()) {
      const content = await contentOf(folder)
      const least = Math.max(acknowledged.get(i) ?? 0, known[i]!.units)
      expect(content.units, `store ${folder}, kill ${kill}, seed ${seed}`).toBeGreaterThanOrEqual(least)
      known[i] = content
      if (content.units < FULL) continue
      rmSync(folder, { recursive: true })
      known[i] = EMPTY
    }
    count(folders.length)
  }
  return acknowledgements
}

it(
  `nothing acknowledged is lost and nothing is half written in ${kills} kills of ${STORES} stores at random points`,
  async () => {
    const root = mkdtempSync(join(tmpdir(), 'zos-dag-crash-'))
    try {
      const done = await Promise.all(
        Array.from({ length: PROCESSES }, (_, i) => {
          mkdirSync(join(root, `${i}`))
          return killAgainAndAgain(join(root, `${i}`), Math.ceil(kills / PROCESSES), random(seed + i))
        }),
      )
      console.log(`seed ${seed}: ${progress.kills} kills of ${progress.stores} stores, nothing lost`)
      for (const acknowledgements of done) expect(acknowledgements).toBeGreaterThan(0)
    } finally {
      rmSync(root, { recursive: true, force: true })
    }
  },
  TIMEOUT_MS,
)
