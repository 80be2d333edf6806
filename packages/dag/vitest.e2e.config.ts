import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    name: 'dag:e2e',
    include: ['test/e2e/**/*.e2e.test.ts'],
    fileParallelism: false,
    testTimeout: process.env.ZOS_LONG ? 3_600_000 : 120_000,
  },
})
