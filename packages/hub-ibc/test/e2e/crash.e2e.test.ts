/** A process that commits to an IAVL store and signs slots is killed at arbitrary moments; what it said it finished is there. */
import { spawn } from 'node:child_process'
import {
  appendFileSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openSignOnceLog } from '../../src/custody/sign-once.ts'
import { utf8 } from '../../src/encoding/bytes.ts'
import { openIavlStore } from '../../src/iavl/store.ts'
import { openLevelDatabase } from '../../src/platform/level.ts'

const source = new URL('../../src/', import.meta.url).href
const WORKER = `
import { appendFileSync, closeSync, existsSync, fsyncSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs'
import { openIavlStore } from '${source}iavl/store.ts'
import { openLevelDatabase } from '${source}platform/level.ts'
import { openSignOnceLog } from '${source}custody/sign-once.ts'
const [folder] = process.argv.slice(2)
const text = new TextEncoder()
const log = folder + '/signed'
const once = openSignOnceLog({
  read: () => (existsSync(log) ? new Uint8Array(readFileSync(log)) : new Uint8Array(0)),
  append: (bytes) => { const h = openSync(log, 'a'); writeSync(h, bytes); fsyncSync(h); closeSync(h) },
  truncate: (length) => truncateSync(log, length),
})
const store = openIavlStore({ database: await openLevelDatabase(folder + '/db') })
for (;;) {
  const next = store.tree.version + 1
  for (let i = 0; i < 50; i++) store.tree.set(text.encode('key ' + (next * 31 + i) % 500), text.encode('version ' + next))
  const { version, hash } = await store.commit()
  if (version > 5 && version % 3 === 0) await store.prune(version - 4)
  try {
    once.permit('slot ' + version, text.encode(Buffer.from(hash).toString('hex') + process.pid))
    process.stdout.write('signed ' + version + '\\n')
  } catch (error) { if (error.code !== 'HUB_SIGN_TWICE') throw error }
  process.stdout.write('done ' + version + ' ' + Buffer.from(hash).toString('hex') + '\\n')
}
`

it('loses nothing that was finished, whenever the process is killed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'zos-crash-'))
  try {
    writeFileSync(join(folder, 'worker.mts'), WORKER)
    let finished = 0
    const signedBy = new Map<string, number>()
    for (let round = 0; round < 6; round++) {
      const child = spawn(
        process.execPath,
        ['--disable-warning=ExperimentalWarning', join(folder, 'worker.mts'), folder],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      )
      let output = ''
      const enough = new Promise<void>((resolve) => {
        child.stdout.on('data', (chunk: Buffer) => {
          output += chunk.toString()
          if (output.split('done').length > 12 + round * 3) resolve()
        })
      })
      const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
      await Promise.race([enough, ended])
      child.kill('SIGKILL')
      await ended
      const lines = output.split('\n').slice(0, -1)
      const done = lines.filter((line) => line.startsWith('done'))
      expect(done.length).toBeGreaterThan(0)
      const [, version, hash] = done.at(-1)!.split(' ')
      const database = await openLevelDatabase(join(folder, 'db'))
      const store = openIavlStore({ database })
      expect(store.tree.version).toBeGreaterThanOrEqual(Number(version))
      expect(Buffer.from(store.tree.hashOf(Number(version))).toString('hex')).toBe(hash)
      expect([...store.tree.entries()].length).toBe(store.tree.size)
      await database.close()
      for (const line of lines.filter((l) => l.startsWith('signed'))) {
        expect(signedBy.has(line)).toBe(false)
        signedBy.set(line, round)
      }
      finished = Number(version)
    }
    expect(finished).toBeGreaterThan(30)
    // The log of six lives opens and still refuses.
    const file = join(folder, 'signed')
    const once = openSignOnceLog({
      read: () => (existsSync(file) ? new Uint8Array(readFileSync(file)) : new Uint8Array(0)),
      append: (bytes) => {
        appendFileSync(file, bytes)
        const handle = openSync(file, 'r')
        fsyncSync(handle)
        closeSync(handle)
      },
      truncate: (length) => truncateSync(file, length),
    })
    expect(() => once.permit(`slot ${finished - 1}`, utf8('another'))).toThrow(
      expect.objectContaining({ code: 'HUB_SIGN_TWICE' }),
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
