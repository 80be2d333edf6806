import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BuiltContract, buildContract, type CacheStore, diskStore } from '@zos/zlib-contracts'

/** The standard modules that the world is made of, by their names in the library's modules.json. */
export const WORLD_MODULES = [
  'roles',
  'votes-token',
  'governor',
  'one-address-dao',
  'marketplace',
  'english-auction',
  'staking-rewards',
  'escrow',
  'payment-splitter',
  'merkle-distributor',
  'storage-refs',
]

/** Where compiled answers are kept, shared by the examples. */
export const CACHE: CacheStore = diskStore(fileURLToPath(new URL('../../.zlib/cache', import.meta.url)))

/**
 * A contract of `folder` cut into facets, the named standard modules each on its own. A minute the first time, with a compiler on every
 * processor, and a second afterwards.
 */
export function buildApplication(
  folder: URL,
  contract: string,
  modules: readonly string[],
  onProgress?: (message: string) => void,
): Promise<BuiltContract> {
  return buildContract({
    sources: sourcesIn(folder),
    contract,
    from: fileURLToPath(folder),
    store: CACHE,
    modules: modules.map(moduleFunctions),
    onProgress(step) {
      if (step.stage === 'compiling') onProgress?.(`compiling ${contract}`)
      if (step.stage === 'splitting') onProgress?.(`facet ${step.facets} is cut, ${step.functionsLeft} functions left`)
    },
  })
}

/** The game. */
export const buildWorld = (onProgress?: (message: string) => void) =>
  buildApplication(new URL('../contracts/', import.meta.url), 'World', WORLD_MODULES, onProgress)

/** The Solidity files of a folder, by name. */
export function sourcesIn(folder: URL): Record<string, string> {
  const files = readdirSync(folder).filter((name) => name.endsWith('.sol'))
  return Object.fromEntries(files.map((name) => [name, readFileSync(new URL(name, folder), 'utf8')]))
}

/** The functions of a standard module. */
function moduleFunctions(name: string): string[] {
  const require = createRequire(import.meta.url)
  const path = join(dirname(require.resolve('@zos/zlib-contracts/package.json')), 'contracts', 'modules.json')
  const modules = JSON.parse(readFileSync(path, 'utf8')) as Record<string, { functions: string[] }>
  const module = modules[name]
  if (!module) throw new Error(`the standard library has no module ${name}`)
  return module.functions
}
