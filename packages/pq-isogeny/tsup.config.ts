import { defineConfig } from 'tsup'

export default defineConfig({
  entry: { index: 'src/index.ts', 'sqisign.verify': 'src/sqisign.verify.ts' },
  format: 'esm',
  target: 'es2023',
  platform: 'neutral',
  dts: false,
  sourcemap: true,
  clean: true,
})
