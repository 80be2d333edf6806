/** The file of a secret isogeny key: 270 bytes (SQIsign, level I) in hexadecimal. */
import { hexToBytes } from '@ethereumjs/util'
import { NodeError } from '../errors.ts'
import { readKeyFile } from './key-file.ts'

const SECRET_KEY_BYTES = 270
const PUBLIC_KEY_BYTES = 83

/** Throws `NODE_KEYSTORE`. */
export function readIsogenyKey(path: string): Uint8Array {
  const text = readKeyFile(path).trim().replace(/^0x/, '')
  if (!/^[0-9a-fA-F]+$/.test(text) || text.length !== 2 * SECRET_KEY_BYTES)
    throw new NodeError('NODE_KEYSTORE', `${path} does not hold a private key of ${SECRET_KEY_BYTES} bytes in hex`)
  return hexToBytes(`0x${text}`)
}

/** An encoded secret key begins with its public key. */
export function isogenyPublicKey(secretKey: Uint8Array): Uint8Array {
  return secretKey.subarray(0, PUBLIC_KEY_BYTES)
}
