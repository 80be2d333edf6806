import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    name: 'dag',
    include: ['test/**/*.test.ts'],
    exclude: ['test/e2e/**'],
    testTimeout: process.env.ZOS_LONG ? 1_800_000 : 30_000,
  },
})
