/**
 * A compiler that remembers. What solc answers depends on its version, its input and the files that it imports, and on nothing else: an
 * answer is kept under the hash of version and input together with the hash of each import, and used again while all of them are the same.
 */
import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { loadSolc, type Solc } from '../compile/solc.ts'

/** Where answers are kept. Keys are 64 hex digits. A store may forget. */
export interface CacheStore {
  read(key: string): string | undefined
  write(key: string, value: string): void
}

/** Settings of {@link cachedSolc}. */
export interface CachedSolcOptions {
  readonly store: CacheStore
  /** Loads the compiler, when an answer is missing. Default: the one of this package. */
  readonly load?: () => Solc
  /** Names what `load` loads, without loading it. Default: the version of the package `solc`. */
  readonly name?: string
}

/** The format of the entries; part of every key, so that older ones are not found. */
const FORMAT = 'zlib-cache-1'

interface Entry {
  readonly output: string
  /** Hash of each imported file, by path; null where there was none. */
  readonly imports: Readonly<Record<string, string | null>>
}

type Import = (path: string) => { contents: string } | { error: string }

/**
 * The compiler with `store` before it. It is loaded only when an answer is missing, which saves a second. Damaged entries count as
 * missing.
 */
export function cachedSolc({ store, load = loadSolc, name = solcName() }: CachedSolcOptions): Solc {
  let loaded: Solc | undefined
  const solc = () => {
    loaded ??= load()
    return loaded
  }
  return {
    version() {
      const known = knownVersion(store, name)
      if (known) return known
      const version = solc().version()
      rememberVersion(store, name, version)
      return version
    },
    compile(input, callbacks) {
      const known = knownAnswer(store, name, input, callbacks.import)
      if (known !== undefined) return known
      const recorded = recordImports(callbacks.import)
      const output = solc().compile(input, recorded)
      rememberAnswer(store, name, input, output, recorded.imports)
      return output
    },
  }
}

/** The version of the compiler `name`, when it was asked before. */
export function knownVersion(store: CacheStore, name: string): string | undefined {
  return store.read(versionKey(name))
}

/** Keeps the version of the compiler `name`. */
export function rememberVersion(store: CacheStore, name: string, version: string): void {
  store.write(versionKey(name), version)
}

/** What the compiler `name` answered to `input`, if each file that it imported is what it was. */
export function knownAnswer(store: CacheStore, name: string, input: string, read: Import): string | undefined {
  const entry = parseEntry(store.read(answerKey(name, input)))
  const same = entry && Object.entries(entry.imports).every(([path, hash]) => importHash(read(path)) === hash)
  return same ? entry.output : undefined
}

/** Keeps an answer together with the hashes of what was imported for it. */
export function rememberAnswer(
  store: CacheStore,
  name: string,
  input: string,
  output: string,
  imports: Readonly<Record<string, string | null>>,
): void {
  store.write(answerKey(name, input), JSON.stringify({ output, imports } satisfies Entry))
}

/** `read`, and the hashes of what it read. */
export function recordImports(read: Import): { import: Import; imports: Record<string, string | null> } {
  const imports: Record<string, string | null> = {}
  return {
    imports,
    import(path) {
      const found = read(path)
      imports[path] = importHash(found)
      return found
    },
  }
}

/** Names the compiler of the package at `path` without loading it. Default: the one that comes with this package. */
export function solcName(path = 'solc'): string {
  const require = createRequire(import.meta.url)
  return `solc-js ${(require(path === 'solc' ? 'solc/package.json' : join(dirname(path), 'package.json')) as { version: string }).version}`
}

function versionKey(name: string): string {
  return digest(`${FORMAT}\nversion\n${name}`)
}

function answerKey(name: string, input: string): string {
  return digest(`${FORMAT}\n${name}\n${input}`)
}

function importHash(found: { contents: string } | { error: string }): string | null {
  return 'contents' in found ? digest(found.contents) : null
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function parseEntry(text: string | undefined): Entry | undefined {
  if (text === undefined) return undefined
  try {
    const entry = JSON.parse(text) as Partial<Entry> | null
    if (typeof entry?.output !== 'string' || typeof entry.imports !== 'object' || !entry.imports) return undefined
    JSON.parse(entry.output)
    return entry as Entry
  } catch {
    return undefined
  }
}
