/** The file of a built application: all that a deployment needs, without the compiler. */
import { ZlibError } from '../errors.ts'
import { create2Address } from '../split/create2.ts'
import type { Library } from '../split/libraries.ts'
import type { Facet, ImmutablePlace, SplitContract } from '../split/split.ts'

/** Version of the format. */
const FORMAT = 2

/** The text of an artifact. */
export function formatArtifact(split: SplitContract): string {
  return `${JSON.stringify({ zlib: FORMAT, ...split }, null, 2)}\n`
}

/**
 * Reads an artifact and computes each facet's address from its code, so that a changed file is noticed. Errors: `ZLIB_BAD_ARTIFACT` with
 * where it is wrong.
 */
export function parseArtifact(text: string): SplitContract {
  let value: Record<string, unknown> | null
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw bad('it is not JSON', cause)
  }
  if (value?.zlib !== FORMAT) throw bad(`its format is ${String(value?.zlib)}, this version reads ${FORMAT}`)
  const { name, abi, libraries, facets, router, routerSize, routerCodeHash, routerImmutables } = value
  if (typeof name !== 'string') throw bad('it has no name')
  if (!Array.isArray(abi)) throw bad('it has no abi')
  if (!Array.isArray(libraries)) throw bad('it has no libraries')
  if (!Array.isArray(facets)) throw bad('it has no facets')
  if (!isHex(router) || typeof routerSize !== 'number' || !isHex(routerCodeHash)) throw bad('it has no router')
  if (!Array.isArray(routerImmutables) || !routerImmutables.every(isPlace)) throw bad('it has no immutables')
  return {
    name,
    abi,
    libraries: libraries.map(parseLibrary),
    facets: facets.map(parseFacet),
    router,
    routerSize,
    routerCodeHash,
    routerImmutables,
  }
}

function parseFacet(value: Partial<Facet> | null, index: number): Facet {
  const { address, codeHash, creation, size, selectors } = value ?? {}
  if (!isHex(creation) || !isHex(codeHash) || typeof size !== 'number') throw bad(`facet ${index} has no code`)
  if (!Array.isArray(selectors) || !selectors.every(isHex)) throw bad(`facet ${index} has no selectors`)
  if (address !== create2Address(creation)) throw bad(`the address of facet ${index} is not that of its code`)
  return { address, codeHash, creation, size, selectors }
}

function parseLibrary(value: Partial<Library> | null, index: number): Library {
  const { name, address, codeHash, creation, size } = value ?? {}
  if (typeof name !== 'string' || !isHex(creation) || !isHex(codeHash) || typeof size !== 'number')
    throw bad(`library ${index} has no code`)
  if (address !== create2Address(creation)) throw bad(`the address of library ${index} is not that of its code`)
  return { name, address, codeHash, creation, size }
}

function isPlace(value: Partial<ImmutablePlace> | null): value is ImmutablePlace {
  const { name, start, length } = value ?? {}
  return typeof name === 'string' && Number.isSafeInteger(start) && Number.isSafeInteger(length)
}

function isHex(value: unknown): value is `0x${string}` {
  return typeof value === 'string' && /^0x([0-9a-fA-F]{2})+$/.test(value)
}

function bad(reason: string, cause?: unknown): ZlibError {
  return new ZlibError('ZLIB_BAD_ARTIFACT', `the artifact cannot be read: ${reason}`, { reason }, { cause })
}
