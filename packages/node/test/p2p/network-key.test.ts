import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { networkKey } from '../../src/p2p/network-key.ts'

const folder = mkdtempSync(join(tmpdir(), 'zos-peer-key-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const nameOf = async (...args: Parameters<typeof networkKey>) => (await networkKey(...args)).publicKey.toString()

describe('the name of a node in the network', () => {
  it('stays the same over starts in one data directory, and is kept from others', async () => {
    const first = await nameOf(undefined, folder)
    expect(await nameOf(undefined, folder)).toBe(first)
    expect(statSync(join(folder, 'peer-key')).mode & 0o777).toBe(0o600)
  })

  it('of a validator follows from its key, wherever it runs', async () => {
    const key = new Uint8Array(32).fill(7)
    expect(await nameOf(key, folder)).toBe(await nameOf(key))
    expect(await nameOf(key)).not.toBe(await nameOf(new Uint8Array(32).fill(8)))
  })

  it('is new each time where nothing is kept', async () => {
    expect(await nameOf(undefined)).not.toBe(await nameOf(undefined))
  })
})
