import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    name: 'zstorage:e2e',
    include: ['test/**/*.e2e.test.ts'],
    testTimeout: 600_000,
    hookTimeout: 600_000,
    // Both deploy the same contract: the second finds it compiled.
    fileParallelism: false,
  },
})
