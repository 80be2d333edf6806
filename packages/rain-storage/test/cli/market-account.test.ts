/** Keys in files: made by ethers, read here. */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encryptKeystoreJson, hexlify, Wallet } from 'ethers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { accountNamed, addressInFile, passwordFor, readKey } from '../../src/cli/market/account.ts'

const key = new Uint8Array(32).fill(9)
const wallet = new Wallet(hexlify(key))
const never = () => Promise.reject(new Error('no password is needed'))
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zos-account-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))
const file = async (text: string, mode = 0o600) => {
  const path = join(folder, `key-${Math.random()}`)
  await writeFile(path, text)
  await chmod(path, mode)
  return path
}
const store = (scrypt = { N: 1024, r: 8, p: 1 }) => encryptKeystoreJson(wallet, 'pass word', { scrypt })

describe('an account', () => {
  test('is an address of the node, or a file', () => {
    expect(accountNamed(`0x${'AB'.repeat(20)}`)).toEqual({ address: `0x${'ab'.repeat(20)}` })
    expect(accountNamed('0xab')).toEqual({ file: '0xab' })
    expect(accountNamed('/home/me/key')).toEqual({ file: '/home/me/key' })
  })

  test('comes from a file with hex', async () => {
    for (const text of [hexlify(key), `${hexlify(key).slice(2)}\n`]) {
      const path = await file(text)
      expect(await readKey(path, never)).toEqual(key)
      expect(await addressInFile(path)).toBe(wallet.address.toLowerCase())
    }
  })

  test('comes from a key store of Ethereum’s tools; its address needs no password', async () => {
    const path = await file(await store())
    expect(await readKey(path, async () => 'pass word')).toEqual(key)
    expect(await addressInFile(path)).toBe(wallet.address.toLowerCase())
    await expect(readKey(path, async () => 'password')).rejects.toMatchObject({ code: 'STORAGE_FORBIDDEN' })
  })

  test('is refused while others can read its file', async () => {
    for (const mode of [0o640, 0o604, 0o644])
      await expect(readKey(await file(hexlify(key), mode), never)).rejects.toMatchObject({ code: 'STORAGE_FORBIDDEN' })
    await expect(passwordFor('key', await file('secret', 0o644))).rejects.toMatchObject({ code: 'STORAGE_FORBIDDEN' })
    expect(await passwordFor('key', await file('secret\n'))).toBe('secret')
  })

  test('is refused from files that hold none', async () => {
    const good = JSON.parse(await store()) as Record<string, Record<string, Record<string, unknown>>>
    const changed = (change: (one: typeof good) => void) => {
      const copy = structuredClone(good)
      change(copy)
      return JSON.stringify(copy)
    }
    const part = 'crypto' in good ? 'crypto' : 'Crypto'
    const bad = [
      'no key',
      '0x12',
      '{',
      '{}',
      changed((one) => (one.version = 1 as never)),
      changed((one) => (one[part]!.kdf = 'pbkdf2' as never)),
      changed((one) => (one[part]!.kdfparams!.n = 1000)),
      changed((one) => (one[part]!.kdfparams!.n = 2 ** 30)),
      changed((one) => (one[part]!.cipherparams!.iv = '00')),
      changed((one) => (one[part]!.ciphertext = 'xx' as never)),
    ]
    for (const text of bad)
      await expect(
        readKey(await file(text), async () => 'pass word'),
        text,
      ).rejects.toMatchObject({ code: 'STORAGE_MALFORMED' })
  })
})
