/** Private keys in files: Web3 Secret Storage version 3 with scrypt and AES-128-CTR, as Ethereum's tools write and read it. */
import { createCipheriv, createDecipheriv, randomBytes, randomUUID, scrypt, timingSafeEqual } from 'node:crypto'
import { bytesToHex, hexToBytes, privateToAddress } from '@ethereumjs/util'
import { keccak256 } from '@zos/pipeline/hash'
import { NodeError } from '../errors.ts'

/** What geth and ethers use: 128 MiB and about half a second. */
const SCRYPT = { n: 131_072, r: 8, p: 1 }
/** Beyond this a file would take the machine's memory: four times what others use. */
const MAX_SCRYPT_BYTES = 2 ** 29 + 2 ** 16
const KEY_BYTES = 32

interface KeystoreV3 {
  version: 3
  id: string
  address: string
  crypto: {
    cipher: 'aes-128-ctr'
    ciphertext: string
    cipherparams: { iv: string }
    kdf: 'scrypt'
    kdfparams: { n: number; r: number; p: number; dklen: number; salt: string }
    mac: string
  }
}

/** Encrypts `privateKey` (32 bytes) with `password`. `n` is scrypt's cost, a power of two. */
export async function encryptKey(privateKey: Uint8Array, password: string, n: number = SCRYPT.n): Promise<string> {
  if (privateKey.length !== KEY_BYTES) throw unusable(`a private key has 32 bytes, not ${privateKey.length}`)
  const [salt, iv] = [randomBytes(32), randomBytes(16)]
  const derived = await derive(password, salt, { ...SCRYPT, n })
  const cipher = createCipheriv('aes-128-ctr', derived.subarray(0, 16), iv)
  const ciphertext = Buffer.concat([cipher.update(privateKey), cipher.final()])
  const store: KeystoreV3 = {
    version: 3,
    id: randomUUID(),
    address: bytesToHex(privateToAddress(privateKey)).slice(2),
    crypto: {
      cipher: 'aes-128-ctr',
      ciphertext: ciphertext.toString('hex'),
      cipherparams: { iv: iv.toString('hex') },
      kdf: 'scrypt',
      kdfparams: { ...SCRYPT, n, dklen: 32, salt: salt.toString('hex') },
      mac: macOf(derived, ciphertext).toString('hex'),
    },
  }
  return `${JSON.stringify(store, null, 2)}\n`
}

/** The private key in `json`. Errors: `NODE_KEYSTORE` for a wrong password or a file that is not a keystore. */
export async function decryptKey(json: string, password: string): Promise<Uint8Array> {
  const { crypto } = parse(json)
  const { n, r, p, salt } = crypto.kdfparams
  const derived = await derive(password, bytes(salt, 'salt'), { n, r, p })
  const ciphertext = bytes(crypto.ciphertext, 'ciphertext')
  const mac = bytes(crypto.mac, 'mac')
  const expected = macOf(derived, ciphertext)
  if (mac.length !== expected.length || !timingSafeEqual(mac, expected)) throw unusable('the password is wrong')
  const decipher = createDecipheriv('aes-128-ctr', derived.subarray(0, 16), bytes(crypto.cipherparams.iv, 'iv'))
  return new Uint8Array(Buffer.concat([decipher.update(ciphertext), decipher.final()]))
}

/** The address in `json`, which is not secret. */
export function keystoreAddress(json: string): `0x${string}` {
  return `0x${parse(json).address.replace(/^0x/, '').toLowerCase()}`
}

function derive(password: string, salt: Uint8Array, cost: { n: number; r: number; p: number }): Promise<Buffer> {
  const { n, r, p } = cost
  const bytes = 128 * r * (n + p)
  if (bytes > MAX_SCRYPT_BYTES) throw unusable('its scrypt parameters ask for more than 512 MiB')
  return new Promise((resolve, reject) => {
    try {
      scrypt(password.normalize('NFKC'), salt, 32, { N: n, r, p, maxmem: 2 * bytes }, (error, key) =>
        error ? reject(unusable(error.message)) : resolve(key),
      )
    } catch (error) {
      reject(unusable((error as Error).message)) // parameters that scrypt does not have
    }
  })
}

function macOf(derived: Uint8Array, ciphertext: Uint8Array): Buffer {
  return Buffer.from(keccak256(Buffer.concat([derived.subarray(16, 32), ciphertext])))
}

function parse(json: string): KeystoreV3 {
  let store: KeystoreV3
  try {
    const value = JSON.parse(json)
    // Some tools write `Crypto`.
    store = { ...value, crypto: value.crypto ?? value.Crypto }
  } catch {
    throw unusable('it is not JSON')
  }
  const { kdfparams } = store.crypto ?? {}
  if (store.version !== 3 || store.crypto?.kdf !== 'scrypt' || store.crypto.cipher !== 'aes-128-ctr')
    throw unusable('it is not a Web3 Secret Storage file of version 3 with scrypt')
  if (![kdfparams?.n, kdfparams?.r, kdfparams?.p].every((one) => Number.isSafeInteger(one) && one! > 0))
    throw unusable('its scrypt parameters are not numbers')
  if (typeof store.address !== 'string') throw unusable('it has no address')
  return store
}

function bytes(text: unknown, name: string): Uint8Array {
  if (typeof text !== 'string' || !/^([0-9a-f]{2})+$/i.test(text)) throw unusable(`its ${name} is not hex`)
  return hexToBytes(`0x${text}`)
}

function unusable(reason: string): NodeError {
  return new NodeError('NODE_KEYSTORE', `the key file cannot be used: ${reason}`, { reason })
}
