import { defineConfig } from 'tsup'
import { dropBareImports } from '../../scripts/bare-imports.ts'

export default defineConfig({
  entry: {
    checkpoint: 'src/checkpoint/index.ts',
    index: 'src/index.ts',
    cryptonight: 'src/cryptonight/index.ts',
    node: 'src/platform/node.ts',
    'ticket-worker': 'src/platform/ticket-worker.ts',
  },
  format: 'esm',
  target: 'es2023',
  platform: 'neutral',
  dts: false,
  sourcemap: true,
  plugins: [dropBareImports],
  clean: true,
})
