import { defineConfig } from 'tsup'
import { dropBareImports } from '../../scripts/bare-imports.ts'

export default defineConfig([
  {
    entry: {
      index: 'src/index.ts',
      ics23: 'src/ics23/index.ts',
      iavl: 'src/iavl/index.ts',
      custody: 'src/custody/index.ts',
      relayer: 'src/relayer/index.ts',
      local: 'src/local/index.ts',
      expansion: 'src/expansion/index.ts',
      level: 'src/platform/level.ts',
    },
    format: 'esm',
    target: 'es2023',
    platform: 'neutral',
    dts: false,
    sourcemap: true,
    plugins: [dropBareImports],
    clean: true,
  },
  {
    entry: { cli: 'src/cli/zos-relay.ts' },
    format: 'esm',
    target: 'es2023',
    platform: 'node',
    dts: false,
    sourcemap: true,
    plugins: [dropBareImports],
  },
])
