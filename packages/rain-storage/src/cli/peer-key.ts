/** The key of a home's storage peer: its peer id stays the same whenever it is started. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { StorageError } from '../errors.ts'
import { placeOfPeer } from '../market/choose-offers.ts'
import { makeFolder, writeWhole } from '../platform/file-system.ts'

/** The key in `peer-key`; a new one is made and kept where there is none. `id` is the last part of the peer's multiaddrs. */
export async function peerKeyOf(folder: string) {
  const { generateKeyPair, privateKeyFromRaw } = await import('@libp2p/crypto/keys')
  const path = join(folder, 'peer-key')
  const raw = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    // A key that is there and cannot be read is not written over.
    if (error.code !== 'ENOENT') throw error
    return undefined
  })
  const privateKey = raw === undefined ? await generateKeyPair('Ed25519') : privateKeyFromRaw(raw)
  if (raw === undefined) {
    await makeFolder(folder, undefined, 0o700)
    await writeWhole(path, privateKey.raw)
  }
  return { privateKey, id: privateKey.publicKey.toString() }
}

/** An address with the peer id of this home, which is added where it has none. @throws StorageError `STORAGE_INVALID_ARGUMENT` for what is no address of `id` */
export function ownAddress(text: string, id: string): string {
  const address = text.includes('/p2p/') ? text : `${text}/p2p/${id}`
  if (placeOfPeer(address)?.id !== id)
    throw new StorageError(
      'STORAGE_INVALID_ARGUMENT',
      `${address} is not an address /ip4/…/tcp/… or /dns/…/tcp/… of ${id}`,
    )
  return address
}
