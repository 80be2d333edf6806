import { defineConfig } from 'tsup'
import { dropBareImports } from '../../scripts/bare-imports.ts'

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    sqisign: 'src/sqisign.ts',
    'sqisign.verify': 'src/sqisign.verify.ts',
    hybrid: 'src/hybrid.ts',
    identity: 'src/identity.ts',
    curves: 'src/curves.ts',
    pool: 'src/pool.ts',
    worker: 'src/worker.ts',
  },
  format: 'esm',
  target: 'es2023',
  platform: 'neutral',
  dts: false,
  sourcemap: true,
  plugins: [dropBareImports],
  clean: true,
})
