/** Modules that `zlib add` brought into a project: their sources, and where they stand on the chain. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ZlibError } from '../errors.ts'
import type { ModuleRecipe } from '../modules/metadata.ts'
import type { Facet } from '../split/split.ts'

/** Folder below the project; contracts import `zlib_modules/NAME/…`. */
export const MODULE_FOLDER = 'zlib_modules'
const MODULE_FILE = 'zlib-module.json'

/** A module in a project. */
export interface InstalledModule {
  readonly name: string
  readonly version: string
  readonly compiler: string
  readonly contract: string
  readonly file: string
  readonly functions: readonly string[]
  /** Where the module stands, on any chain. */
  readonly address: `0x${string}`
  readonly codeHash: `0x${string}`
}

/** Writes a module and its sources. Returns the folder, relative to `root`. */
export function installModule(root: string, recipe: ModuleRecipe, facet: Facet): string {
  const { sources, ...rest } = recipe
  const folder = join(MODULE_FOLDER, recipe.name)
  const entry: InstalledModule = { ...rest, address: facet.address, codeHash: facet.codeHash }
  for (const [path, text] of [
    ...Object.entries(sources),
    [MODULE_FILE, `${JSON.stringify(entry, null, 2)}\n`],
  ] as const) {
    const target = join(root, folder, path)
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, text)
  }
  return folder
}

/** The modules of the project in `root`, by name. Errors: `ZLIB_FILE` for a damaged one. */
export function installedModules(root: string): InstalledModule[] {
  const folder = join(root, MODULE_FOLDER)
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .sort()
    .map((name) => {
      const path = join(folder, name, MODULE_FILE)
      try {
        const value = JSON.parse(readFileSync(path, 'utf8')) as InstalledModule
        if (Array.isArray(value.functions) && typeof value.address === 'string') return value
      } catch (cause) {
        throw new ZlibError('ZLIB_FILE', `${path} cannot be read; add the module again`, { path }, { cause })
      }
      throw new ZlibError('ZLIB_FILE', `${path} is not the file of a module; add the module again`, { path })
    })
}
