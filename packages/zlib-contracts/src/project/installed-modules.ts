/** Modules that `zlib add` brought into a project: their sources, and where they stand on the chain. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
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
  /** Modules that it needs, NAME@VERSION. */
  readonly needs?: readonly string[]
  /** Where the module stands, on any chain. */
  readonly address: `0x${string}`
  readonly codeHash: `0x${string}`
}

/** What was written of a module. */
export interface Installation {
  /** NAME@VERSION. */
  readonly module: string
  /** Relative to the project. */
  readonly folder: string
  /** What contracts import. */
  readonly import: string
  readonly address: `0x${string}`
  /** How many functions. */
  readonly functions: number
}

/** NAME@VERSION of a module. */
export function nameOf({ recipe }: { readonly recipe: Pick<ModuleRecipe, 'name' | 'version'> }): string {
  return `${recipe.name}@${recipe.version}`
}

/**
 * Writes modules and their sources, the wanted one last. It takes the place of another version of itself; what it needs does not, because
 * something else may need that. Errors: `ZLIB_INVALID_ARGUMENT`, before anything is written.
 */
export function installModules(
  root: string,
  modules: readonly { readonly recipe: ModuleRecipe; readonly facet: Facet }[],
): Installation[] {
  const there = new Map(installedModules(root).map((one) => [one.name, one.version]))
  for (const module of modules.slice(0, -1)) {
    const version = there.get(module.recipe.name)
    if (version !== undefined && version !== module.recipe.version)
      throw new ZlibError(
        'ZLIB_INVALID_ARGUMENT',
        `${nameOf(module)} is needed, ${module.recipe.name}@${version} is installed; add the needed one first to replace it`,
        { needed: nameOf(module), installed: version },
      )
  }
  return modules.map(({ recipe, facet }) => install(root, recipe, facet))
}

function install(root: string, recipe: ModuleRecipe, facet: Facet): Installation {
  const { sources, ...rest } = recipe
  const folder = join(MODULE_FOLDER, recipe.name)
  const entry: InstalledModule = { ...rest, address: facet.address, codeHash: facet.codeHash }
  // Sources of another version that this one does not have would stay behind.
  rmSync(join(root, folder), { recursive: true, force: true })
  for (const [path, text] of [
    ...Object.entries(sources),
    [MODULE_FILE, `${JSON.stringify(entry, null, 2)}\n`],
  ] as const) {
    const target = join(root, folder, path)
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, text)
  }
  const { address } = facet
  return {
    module: nameOf({ recipe }),
    folder,
    import: `${folder}/${recipe.file}`,
    address,
    functions: recipe.functions.length,
  }
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
