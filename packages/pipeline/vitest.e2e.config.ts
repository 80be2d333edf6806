import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: { name: 'pipeline:e2e', include: ['test/e2e/**/*.e2e.test.ts'], testTimeout: 60_000, fileParallelism: false },
})
