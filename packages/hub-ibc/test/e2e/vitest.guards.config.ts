/** Runs ordinary tests with one guard taken out of the source while it is loaded: `ZOS_GUARD` = JSON of file, find, replace. */
import { defineConfig } from 'vitest/config'

const guard = JSON.parse(process.env.ZOS_GUARD ?? '{}') as { file: string; find: string; replace: string }

export default defineConfig({
  plugins: [
    {
      name: 'without-guard',
      enforce: 'pre',
      transform(code: string, id: string) {
        if (!id.split('?')[0]!.endsWith(`/src/${guard.file}`)) return undefined
        if (code.split(guard.find).length !== 2)
          throw new Error(`the guard stands not exactly once in ${guard.file}: ${guard.find}`)
        return code.replace(guard.find, () => guard.replace)
      },
    },
  ],
  test: {
    name: 'hub-ibc:guards',
    // Modules remembered from other runs would still have their guards.
    fsModuleCache: false,
    include: ['test/**/*.test.ts'],
    exclude: ['test/e2e/**'],
    testTimeout: 60_000,
    // A slow machine must not look like a guard that is missed.
    hookTimeout: 120_000,
  },
})
