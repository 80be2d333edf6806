import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hexToBytes } from '@ethereumjs/util'
import { decryptKeystoreJson, encryptKeystoreJson, Wallet } from 'ethers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadPrivateKey, readKeyFile, writeKeyFile } from '../../src/keys/key-file.ts'
import { decryptKey, encryptKey, keystoreAddress } from '../../src/keys/keystore.ts'

const KEY = hexToBytes(`0x${'4c'.repeat(32)}`)
/** Cheap: the cost of scrypt is not what is tested. */
const N = 1_024

/** The scrypt example of the Web3 Secret Storage Definition (ethereum.org, version 3). */
const PUBLISHED = JSON.stringify({
  address: '008aeeda4d805471df9b2a5b0f38a0c3bcba786b',
  crypto: {
    cipher: 'aes-128-ctr',
    cipherparams: { iv: '83dbcc02d8ccb40e466191a123791e0e' },
    ciphertext: 'd172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c',
    kdf: 'scrypt',
    kdfparams: {
      dklen: 32,
      n: 262144,
      p: 8,
      r: 1,
      salt: 'ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19',
    },
    mac: '2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097',
  },
  id: '3198bc9c-6672-5ab3-d995-4942343ae5b6',
  version: 3,
})

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'zos-keys-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

test('the published example has an address, and scrypt parameters that RFC 7914 §6 forbids (N ≥ 2^(128·r/8)): refused, not tried', async () => {
  expect(keystoreAddress(PUBLISHED)).toBe('0x008aeeda4d805471df9b2a5b0f38a0c3bcba786b')
  await expect(decryptKey(PUBLISHED, 'testpassword')).rejects.toMatchObject({ code: 'NODE_KEYSTORE' })
})

test('ethers reads what is written here, and what ethers writes is read here', async () => {
  const ours = await encryptKey(KEY, 'pässword', N)
  const theirs = await decryptKeystoreJson(ours, 'pässword')
  expect(theirs.privateKey).toBe(`0x${'4c'.repeat(32)}`)
  const { address, privateKey } = new Wallet(theirs.privateKey)
  const json = await encryptKeystoreJson({ address, privateKey }, 'secret', { scrypt: { N, r: 8, p: 1 } })
  expect(await decryptKey(json, 'secret')).toEqual(KEY)
})

test('a wrong password, a changed byte and files that are no keystore are refused', async () => {
  const json = await encryptKey(KEY, 'right', N)
  await expect(decryptKey(json, 'wrong')).rejects.toMatchObject({ code: 'NODE_KEYSTORE', message: /password is wrong/ })
  const changed = JSON.parse(json)
  changed.crypto.ciphertext = changed.crypto.ciphertext.replace(/^./, (digit: string) => (digit === '0' ? '1' : '0'))
  await expect(decryptKey(JSON.stringify(changed), 'right')).rejects.toThrow('password is wrong')
  for (const wrong of ['', '{}', '[]', 'null', '{"version":3}', json.replace('scrypt', 'pbkdf2')])
    await expect(decryptKey(wrong, 'right')).rejects.toMatchObject({ code: 'NODE_KEYSTORE' })
  const greedy = JSON.parse(json)
  greedy.crypto.kdfparams.n = 2 ** 26
  await expect(decryptKey(JSON.stringify(greedy), 'right')).rejects.toThrow('more than 512 MiB')
  greedy.crypto.kdfparams.n = 1_000
  await expect(decryptKey(JSON.stringify(greedy), 'right')).rejects.toMatchObject({ code: 'NODE_KEYSTORE' })
})

test('a key file is its owner’s alone, is not overwritten, and is refused when others can read it', async () => {
  const path = join(folder, 'deep', 'key.json')
  writeKeyFile(path, await encryptKey(KEY, 'right', N))
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(await loadPrivateKey(path, async () => 'right')).toEqual(KEY)
  expect(() => writeKeyFile(path, 'other')).toThrow('never overwritten')
  chmodSync(path, 0o640)
  expect(() => readKeyFile(path)).toThrow(`others can read it; run: chmod 600 ${path}`)
})

test('a file with hex needs no password', async () => {
  const path = join(folder, 'hex')
  writeFileSync(path, `0x${'4c'.repeat(32)}\n`, { mode: 0o600 })
  expect(await loadPrivateKey(path, () => Promise.reject(new Error('asked')))).toEqual(KEY)
  writeFileSync(join(folder, 'short'), '4c4c', { mode: 0o600 })
  await expect(loadPrivateKey(join(folder, 'short'), async () => '')).rejects.toThrow('neither a keystore nor')
})
