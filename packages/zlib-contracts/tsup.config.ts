import { defineConfig } from 'tsup'
import { dropBareImports } from '../../scripts/bare-imports.ts'

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    cli: 'src/cli.ts',
    'compile-worker': 'src/compile/worker.ts',
    hardhat: 'src/hardhat/index.ts',
    'solc-shim': 'src/solc-shim.ts',
  },
  format: 'esm',
  target: 'es2023',
  platform: 'node',
  dts: false,
  sourcemap: true,
  plugins: [dropBareImports],
  clean: true,
  splitting: true,
})
