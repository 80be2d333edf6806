import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bytesToHex } from '@ethereumjs/util'
import { signerFromPrivateKey } from '@zos/dag'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { runValidator, type ValidatorSettings } from '../../src/cli/run-validator.ts'
import { createDevnet, type InProcessDevnet } from '../../src/devnet/in-process.ts'
import { devnetGenesis } from '../../src/genesis/devnet-genesis.ts'

const folder = mkdtempSync(join(tmpdir(), 'zos-validator-'))
const signing = new Uint8Array(32).fill(0x5b)
/** One that no validator of the network has. */
const isogeny = devnetGenesis({ validators: 2, timestampMs: 0 }).validatorKeys[1]!.isogenyKey
let devnet: InProcessDevnet

beforeAll(async () => {
  devnet = await createDevnet({ port: 0 })
}, 60_000)
afterAll(async () => {
  await devnet?.stop()
  rmSync(folder, { recursive: true, force: true })
})

function keyFile(name: string, key: Uint8Array): string {
  const file = join(folder, name)
  writeFileSync(file, bytesToHex(key), { mode: 0o600 })
  return file
}

/** Runs `zos validator` and returns what it prints. */
async function validator(action: string, settings: Partial<ValidatorSettings> = {}): Promise<any> {
  const lines: string[] = []
  const log = vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line))
  try {
    const none = Object.fromEntries(
      [
        'key',
        'signing-key',
        'isogeny-key',
        'password-file',
        'owner',
        'to',
        'amount',
        'genesis',
        'data-dir',
        'file',
      ].map((name) => [name, undefined]),
    )
    const given = { ...none, commission: 0, json: true, rpc: devnet.rpcUrl!, ...settings }
    await runValidator(given as unknown as ValidatorSettings, action)
  } finally {
    log.mockRestore()
  }
  return JSON.parse(lines.join('\n'))
}

test('a candidate registers, is delegated to, is seen, pays out rewards, and gives stake back', {
  timeout: 60_000,
}, async () => {
  const [owner, friend] = devnet.accounts
  const ownerFile = keyFile('owner', owner!.privateKey)
  const friendFile = keyFile('friend', friend!.privateKey)
  const to = owner!.address
  const registered = await validator('register', {
    key: ownerFile,
    'signing-key': keyFile('signing', signing),
    'isogeny-key': keyFile('isogeny', isogeny),
    amount: '1000',
    commission: 500,
  })
  expect(registered).toMatchObject({
    transaction: expect.stringMatching(/^0x[0-9a-f]{64}$/),
    block: expect.any(Number),
  })

  expect(await validator('show', { owner: to })).toEqual({
    key: signerFromPrivateKey(signing).address,
    tokens: '1000',
    commissionBps: 500,
    jailed: false,
    tombstoned: false,
  })
  await validator('delegate', { key: friendFile, to, amount: '2.5' })
  expect((await validator('show', { owner: to })).tokens).toBe('1002.5')
  await validator('unbond', { key: friendFile, to, amount: '1.5' })
  expect((await validator('show', { owner: to })).tokens).toBe('1001')
  expect(await validator('claim', { key: friendFile, to })).toMatchObject({ block: expect.any(Number) })

  // The committee is that of the genesis until an epoch ends.
  const { members } = await validator('list')
  expect(members).toHaveLength(1)
  expect(members[0].stake).not.toBe('0')
})

test('what the contract refuses is said in its words, and what is missing by its flag', async () => {
  const [, , stranger] = devnet.accounts
  const key = keyFile('stranger', stranger!.privateKey)
  await expect(validator('unjail', { key })).rejects.toThrow('the consensus contract refuses: ')
  await expect(validator('delegate', { key, amount: '1' })).rejects.toThrow('--to is needed')
  await expect(validator('delegate', { key, to: stranger!.address, amount: '1,5' })).rejects.toThrow('--amount must be')
  await expect(validator('register', { key, amount: '1000' })).rejects.toThrow('--signing-key is needed')
})
