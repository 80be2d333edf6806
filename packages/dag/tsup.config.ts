import { defineConfig } from 'tsup'

export default defineConfig({
  entry: { index: 'src/index.ts', keys: 'src/keys/index.ts' },
  format: 'esm',
  target: 'es2023',
  platform: 'neutral',
  dts: false,
  sourcemap: true,
  clean: true,
})
