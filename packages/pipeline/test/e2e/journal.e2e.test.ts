import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Journal } from '../../src/journal/index.ts'
import { folderStorage } from '../../src/journal/node.ts'
import { random } from '../random.ts'

const KILLS = Number(process.env.ZOS_KILLS ?? (process.env.ZOS_LONG ? 1000 : 12))
/** A new journal after so many kills: an old one takes long to replay. */
const KILLS_PER_JOURNAL = 50

test(
  'killed with SIGKILL at random moments, again and again, the journal has every acknowledged record',
  async () => {
    const base = await mkdtemp(join(tmpdir(), 'zos-journal-'))
    const { below, seed } = random()
    try {
      let seen = 0n
      let before = 0n
      for (let kill = 0; kill < KILLS; kill++) {
        const folder = join(base, String(Math.floor(kill / KILLS_PER_JOURNAL)))
        await mkdir(folder, { recursive: true })
        const child = spawn(
          process.execPath,
          ['--disable-warning=ExperimentalWarning', new URL('journal-writer.ts', import.meta.url).pathname, folder],
          { stdio: ['ignore', 'pipe', 'inherit'] },
        )
        let output = ''
        const groups = 1 + below(30)
        await new Promise<void>((resolve) => {
          child.stdout.on('data', (chunk: Buffer) => {
            output += chunk.toString()
            if (output.split('\n').length > groups) child.kill('SIGKILL')
          })
          child.on('close', () => resolve())
        })
        const lines = output.split('\n').slice(0, -1)
        const acknowledged = BigInt(lines.at(-1)!)
        if (kill % KILLS_PER_JOURNAL === 0) before = 0n
        seen += acknowledged - before
        before = acknowledged
        const journal = await Journal.open(folderStorage(folder))
        expect(journal.next, `seed ${seed}`).toBeGreaterThanOrEqual(acknowledged)
        let count = 0n
        for await (const { number, payload } of journal.replay()) {
          expect(number).toBe(count++)
          expect(new TextDecoder().decode(payload).startsWith(`record ${number} `)).toBe(true)
        }
        expect(count).toBe(journal.next)
        await journal.close()
      }
      expect(seen).toBeGreaterThan(50n * BigInt(KILLS))
      process.stdout.write(`${KILLS} kills, ${seen} records acknowledged, seed ${seed}\n`)
    } finally {
      await rm(base, { recursive: true, force: true })
    }
  },
  120_000 + 5_000 * KILLS,
)
