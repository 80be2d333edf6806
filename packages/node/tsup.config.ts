import { rmSync } from 'node:fs'
import { defineConfig } from 'tsup'

// Once for both builds, which run side by side: each would clean away what the other has written.
rmSync(new URL('dist', import.meta.url), { recursive: true, force: true })

const node = defineConfig({
  entry: {
    index: 'src/index.ts',
    cli: 'src/cli.ts',
    'isogeny-worker': 'src/identity/isogeny-worker.ts',
    devnet: 'src/devnet/devnet.ts',
    ibc: 'src/ibc/index.ts',
    'validator-process': 'src/devnet/validator-process.ts',
  },
  format: 'esm',
  target: 'node24',
  platform: 'node',
  dts: false,
  sourcemap: true,
  clean: false,
  splitting: true,
  // Some modules, such as node:sqlite, have no name without it.
  removeNodeProtocol: false,
  // The command line parser is loaded for every --help: one file instead of a search through node_modules.
  noExternal: ['citty'],
})

/** For pages and workers: nothing of Node in it, and no chunk shared with what is. */
const light = defineConfig({
  entry: { light: 'src/light/index.ts', 'light-worker': 'src/light/worker.ts' },
  format: 'esm',
  target: 'es2022',
  platform: 'browser',
  dts: false,
  sourcemap: true,
  clean: false,
  splitting: true,
})

export default [node, light]
