import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Journal } from '../../src/journal/index.ts'
import { folderStorage } from '../../src/journal/node.ts'
import { random } from '../random.ts'

test('killed with SIGKILL at random moments, again and again, the journal has every acknowledged record', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'zos-journal-'))
  const { below, seed } = random()
  try {
    let acknowledged = 0n
    for (let kill = 0; kill < (process.env.ZOS_LONG ? 1000 : 12); kill++) {
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
      acknowledged = BigInt(lines.at(-1)!)
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
    expect(acknowledged).toBeGreaterThan(50n)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}, 120_000)
