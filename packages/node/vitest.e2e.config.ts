import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    name: 'node:e2e',
    include: ['test/e2e/**/*.e2e.test.ts'],
    testTimeout: 400_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
})
