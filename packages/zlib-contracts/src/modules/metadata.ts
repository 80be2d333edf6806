/** What a published module was made of: a JSON document whose CID stands in the registry, and which names its sources by CID. */
import { toUtf8Bytes } from 'ethers'
import { ZlibError } from '../errors.ts'
import { cidOf, cidText, parseCid } from './cid.ts'
import { fetchChecked, MAX_SOURCE_BYTES, type SourceFetch } from './source-fetch.ts'

/** Version of the format. */
const FORMAT = 1
/** Most sources of a module, and most functions: far above what fits a contract. */
const MAX_ENTRIES = 1_000

/** The recipe of a module. */
export interface ModuleRecipe {
  readonly name: string
  readonly version: string
  /** Version of the compiler. */
  readonly compiler: string
  readonly contract: string
  /** File of the contract, a key of `sources`. */
  readonly file: string
  /** Signatures of its functions. */
  readonly functions: readonly string[]
  /** Source text by path, imports included. */
  readonly sources: Readonly<Record<string, string>>
  /** Published modules that it needs, as `name@version`; those whose keys the registry has. */
  readonly needs: readonly string[]
}

/** A recipe as blocks. */
export interface PackedModule {
  /** CID of the document. */
  readonly cid: `0x${string}`
  /** The document and the sources by the text of their CID. */
  readonly blocks: ReadonlyMap<string, Uint8Array>
}

/** Equal recipes give equal bytes. Errors: `ZLIB_SOURCES` for a file above 1 MiB. */
export function packModule(recipe: ModuleRecipe): PackedModule {
  const blocks = new Map<string, Uint8Array>()
  const add = (text: string, what: string) => {
    const bytes = toUtf8Bytes(text)
    if (bytes.length > MAX_SOURCE_BYTES)
      throw new ZlibError('ZLIB_SOURCES', `${what} has ${bytes.length} bytes, the limit is ${MAX_SOURCE_BYTES}`, {
        what,
      })
    const cid = cidOf(bytes)
    blocks.set(cidText(cid), bytes)
    return cid
  }
  const paths = Object.keys(recipe.sources).sort()
  const sources = Object.fromEntries(paths.map((path) => [path, cidText(add(recipe.sources[path]!, path))]))
  const { name, version, compiler, contract, file } = recipe
  const functions = [...recipe.functions].sort()
  // Left out where there are none: such documents keep the CIDs that they had before there were any.
  const needs = recipe.needs.length > 0 ? { needs: [...recipe.needs].sort() } : {}
  const document = { zlib: FORMAT, name, version, compiler, contract, file, functions, sources, ...needs }
  return { cid: add(`${JSON.stringify(document, null, 2)}\n`, 'the document'), blocks }
}

/** Reads a module back. Errors: `ZLIB_SOURCES` for what is missing, is not what its CID names, or is no such document. */
export async function unpackModule(
  cid: `0x${string}`,
  from: SourceFetch,
  options: { readonly signal?: AbortSignal } = {},
): Promise<ModuleRecipe> {
  const text = async (one: `0x${string}`) => new TextDecoder().decode(await fetchChecked(from, one, options))
  let value: Record<string, unknown> | null
  try {
    value = JSON.parse(await text(cid))
  } catch (cause) {
    if (cause instanceof ZlibError) throw cause
    throw bad('it is not JSON')
  }
  if (value?.zlib !== FORMAT) throw bad(`its format is ${String(value?.zlib)}, this version reads ${FORMAT}`)
  const strings = ['name', 'version', 'compiler', 'contract', 'file'].map((key) => {
    const found = value[key]
    if (typeof found !== 'string') throw bad(`it has no ${key}`)
    return found
  }) as [string, string, string, string, string]
  const { functions, sources, needs = [] } = value
  if (!Array.isArray(functions) || functions.length > MAX_ENTRIES || !functions.every((one) => typeof one === 'string'))
    throw bad('it has no functions')
  if (!Array.isArray(needs) || needs.length > MAX_ENTRIES || !needs.every(isNameAndVersion))
    throw bad('what it needs is not a list of NAME@VERSION')
  const paths = Object.entries((sources ?? {}) as Record<string, unknown>)
  if (paths.length === 0 || paths.length > MAX_ENTRIES) throw bad('it has no sources')
  const texts: Record<string, string> = {}
  for (const [path, source] of paths) {
    if (typeof source !== 'string' || path.split('/').includes('..') || path.startsWith('/'))
      throw bad('it has a strange source')
    texts[path] = await text(parseCid(source))
  }
  const [name, version, compiler, contract, file] = strings
  if (!Object.hasOwn(texts, file)) throw bad('its file is not among its sources')
  return { name, version, compiler, contract, file, functions, sources: texts, needs }
}

function isNameAndVersion(value: unknown): value is string {
  return typeof value === 'string' && /^[a-z0-9-]+@[0-9][a-z0-9.-]*$/.test(value)
}

function bad(reason: string): ZlibError {
  return new ZlibError('ZLIB_SOURCES', `the document of the module cannot be read: ${reason}`, { reason })
}
