import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { openDataDir } from '../../src/devnet/data-dir.ts'

const dataDir = mkdtempSync(join(tmpdir(), 'zos-data-dir-'))

afterEach(() => rmSync(dataDir, { recursive: true, force: true }))

test('a network that was begun is opened again as it is', () => {
  const { genesis } = openDataDir(dataDir, { validators: 2, epochRounds: 16 }, false)
  expect(openDataDir(dataDir, { validators: 2, epochRounds: 16 }, false).genesis).toEqual(genesis)
  expect(() => openDataDir(dataDir, { validators: 3 }, false)).toThrowError(
    expect.objectContaining({ code: 'NODE_INVALID_ARGUMENT' }),
  )
})

test('a network that could not be opened again is not begun', () => {
  expect(() => openDataDir(dataDir, { validators: 1, epochRounds: 15 }, false)).toThrowError(/epochRounds/)
  expect(existsSync(join(dataDir, 'genesis.json'))).toBe(false)
})
