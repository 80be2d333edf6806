import { defineConfig } from 'tsup'
import { dropBareImports } from '../../scripts/bare-imports.ts'

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    cli: 'src/cli/main.ts',
    'erasure-worker': 'src/platform/erasure-worker.ts',
    libp2p: 'src/network/index.ts',
    market: 'src/market/index.ts',
    node: 'src/platform/index.ts',
  },
  format: 'esm',
  target: 'es2023',
  platform: 'neutral',
  external: [/^node:/],
  dts: false,
  sourcemap: true,
  plugins: [dropBareImports],
  clean: true,
})
