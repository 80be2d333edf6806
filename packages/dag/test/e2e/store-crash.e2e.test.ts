import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { createDag } from '../../src/index.ts'
import { openUnitStore } from '../../src/store/index.ts'
import { openLevelKeyValue } from '../../src/store/level.ts'
import { genesis, random } from '../ledger.ts'

const script = new URL('./store-writer.ts', import.meta.url).pathname
const kills = Number(process.env.ZOS_KILLS ?? (process.env.ZOS_LONG ? 2000 : 12))

/** Runs the writer, kills it with SIGKILL after a random number of acknowledgements and a random wait; returns the last one. */
function killedWriter(folder: string, acknowledgements: number, waitMs: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, folder])
    let output = ''
    let errors = ''
    let killing = false
    child.stdout.on('data', (data: Buffer) => {
      output += data.toString()
      if (!killing && output.split('\n').length > acknowledgements + 1) {
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
      const complete = output.slice(0, output.lastIndexOf('\n')).split('\n')
      resolve(Number(complete.at(-1)!.replace('start ', '')))
    })
  })
}

it(`nothing acknowledged is lost and nothing is half written in ${kills} kills at random points`, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'zos-dag-crash-'))
  const seed = Number(process.env.ZOS_SEED ?? 1)
  console.log(`seed ${seed}`)
  const next = random(seed)
  try {
    let known = 0
    for (let kill = 0; kill < kills; kill++) {
      const acknowledged = await killedWriter(folder, Math.floor(next() * 12), next() * 6)
      const store = await openUnitStore(await openLevelKeyValue(folder))
      const dag = createDag({ genesis })
      let count = 0
      for await (const unit of store.units()) {
        expect(dag.append(unit).status).toBe('added')
        count++
      }
      let commits = 0
      for await (const leader of store.commits()) {
        expect(dag.has(leader)).toBe(true)
        commits++
      }
      await store.close()
      expect(count).toBeGreaterThanOrEqual(acknowledged)
      expect(count).toBeGreaterThanOrEqual(known)
      expect(commits).toBe(count)
      known = count
      if (known > 4000) {
        rmSync(folder, { recursive: true, force: true })
        known = 0
      }
    }
    expect(known).toBeGreaterThan(0)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
