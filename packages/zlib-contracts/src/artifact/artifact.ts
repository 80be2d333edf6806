/** The file of a built application: all that a deployment needs, without the compiler. */
import { getCreate2Address, keccak256 } from 'ethers'
import { ZlibError } from '../errors.ts'
import { CREATE2_FACTORY, type Facet, type SplitContract } from '../split/split.ts'

/** Version of the format. */
const FORMAT = 1
const SALT = `0x${'00'.repeat(32)}`

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
  const { name, abi, facets, router, routerSize, routerCodeHash } = value
  if (typeof name !== 'string') throw bad('it has no name')
  if (!Array.isArray(abi)) throw bad('it has no abi')
  if (!Array.isArray(facets)) throw bad('it has no facets')
  if (!isHex(router) || typeof routerSize !== 'number' || !isHex(routerCodeHash)) throw bad('it has no router')
  return { name, abi, facets: facets.map(parseFacet), router, routerSize, routerCodeHash }
}

function parseFacet(value: Partial<Facet> | null, index: number): Facet {
  const { address, codeHash, creation, size, selectors } = value ?? {}
  if (!isHex(creation) || !isHex(codeHash) || typeof size !== 'number') throw bad(`facet ${index} has no code`)
  if (!Array.isArray(selectors) || !selectors.every(isHex)) throw bad(`facet ${index} has no selectors`)
  if (address !== getCreate2Address(CREATE2_FACTORY, SALT, keccak256(creation)))
    throw bad(`the address of facet ${index} is not that of its code`)
  return { address, codeHash, creation, size, selectors }
}

function isHex(value: unknown): value is `0x${string}` {
  return typeof value === 'string' && /^0x([0-9a-fA-F]{2})+$/.test(value)
}

function bad(reason: string, cause?: unknown): ZlibError {
  return new ZlibError('ZLIB_BAD_ARTIFACT', `the artifact cannot be read: ${reason}`, { reason }, { cause })
}
