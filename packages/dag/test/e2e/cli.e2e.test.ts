import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { encodeLogEntry } from '../../src/draw/index.ts'
import { createUnit, signerFromPrivateKey, type UnitId } from '../../src/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'zos-dag-cli-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function zosDag(...args: string[]) {
  const script = new URL('../../src/cli/main.ts', import.meta.url).pathname
  return spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', script, ...args], { encoding: 'utf8' })
}

it('draws, prints and checks the text notation', () => {
  const file = join(folder, 'dag.txt')
  writeFileSync(file, 'g\nA1: g\nB1: g\nA2: A1, *\ncommit: A2\n')
  expect(zosDag('check', file).stdout).toBe('4 units, 1 tips, 0 waiting for parents\n')
  expect(zosDag('print', file).stdout).toContain('commit: A2')
  expect(zosDag('draw', file).stdout).toMatch(/^<svg/)
  expect(zosDag('draw', file, '-o', join(folder, 'dag.html')).status).toBe(0)
  expect(readFileSync(join(folder, 'dag.html'), 'utf8')).toMatch(/^<!doctype html>/)
})

it('reads a unit log', async () => {
  const fields = {
    networkId: 1,
    timestampMs: 1,
    lastFinal: { mci: 0, id: `0x${'0'.repeat(64)}` as UnitId },
    validUntilMci: 9,
  }
  const genesis = await createUnit({ ...fields, parents: [], messages: [], signers: [] })
  const signers = [signerFromPrivateKey(new Uint8Array(32).fill(3))]
  const messages = [{ kind: 9, version: 1, body: new Uint8Array(1), reads: [], writes: [Uint8Array.of(7)] }]
  const unit = await createUnit({
    ...fields,
    parents: [],
    messages,
    signers,
    validator: { round: 1, selfParent: genesis.id },
  })
  const file = join(folder, 'units.log')
  const entries = [{ unit: genesis }, { unit }, { commit: unit.id }].map(encodeLogEntry)
  writeFileSync(file, Buffer.concat(entries))
  expect(zosDag('print', file).stdout).toBe('g\nA1: g\ncommit: A1\n')
  expect(zosDag('draw', file).stdout).toMatch(/zone 0/)
})

it('says what is wrong, with a status', () => {
  const file = join(folder, 'bad.txt')
  writeFileSync(file, 'g\nA1: nobody\n')
  expect(zosDag('draw', file)).toMatchObject({
    status: 1,
    stderr: 'zos-dag: line 2: unit "nobody" is not defined above\n',
  })
  expect(zosDag().status).toBe(2)
  expect(zosDag('--help')).toMatchObject({ status: 0 })
})
