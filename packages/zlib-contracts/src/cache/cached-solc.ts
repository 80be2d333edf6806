/**
 * A compiler that remembers. What solc answers depends on its version, its input and the files that it imports, and on nothing else: an
 * answer is kept under the hash of version and input together with the hash of each import, and used again while all of them are the same.
 */
import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'
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

/**
 * The compiler with `store` before it. It is loaded only when an answer is missing, which saves a second. Damaged entries count as
 * missing.
 */
export function cachedSolc({ store, load = loadSolc, name = `solc-js ${solcVersion()}` }: CachedSolcOptions): Solc {
  let loaded: Solc | undefined
  const solc = () => {
    loaded ??= load()
    return loaded
  }
  const versionKey = digest(`${FORMAT}\nversion\n${name}`)
  return {
    version() {
      const known = store.read(versionKey)
      if (known) return known
      const version = solc().version()
      store.write(versionKey, version)
      return version
    },
    compile(input, callbacks) {
      const key = digest(`${FORMAT}\n${name}\n${input}`)
      const entry = parseEntry(store.read(key))
      if (entry && Object.entries(entry.imports).every(([path, hash]) => importHash(callbacks.import(path)) === hash))
        return entry.output
      const imports: Record<string, string | null> = {}
      const output = solc().compile(input, {
        import(path) {
          const found = callbacks.import(path)
          imports[path] = importHash(found)
          return found
        },
      })
      store.write(key, JSON.stringify({ output, imports } satisfies Entry))
      return output
    },
  }
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

function solcVersion(): string {
  const require = createRequire(import.meta.url)
  return (require('solc/package.json') as { version: string }).version
}
