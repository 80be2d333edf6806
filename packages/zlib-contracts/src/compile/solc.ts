import { createRequire } from 'node:module'

/** The Solidity compiler as the npm package `solc` offers it. */
export interface Solc {
  version(): string
  /** Standard JSON in, standard JSON out. */
  compile(input: string, callbacks: { import(path: string): { contents: string } | { error: string } }): string
}

/** The compiler that comes with this package. Loading takes about a second. */
export function loadSolc(): Solc {
  const require = createRequire(import.meta.url)
  return require('solc') as Solc
}
