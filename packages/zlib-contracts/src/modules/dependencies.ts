/** A module and all that it needs. The registry has keys of dependencies, which are hashes; their names stand in the module's document. */
import type { Solc } from '../compile/solc.ts'
import { ZlibError } from '../errors.ts'
import type { Registry } from '../registry/registry.ts'
import { type VerifiedModule, verifyModule } from './module.ts'
import type { SourceFetch } from './source-fetch.ts'

/** Most modules that one may need, through others too: each is compiled. */
const MAX_MODULES = 128

/**
 * Verifies name@version and all that it needs, what is needed before what needs it. Errors: `ZLIB_NOT_VERIFIED` with the module that is not
 * what its sources compile to, or when two versions of one module are needed; `ZLIB_SOURCES`, `ZLIB_REGISTRY` as of `verifyModule`.
 */
export async function verifyWithDependencies(
  registry: Registry,
  name: string,
  version: string,
  sources: SourceFetch,
  options: { readonly solc?: Solc; readonly signal?: AbortSignal } = {},
): Promise<VerifiedModule[]> {
  const done: VerifiedModule[] = []
  /** Version and who needs it, by name; entered before its dependencies are, so that a circle ends. */
  const seen = new Map<string, { readonly version: string; readonly by: string }>()
  async function visit(name: string, version: string, by: string): Promise<void> {
    const other = seen.get(name)
    if (other?.version === version) return
    if (other)
      throw refused(
        `${by} needs ${name}@${version}, and ${other.by} needs ${name}@${other.version}: a project has one of them`,
      )
    if (seen.size === MAX_MODULES) throw refused(`more than ${MAX_MODULES} modules are needed`)
    seen.set(name, { version, by })
    options.signal?.throwIfAborted()
    const result = await verifyModule(registry, name, version, sources, options)
    if (result.status === 'different')
      throw refused(`${name}@${version} is not what its sources compile to: ${result.reason}`)
    for (const needed of result.recipe.needs) {
      const at = needed.lastIndexOf('@')
      await visit(needed.slice(0, at), needed.slice(at + 1), `${name}@${version}`)
    }
    done.push(result)
  }
  await visit(name, version, 'you')
  return done
}

function refused(reason: string): ZlibError {
  return new ZlibError('ZLIB_NOT_VERIFIED', reason, { reason })
}
