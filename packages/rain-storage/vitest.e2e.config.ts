import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    name: 'rain-storage:e2e',
    include: ['test/e2e/**/*.e2e.test.ts'],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    fileParallelism: false,
  },
})
