import { defineConfig, type Options } from 'tsup'
import { dropBareImports } from '../../scripts/bare-imports.ts'

const shared: Options = {
  format: 'esm',
  target: 'es2023',
  dts: false,
  sourcemap: true,
  plugins: [dropBareImports],
  // Constants become literals: as variables of a bundle the engine would load them each time (a sixth of the time of a cache operation).
  esbuildOptions(options) {
    options.minifySyntax = true
  },
}

export default defineConfig([
  {
    ...shared,
    entry: {
      index: 'src/index.ts',
      'node/index': 'src/node/index.ts',
      'browser/index': 'src/browser/index.ts',
      'libp2p/index': 'src/libp2p/index.ts',
      'edge/index': 'src/edge/index.ts',
      'edge/worker': 'src/edge/worker.ts',
      cli: 'src/cli.ts',
    },
    platform: 'neutral',
    external: [/^node:/],
    clean: true,
  },
  // The demo is one file a script, as a browser loads it; it is not published.
  {
    ...shared,
    entry: { page: 'demo/page.ts', worker: 'demo/worker.ts' },
    outDir: 'demo/dist',
    platform: 'browser',
    noExternal: [/.*/],
    clean: true,
  },
])
