/** Flags of the commands that know the registry, and how they are read. */
import { resolve } from 'node:path'
import { isAddress } from 'ethers'
import { ZlibError } from '../errors.ts'
import { folderSources, gatewaySources, type SourceFetch } from '../modules/source-fetch.ts'
import type { ProjectConfig } from '../project/config.ts'

/** Where sources are written and looked for without being told. */
export const SOURCE_FOLDER = '.zlib/sources'

export const REGISTRY_ARGS = {
  registry: { type: 'string', description: 'Address of the registry; default: that of zlib.json' },
  sources: { type: 'string', description: `Folder or gateway URL that has sources by CID; default: ${SOURCE_FOLDER}` },
} as const

/** The registry that a command means. */
export function registryOf(args: { readonly registry?: string | undefined }, config: ProjectConfig): string {
  const address = args.registry ?? config.registry
  if (!isAddress(address))
    throw new ZlibError(
      'ZLIB_INVALID_ARGUMENT',
      'no registry is named: give --registry ADDRESS, or "registry" in zlib.json',
      { address },
    )
  return address
}

/** Where a command gets sources from. */
export function sourcesOf(args: { readonly sources?: string | undefined }, root: string): SourceFetch {
  const where = args.sources ?? SOURCE_FOLDER
  return /^https?:\/\//.test(where) ? gatewaySources(where) : folderSources(resolve(root, where))
}

/** NAME@VERSION, or undefined. */
export function moduleName(text: string): { name: string; version: string } | undefined {
  const found = /^([a-z0-9-]{1,64})@(\d+\.\d+\.\d+(?:-[a-z0-9.-]+)?)$/.exec(text)
  return found ? { name: found[1]!, version: found[2]! } : undefined
}

/** NAME@VERSION. Errors: `ZLIB_INVALID_ARGUMENT`. */
export function requireModuleName(text: string): { name: string; version: string } {
  const found = moduleName(text)
  if (!found)
    throw new ZlibError('ZLIB_INVALID_ARGUMENT', `a module is NAME@VERSION, such as erc20@1.0.0, not ${text}`, { text })
  return found
}
