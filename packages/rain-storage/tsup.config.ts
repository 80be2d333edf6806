import { defineConfig } from 'tsup'

export default defineConfig({
  entry: { index: 'src/index.ts', libp2p: 'src/network/index.ts', node: 'src/platform/index.ts' },
  format: 'esm',
  target: 'es2023',
  platform: 'neutral',
  external: [/^node:/],
  dts: false,
  sourcemap: true,
  clean: true,
})
