/** The owner's list of files: names and capabilities, stored through the vault like any file, so that names leave nobody's machine in clear. */
import * as dagCbor from '@ipld/dag-cbor'
import { concat } from '../content/bytes.ts'
import { StorageError } from '../errors.ts'
import { type Capability, formatCapability, parseCapability } from './capability.ts'
import type { Vault } from './vault.ts'

/** A file in a private directory. */
export interface PrivateEntry {
  readonly name: string
  readonly size: number
  readonly capability: Capability
}

/** Stores a list of files; gives the capability of the list. */
export async function writePrivateDirectory(
  vault: Vault,
  entries: readonly PrivateEntry[],
  options: { signal?: AbortSignal } = {},
): Promise<Capability> {
  const list = entries.map(({ name, size, capability }) => ({ name, size, capability: formatCapability(capability) }))
  return vault.put([dagCbor.encode({ zosDirectory: 1, entries: list })], options)
}

/** Reads a list of files. @throws StorageError `STORAGE_MALFORMED` when the file is not a list */
export async function readPrivateDirectory(
  vault: Vault,
  directory: Capability,
  options: { signal?: AbortSignal } = {},
): Promise<PrivateEntry[]> {
  const parts: Uint8Array[] = []
  for await (const part of vault.get(directory, options)) parts.push(part)
  const value = dagCbor.decode<{
    zosDirectory?: unknown
    entries?: { name: string; size: number; capability: string }[]
  }>(concat(parts))
  if (value.zosDirectory !== 1 || !Array.isArray(value.entries))
    throw new StorageError('STORAGE_MALFORMED', 'The file is not a directory')
  return value.entries.map(({ name, size, capability }) => ({ name, size, capability: parseCapability(capability) }))
}
