import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { generateKeyPair, generateKeyPairFromSeed, privateKeyFromRaw } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { blake2b } from '@noble/hashes/blake2.js'

/** BLAKE2b personalization (16 bytes): the network key of a validator tells nothing of its signing key. */
const NETWORK_KEY = new TextEncoder().encode('zos-network-key\0')

/** The libp2p key of a node: a validator's comes from its signing key, others keep one in their data directory. Without either it is new. */
export async function networkKey(validatorKey: Uint8Array | undefined, dataDir?: string): Promise<PrivateKey> {
  if (validatorKey)
    return generateKeyPairFromSeed('Ed25519', blake2b(validatorKey, { dkLen: 32, personalization: NETWORK_KEY }))
  return dataDir === undefined ? generateKeyPair('Ed25519') : keptKey(join(dataDir, 'peer-key'))
}

/** The key in the file at `path`, which is made where there is none. */
export async function keptKey(path: string): Promise<PrivateKey> {
  const raw = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (raw !== undefined) return privateKeyFromRaw(raw)
  const key = await generateKeyPair('Ed25519')
  await writeFile(path, key.raw, { mode: 0o600, flag: 'wx' })
  return key
}
