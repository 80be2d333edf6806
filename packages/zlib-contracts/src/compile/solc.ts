import { createRequire } from 'node:module'
import { ZlibError } from '../errors.ts'

/** The Solidity compiler as the npm package `solc` offers it. */
export interface Solc {
  version(): string
  /** Standard JSON in, standard JSON out. */
  compile(input: string, callbacks: { import(path: string): { contents: string } | { error: string } }): string
}

/**
 * The compiler that comes with this package, or the version of it at `path` (the resolved path of a package such as
 * `npm:solc@0.8.28`). Loading takes about a second. Errors: `ZLIB_FILE` where there is none.
 */
export function loadSolc(path = 'solc'): Solc {
  const require = createRequire(import.meta.url)
  try {
    return require(path) as Solc
  } catch (cause) {
    throw new ZlibError('ZLIB_FILE', `there is no compiler at ${path}`, { path }, { cause })
  }
}
