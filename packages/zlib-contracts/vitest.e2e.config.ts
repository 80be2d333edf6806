import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    name: 'zlib-contracts:e2e',
    include: ['test/e2e/**/*.e2e.test.ts'],
    testTimeout: 240_000,
    hookTimeout: 240_000,
  },
})
