/** `zlib.json`: what a project says once instead of at every command. */
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { isAddress } from 'ethers'
import { ZlibError } from '../errors.ts'

/** Name of the file. */
export const CONFIG_FILE = 'zlib.json'

/** Settings of a project. */
export interface ProjectConfig {
  /** Largest facet, bytes. */
  readonly maxBytes?: number
  /** Package of the compiler, when it is not the one of this package: `npm install solc-0.8.28@npm:solc@0.8.28`. */
  readonly solc?: string
  /** Standard modules by name (contracts/modules.json of this package) that get facets of their own. */
  readonly modules?: readonly string[]
  /** Address of the registry. */
  readonly registry?: `0x${string}`
}

/** Reads the settings of the project in `root`; none where there is no file. Errors: `ZLIB_INVALID_ARGUMENT` with what is wrong. */
export function readConfig(root: string): ProjectConfig {
  const path = join(root, CONFIG_FILE)
  if (!existsSync(path)) return {}
  let value: Record<string, unknown>
  try {
    value = JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    throw wrong('it is not JSON')
  }
  const { maxBytes, solc, modules, registry, ...others } = value
  const [unknown] = Object.keys(others)
  if (unknown) throw wrong(`there is no setting "${unknown}"`)
  if (maxBytes !== undefined && !(Number.isSafeInteger(maxBytes) && (maxBytes as number) > 0))
    throw wrong('maxBytes is not a whole number')
  if (solc !== undefined && typeof solc !== 'string') throw wrong('solc is not the name of a package')
  if (modules !== undefined && !(Array.isArray(modules) && modules.every((one) => typeof one === 'string')))
    throw wrong('modules is not a list of names')
  if (registry !== undefined && !isAddress(registry)) throw wrong('registry is not an address')
  return value as ProjectConfig
}

/** Path of the compiler's package, as the project in `root` finds it. Errors: `ZLIB_FILE`. */
export function solcPath(root: string, { solc }: ProjectConfig): string {
  if (solc === undefined) return 'solc'
  try {
    return createRequire(join(root, 'zlib.js')).resolve(solc)
  } catch (cause) {
    throw new ZlibError(
      'ZLIB_FILE',
      `there is no compiler ${solc}; install it, for instance npm install ${solc}@npm:solc@VERSION`,
      { solc },
      { cause },
    )
  }
}

/** The functions of a standard module. Errors: `ZLIB_INVALID_ARGUMENT` for a name that there is not. */
export function standardModule(name: string): readonly string[] {
  const { resolve } = createRequire(import.meta.url)
  const path = join(resolve('@zos/zlib-contracts/package.json'), '..', 'contracts', 'modules.json')
  const all = JSON.parse(readFileSync(path, 'utf8')) as Record<string, { readonly functions: readonly string[] }>
  if (!Object.hasOwn(all, name))
    throw new ZlibError(
      'ZLIB_INVALID_ARGUMENT',
      `there is no standard module ${name}; there are ${Object.keys(all).join(', ')}`,
      { name },
    )
  return all[name]!.functions
}

function wrong(reason: string): ZlibError {
  return new ZlibError('ZLIB_INVALID_ARGUMENT', `${CONFIG_FILE} is wrong: ${reason}`, { reason })
}
