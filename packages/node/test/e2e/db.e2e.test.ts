/** `zos db` on the database of a validator that was stopped. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createNode } from '@zos/node'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { flip, keysOf, shortGenesis, tamper, until } from '../repair/damaged-network.ts'

const cli = new URL('../../dist/cli.js', import.meta.url).pathname
const dataDir = mkdtempSync(join(tmpdir(), 'zos-db-'))
const { genesis, validatorKey } = shortGenesis(20)

beforeAll(async () => {
  const node = await createNode({ genesis, validatorKey, dataDir, roundIntervalMs: 1, ticketHashes: 0 })
  await until(() => node.status().epoch >= 2, 'two epochs')
  await node.stop()
})
afterAll(() => rmSync(dataDir, { recursive: true, force: true }))

function db(action: string): Promise<{ code: number; facts: Record<string, never> }> {
  return new Promise((resolve, reject) => {
    execFile('node', [cli, 'db', action, '--data-dir', dataDir, '--json'], (error, stdout, stderr) => {
      if (stderr !== '') return reject(new Error(stderr))
      resolve({ code: error ? Number(error.code) : 0, facts: JSON.parse(stdout) })
    })
  })
}

test('the database is counted, checked and made smaller; damage is named, and mended', async () => {
  const stat = await db('stat')
  expect(stat.code).toBe(0)
  const { blocks, units, unknown } = stat.facts.kinds as unknown as Record<string, { entries: number; bytes: number }>
  expect(blocks!.entries).toBeGreaterThan(10)
  expect(units!.bytes).toBeGreaterThan(1_000)
  expect(unknown).toBeUndefined()
  expect(await db('check')).toMatchObject({ code: 0, facts: { head: blocks!.entries - 1, findings: [] } })

  let key = ''
  await tamper(dataDir, async (level) => {
    key = (await keysOf(level, 'a', 'b'))[3]!
    await flip(level, key)
  })
  const damaged = await db('check')
  expect(damaged).toMatchObject({ code: 1, facts: { findings: [{ kind: 'accounts', key, problem: 'damaged' }] } })
  expect(await db('repair')).toMatchObject({ code: 0, facts: { left: [] } })
  expect(await db('check')).toMatchObject({ code: 0, facts: { findings: [] } })
  expect(await db('compact')).toMatchObject({ code: 0, facts: { after: expect.any(Number) } })
  expect(await db('check')).toMatchObject({ code: 0, facts: { findings: [] } })
})
