import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bytesToHex } from '@ethereumjs/util'
import { signerFromPrivateKey } from '@zos/dag'
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { initSettings } from '../../src/cli/init.ts'
import { type InitSettings, runInit } from '../../src/cli/run-init.ts'
import { MAX_TRANSACTION_GAS } from '../../src/execution/gas-limits.ts'
import { gasLimitAtPace, gasPaceFault } from '../../src/genesis/gas-pace.ts'

const directories: string[] = []
afterEach(() => {
  vi.restoreAllMocks()
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true })
})

describe('the gas limit and the pace of rounds', () => {
  it('40 million gas a block fit a round a second, half of it with blocks half full', () => {
    expect(gasLimitAtPace(1_000)).toBe(40_000_000n)
    expect(gasPaceFault(40_000_000n, 1_000)).toBeUndefined()
    const fault = gasPaceFault(150_000_000n, 1_000)
    expect(fault).toMatchObject({ code: 'NODE_GAS_PACE', context: { most: '40000000', worstSeconds: 34.5 } })
  })

  it('what a fault says would fit does fit', () => {
    fc.assert(
      fc.property(fc.bigInt(30_000n, 10n ** 10n), fc.integer({ min: 0, max: 60_000 }), (gasLimit, roundIntervalMs) => {
        const fault = gasPaceFault(gasLimit, roundIntervalMs)
        if (!fault) return
        const { most, neededRoundMs } = fault.context as { most: string; neededRoundMs: number }
        expect(gasPaceFault(BigInt(most), roundIntervalMs)).toBeUndefined()
        expect(gasPaceFault(gasLimit, neededRoundMs)).toBeUndefined()
        expect(neededRoundMs).toBeGreaterThan(roundIntervalMs)
      }),
    )
  })

  it('the defaults of a new network fit, and hold the largest transaction twice', () => {
    const [gas, round] = ['gas-limit', 'round-interval'].map((name) => initSettings[name as 'gas-limit'].default)
    expect(gasPaceFault(BigInt(gas!), round!)).toBeUndefined()
    expect(BigInt(gas!)).toBe(2n * MAX_TRANSACTION_GAS)
  })
})

describe('zos init', () => {
  const settings = (change: Partial<InitSettings>): InitSettings => {
    const directory = mkdtempSync(join(tmpdir(), 'zos-init-'))
    directories.push(directory)
    return {
      out: join(directory, 'genesis.json'),
      name: 'paced',
      'chain-id': 7,
      validators: [bytesToHex(signerFromPrivateKey(new Uint8Array(32).fill(1)).publicKey)],
      accounts: [],
      state: undefined,
      'gas-limit': 150_000_000,
      'round-interval': 1_000,
      'any-gas-limit': false,
      'epoch-rounds': 3_600,
      json: true,
      ...change,
    }
  }

  it('refuses a gas limit that is too much for its rounds, unless that is wanted', async () => {
    vi.spyOn(console, 'log').mockImplementation(() => {})
    await expect(runInit(settings({}))).rejects.toMatchObject({ code: 'NODE_GAS_PACE' })
    for (const change of [{ 'any-gas-limit': true }, { 'round-interval': 4_000 }, { 'gas-limit': 40_000_000 }]) {
      const wanted = settings(change)
      await runInit(wanted)
      expect(JSON.parse(readFileSync(wanted.out, 'utf8')).gasLimit).toBe(String(wanted['gas-limit']))
    }
  })
})
