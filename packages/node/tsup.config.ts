import { defineConfig } from 'tsup'

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    cli: 'src/cli.ts',
    'isogeny-worker': 'src/identity/isogeny-worker.ts',
    devnet: 'src/devnet/devnet.ts',
    'validator-process': 'src/devnet/validator-process.ts',
  },
  format: 'esm',
  target: 'node24',
  platform: 'node',
  dts: false,
  sourcemap: true,
  clean: true,
  splitting: true,
})
