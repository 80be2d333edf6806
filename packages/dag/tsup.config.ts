import { defineConfig } from 'tsup'

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    keys: 'src/keys/index.ts',
    notation: 'src/notation/index.ts',
    sim: 'src/sim/index.ts',
  },
  format: 'esm',
  target: 'es2023',
  platform: 'neutral',
  dts: false,
  sourcemap: true,
  clean: true,
})
