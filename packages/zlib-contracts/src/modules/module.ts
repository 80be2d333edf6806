/** Modules out of the registry: made again from the sources that their CID names, so that nobody who hands them over has to be trusted. */
import { id } from 'ethers'
import { type CompileOptions, compileContract } from '../compile/compile.ts'
import { loadSolc, type Solc } from '../compile/solc.ts'
import type { Registry } from '../registry/registry.ts'
import { type Facet, splitContract } from '../split/split.ts'
import { cidText, isRawCid } from './cid.ts'
import { type ModuleRecipe, type PackedModule, packModule, unpackModule } from './metadata.ts'
import type { SourceFetch } from './source-fetch.ts'

/** A module ready to be published. */
export interface BuiltModule extends PackedModule {
  readonly recipe: ModuleRecipe
  readonly facet: Facet
}

/** Settings of {@link buildModule}. */
export interface BuildModuleOptions extends Omit<CompileOptions, 'sources'> {
  readonly sources: Readonly<Record<string, string>>
  readonly name: string
  readonly version: string
  /** Signatures; default: all functions of the contract. */
  readonly functions?: readonly string[]
  /** Published modules that it needs, as `name@version`. */
  readonly needs?: readonly string[]
}

/** Cuts a module out of a contract, with the recipe to do so again. Errors: those of compiling and splitting. */
export function buildModule(options: BuildModuleOptions): BuiltModule {
  const { name, version, contract, needs = [], solc = loadSolc() } = options
  const sources: Record<string, string> = { ...options.sources }
  const compiled = compileContract({
    ...options,
    solc,
    ...(options.resolveImport ? { resolveImport: recording(options.resolveImport, sources) } : {}),
  })
  const file = Object.keys(options.sources)[0]!
  const functions = options.functions ?? Object.keys(compiled.selectors)
  const recipe = { name, version, compiler: compiled.compiler, contract, file, functions, sources, needs }
  return { recipe, facet: moduleFacet(recipe, solc), ...packModule(recipe) }
}

/** A published module that is what its sources compile to. */
export interface VerifiedModule {
  readonly status: 'verified'
  readonly recipe: ModuleRecipe
  readonly facet: Facet
  readonly yanked: boolean
}

/** Whether a published module is what its sources compile to. */
export type ModuleVerification = VerifiedModule | { readonly status: 'different'; readonly reason: string }

/**
 * Fetches the sources of name@version, compiles them, and compares with what the registry's chain has. Errors: `ZLIB_SOURCES` when they cannot be
 * had, `ZLIB_REGISTRY` for a version that was not published.
 */
export async function verifyModule(
  registry: Registry,
  name: string,
  version: string,
  sources: SourceFetch,
  options: { readonly solc?: Solc; readonly signal?: AbortSignal } = {},
): Promise<ModuleVerification> {
  const { solc = loadSolc(), signal } = options
  const { metadata, libId, code, yanked, dependencies } = await registry.resolve(name, version)
  if (!isRawCid(metadata)) return { status: 'different', reason: `its metadata ${metadata} is not a CID of this kind` }
  const recipe = await unpackModule(metadata, sources, signal ? { signal } : {})
  if (recipe.name !== name || recipe.version !== version)
    return { status: 'different', reason: `its sources are those of ${recipe.name}@${recipe.version}` }
  const keys = recipe.needs.map((needed) => id(needed))
  if (keys.toSorted().join() !== [...dependencies].sort().join())
    return {
      status: 'different',
      reason: `its document needs ${recipe.needs.join(', ') || 'nothing'}, the registry has other keys`,
    }
  if (recipe.compiler !== solc.version())
    return { status: 'different', reason: `it was compiled with ${recipe.compiler}, here is ${solc.version()}` }
  const facet = moduleFacet(recipe, solc)
  if (facet.codeHash !== libId || facet.address !== code)
    return { status: 'different', reason: `${cidText(metadata)} compiles to ${facet.address}, published is ${code}` }
  return { status: 'verified', recipe, facet, yanked }
}

/** The facet that a recipe gives, from its own sources alone. */
function moduleFacet({ sources, contract, functions }: ModuleRecipe, solc: Solc): Facet {
  const compiled = compileContract({ sources, contract, resolveImport: () => undefined, solc })
  return splitContract(compiled, { modules: [functions], only: 'modules', solc }).facets[0]!
}

function recording(resolve: (path: string) => string | undefined, into: Record<string, string>) {
  return (path: string) => {
    const found = resolve(path)
    if (found !== undefined) into[path] = found
    return found
  }
}
