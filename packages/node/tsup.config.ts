import { rmSync, writeFileSync } from 'node:fs'
import { defineConfig } from 'tsup'
import { dropBareImports } from '../../scripts/bare-imports.ts'

// Once for all builds, which run side by side: each would clean away what the others have written.
rmSync(new URL('dist', import.meta.url), { recursive: true, force: true })

const node = defineConfig({
  entry: { index: 'src/index.ts', devnet: 'src/devnet/devnet.ts', ibc: 'src/ibc/index.ts' },
  format: 'esm',
  target: 'node24',
  platform: 'node',
  dts: false,
  sourcemap: true,
  clean: false,
  splitting: true,
  // Some modules, such as node:sqlite, have no name without it.
  removeNodeProtocol: false,
  plugins: [dropBareImports],
})

/**
 * What runs as a process or a thread of its own, with all that it needs in a few files: a search through node_modules for 1,400 files took
 * three quarters of a process's start (docs/measurements.md). The database is native and stays outside. `scripts/third-party.ts` names
 * what is inside.
 */
const program = defineConfig({
  entry: {
    cli: 'src/cli.ts',
    'validator-process': 'src/devnet/validator-process.ts',
    'isogeny-worker': 'src/identity/isogeny-worker.ts',
    'ticket-worker': 'src/lottery/ticket-worker.ts',
  },
  format: 'esm',
  target: 'node24',
  platform: 'node',
  dts: false,
  sourcemap: false,
  metafile: true,
  clean: false,
  splitting: true,
  removeNodeProtocol: false,
  noExternal: [/^(?!classic-level$)/],
  // Packages say that they have no side effects, and their builds import chunks of themselves for nothing.
  esbuildOptions: (options) => {
    options.logOverride = { 'ignored-bare-import': 'silent' }
  },
  // Some dependencies are CommonJS and ask for Node's own modules.
  banner: {
    js: "import { createRequire as createRequireHere } from 'node:module'; const require = createRequireHere(import.meta.url);",
  },
})

/** For pages and workers: nothing of Node in it, and no chunk shared with what is. */
const light = defineConfig({
  entry: { light: 'src/light/index.ts', 'light-worker': 'src/light/worker.ts' },
  plugins: [dropBareImports],
  format: 'esm',
  target: 'es2022',
  platform: 'browser',
  dts: false,
  sourcemap: true,
  clean: false,
  splitting: true,
})

/** What executes calls in a light node: one file with all that it needs, fetched when the first call is made, and by bundlers as it is. */
const lightEvm = defineConfig({
  entry: { 'light-evm': 'src/light/evm.ts' },
  format: 'esm',
  target: 'es2022',
  platform: 'browser',
  dts: false,
  sourcemap: false,
  minify: true,
  clean: false,
  splitting: false,
  noExternal: [/./],
  esbuildPlugins: [
    {
      // `metafile` of tsup would write over the one of the programs.
      name: 'inputs',
      setup: ({ onEnd }) =>
        onEnd(({ metafile }) =>
          writeFileSync(new URL('dist/metafile-light-evm.json', import.meta.url), JSON.stringify(metafile)),
        ),
    },
  ],
})

export default [node, program, light, lightEvm]
