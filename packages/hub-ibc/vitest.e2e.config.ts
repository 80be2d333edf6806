import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: { name: 'hub-ibc:e2e', include: ['test/e2e/*.e2e.test.ts'], fileParallelism: false, testTimeout: 300_000 },
})
