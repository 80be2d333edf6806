/** What a key holder needs to read a file: the CID of its layout and the file key; as text `zos1` and base64url. */
import * as dagCbor from '@ipld/dag-cbor'
import { base64url } from 'multiformats/bases/base64'
import { CID } from 'multiformats/cid'
import { KEY_BYTES } from '../crypto/port.ts'
import { StorageError } from '../errors.ts'

/** The right to read one file. Whoever has it can read; keep it like a key. */
export interface Capability {
  readonly root: CID
  readonly key: Uint8Array
}

/** Text form of a capability. */
export function formatCapability({ root, key }: Capability): string {
  return `zos1${base64url.encode(dagCbor.encode([root, key])).slice(1)}`
}

/** Reads the text form. @throws StorageError `STORAGE_UNAUTHENTIC` */
export function parseCapability(text: string): Capability {
  try {
    if (text.startsWith('zos1')) {
      const [link, key] = dagCbor.decode<unknown[]>(base64url.decode(`u${text.slice(4)}`))
      const root = CID.asCID(link)
      if (root !== null && key instanceof Uint8Array && key.length === KEY_BYTES) return { root, key }
    }
  } catch (cause) {
    throw new StorageError('STORAGE_UNAUTHENTIC', 'This is not a capability', {}, { cause })
  }
  throw new StorageError('STORAGE_UNAUTHENTIC', 'This is not a capability')
}
