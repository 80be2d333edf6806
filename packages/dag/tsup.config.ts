import { defineConfig } from 'tsup'
import { dropBareImports } from '../../scripts/bare-imports.ts'

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    keys: 'src/keys/index.ts',
    notation: 'src/notation/index.ts',
    sim: 'src/sim/index.ts',
    store: 'src/store/index.ts',
    draw: 'src/draw/index.ts',
    cli: 'src/cli/main.ts',
    'store/level': 'src/store/level.ts',
    'store/indexeddb': 'src/store/indexeddb.ts',
  },
  format: 'esm',
  target: 'es2023',
  platform: 'neutral',
  dts: false,
  sourcemap: true,
  plugins: [dropBareImports],
  clean: true,
})
