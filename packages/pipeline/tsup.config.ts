import { defineConfig } from 'tsup'
import { dropBareImports } from '../../scripts/bare-imports.ts'

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    'hash/index': 'src/hash/index.ts',
    'bank/index': 'src/bank/index.ts',
    'journal/index': 'src/journal/index.ts',
    'journal/node': 'src/journal/node.ts',
    'native/index': 'src/native/index.ts',
    'node/index': 'src/node/index.ts',
    'node/verify-worker': 'src/node/verify-worker.ts',
    'tpu/index': 'src/tpu/index.ts',
    'transaction/index': 'src/transaction/index.ts',
    'verify/index': 'src/verify/index.ts',
  },
  format: 'esm',
  target: 'es2023',
  platform: 'neutral',
  dts: false,
  sourcemap: true,
  plugins: [dropBareImports],
  clean: true,
})
