/**
 * esbuild leaves `import './chunk-….js'` where a file takes nothing from a chunk but its order of evaluation. Our packages say that they have no
 * side effects, so these imports do nothing, and bundlers of applications warn of each.
 */
const BARE = /^import "[^"]*chunk-[A-Z0-9]+\.js";$/gm

/** A plugin of tsup for libraries. Not for programs, whose chunks may be what runs. */
export const dropBareImports = {
  name: 'drop-bare-imports',
  // Lines stay where they are, so that source maps hold.
  renderChunk: (code: string) => ({ code: code.replace(BARE, '') }),
}
