import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    name: 'pq-isogeny:e2e',
    include: ['test/e2e/**/*.e2e.test.ts'],
    fileParallelism: false,
    testTimeout: 120_000,
  },
})
