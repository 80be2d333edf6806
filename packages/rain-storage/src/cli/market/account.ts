/**
 * Accounts that sign for the market: one that the node holds, or a key in a file that its owner alone can read: hex, or Web3 Secret Storage version 3 with
 * scrypt, as `zos keys` and Ethereum's tools write it.
 */
import { createDecipheriv, scrypt, timingSafeEqual } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { fromHex } from '../../content/bytes.ts'
import { StorageError } from '../../errors.ts'
import type { Hex } from '../../market/abi.ts'
import { accountOf } from '../../market/signer.ts'

/** An account as it is named on the command line. */
export type AccountName = { readonly address: Hex } | { readonly file: string }

/** Group and others. */
const OTHERS = 0o077
/** Beyond this a key store would take the machine's memory: four times what tools write. */
const MAX_SCRYPT_BYTES = 2 ** 29 + 2 ** 16

/** An address names an account of the node, everything else a file. */
export function accountNamed(text: string): AccountName {
  return /^0x[0-9a-fA-F]{40}$/.test(text) ? { address: text.toLowerCase() as Hex } : { file: text }
}

/** The address of a key file: of a key store without its password. @throws StorageError as {@link readKey} */
export async function addressInFile(path: string): Promise<Hex> {
  const text = await readPrivate(path)
  if (!text.startsWith('{')) return accountOf(hexKey(path, text))
  const { address } = parseStore(path, text)
  const bytes = typeof address === 'string' ? fromHex(address.replace(/^0x/, '')) : undefined
  if (bytes?.length !== 20) throw unusable(path, 'its key store has no address')
  return `0x${Buffer.from(bytes).toString('hex')}`
}

/**
 * The private key in a file. The password is asked for only when it is needed.
 * @throws StorageError `STORAGE_FORBIDDEN` when others can read the file or the password is wrong, `STORAGE_MALFORMED` when it holds no key
 */
export async function readKey(path: string, password: () => Promise<string>): Promise<Uint8Array> {
  const text = await readPrivate(path)
  return text.startsWith('{') ? decryptStore(path, text, await password()) : hexKey(path, text)
}

/** The password in `file`, in `ZOS_PASSWORD`, or as somebody types it, without showing it. @throws StorageError `STORAGE_INVALID_ARGUMENT` where there is none */
export async function passwordFor(path: string, file: string | undefined): Promise<string> {
  if (file !== undefined) return readPrivate(file)
  if (process.env.ZOS_PASSWORD !== undefined) return process.env.ZOS_PASSWORD
  if (!process.stdin.isTTY)
    throw new StorageError('STORAGE_INVALID_ARGUMENT', `${path} has a password: --password-file FILE, or ZOS_PASSWORD`)
  process.stderr.write(`Password of ${path}: `)
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true })
  try {
    return await new Promise((resolve) => lines.question('', resolve))
  } finally {
    lines.close()
    process.stderr.write('\n')
  }
}

async function readPrivate(path: string): Promise<string> {
  const { mode } = await stat(path)
  if (process.platform !== 'win32' && (mode & OTHERS) !== 0)
    throw new StorageError('STORAGE_FORBIDDEN', `${path} can be read by others; run: chmod 600 ${path}`, { path })
  return (await readFile(path, 'utf8')).trim()
}

function hexKey(path: string, text: string): Uint8Array {
  const key = fromHex(text.replace(/^0x/, ''))
  if (key?.length !== 32) throw unusable(path, 'it holds neither a key store nor a private key of 64 hex digits')
  return key
}

interface KeyStore {
  readonly version?: unknown
  readonly address?: unknown
  readonly crypto?: {
    readonly cipher?: unknown
    readonly ciphertext?: unknown
    readonly cipherparams?: { readonly iv?: unknown }
    readonly kdf?: unknown
    readonly kdfparams?: { readonly n?: unknown; readonly r?: unknown; readonly p?: unknown; readonly salt?: unknown }
    readonly mac?: unknown
  }
}

function parseStore(path: string, text: string): KeyStore {
  try {
    const store = JSON.parse(text) as KeyStore & { Crypto?: KeyStore['crypto'] }
    // Some tools write `Crypto`.
    return { ...store, crypto: store.crypto ?? store.Crypto ?? {} }
  } catch {
    throw unusable(path, 'it is not JSON')
  }
}

async function decryptStore(path: string, text: string, password: string): Promise<Uint8Array> {
  const { version, crypto = {} } = parseStore(path, text)
  const { n, r, p, salt } = crypto.kdfparams ?? {}
  if (version !== 3 || crypto.kdf !== 'scrypt' || crypto.cipher !== 'aes-128-ctr')
    throw unusable(path, 'it is no Web3 Secret Storage of version 3 with scrypt')
  const whole = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) > 0
  if (!whole(n) || !whole(r) || !whole(p) || 128 * r * (n + p) > MAX_SCRYPT_BYTES)
    throw unusable(path, 'its scrypt parameters are none, or ask for more than 512 MiB')
  const bytes = (value: unknown, name: string) => {
    const found = typeof value === 'string' ? fromHex(value) : undefined
    if (found === undefined) throw unusable(path, `its ${name} is not hex`)
    return found
  }
  const [ciphertext, iv] = [bytes(crypto.ciphertext, 'ciphertext'), bytes(crypto.cipherparams?.iv, 'iv')]
  if (iv.length !== 16) throw unusable(path, 'its iv does not have 16 bytes')
  const derived = await derive(path, password, bytes(salt, 'salt'), { n, r, p })
  const expected = keccak_256(Buffer.concat([derived.subarray(16, 32), ciphertext]))
  const mac = bytes(crypto.mac, 'mac')
  if (mac.length !== expected.length || !timingSafeEqual(mac, expected))
    throw new StorageError('STORAGE_FORBIDDEN', `The password of ${path} is wrong`, { path })
  const decipher = createDecipheriv('aes-128-ctr', derived.subarray(0, 16), iv)
  return new Uint8Array(Buffer.concat([decipher.update(ciphertext), decipher.final()]))
}

function derive(
  path: string,
  password: string,
  salt: Uint8Array,
  { n, r, p }: { n: number; r: number; p: number },
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const failed = (error: unknown) => reject(unusable(path, error instanceof Error ? error.message : String(error)))
    try {
      const cost = { N: n, r, p, maxmem: 256 * r * (n + p) }
      scrypt(password.normalize('NFKC'), salt, 32, cost, (error, key) => (error ? failed(error) : resolve(key)))
    } catch (error) {
      failed(error) // parameters that scrypt does not have
    }
  })
}

function unusable(path: string, reason: string): StorageError {
  return new StorageError('STORAGE_MALFORMED', `${path} cannot be used: ${reason}`, { path })
}
