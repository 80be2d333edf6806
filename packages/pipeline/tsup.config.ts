import { defineConfig } from 'tsup'

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    'hash/index': 'src/hash/index.ts',
    'journal/index': 'src/journal/index.ts',
    'journal/node': 'src/journal/node.ts',
    'transaction/index': 'src/transaction/index.ts',
    'verify/index': 'src/verify/index.ts',
  },
  format: 'esm',
  target: 'es2023',
  platform: 'neutral',
  dts: false,
  sourcemap: true,
  clean: true,
})
