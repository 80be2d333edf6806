/** Key files on disk: made for their owner alone, and refused when others can read them. */
import { closeSync, existsSync, openSync, readFileSync, statSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { hexToBytes } from '@ethereumjs/util'
import { NodeError } from '../errors.ts'
import { makeDirectory } from '../store/directory.ts'
import { decryptKey } from './keystore.ts'

/** Group and others: nothing. */
const OTHERS = 0o077

/** Writes `text` to a new file that its owner alone can read. Never over another. Errors: `NODE_KEYSTORE`. */
export function writeKeyFile(path: string, text: string): void {
  makeDirectory(dirname(path))
  if (existsSync(path)) throw unusable(path, 'it is there already, and a key is never overwritten')
  const file = openSync(path, 'wx', 0o600)
  try {
    writeSync(file, text)
  } finally {
    closeSync(file)
  }
}

/** The text of a key file. Errors: `NODE_KEYSTORE` when it cannot be read, or when others than its owner can. */
export function readKeyFile(path: string): string {
  try {
    if (process.platform !== 'win32' && (statSync(path).mode & OTHERS) !== 0)
      throw unusable(path, `others can read it; run: chmod 600 ${path}`)
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof NodeError) throw error
    throw unusable(path, (error as Error).message)
  }
}

/**
 * The private key in a keystore or a file with hex. `password` is asked only when it is needed.
 * Errors: `NODE_KEYSTORE`.
 */
export async function loadPrivateKey(path: string, password: () => Promise<string>): Promise<Uint8Array> {
  const text = readKeyFile(path).trim()
  if (text.startsWith('{')) return decryptKey(text, await password())
  const hex = text.replace(/^0x/, '')
  if (!/^[0-9a-fA-F]{64}$/.test(hex))
    throw unusable(path, 'it holds neither a keystore nor a private key of 32 bytes in hex')
  return hexToBytes(`0x${hex}`)
}

function unusable(path: string, reason: string): NodeError {
  return new NodeError('NODE_KEYSTORE', `${path} cannot be used: ${reason}`, { path, reason })
}
