import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    name: 'zlib-contracts',
    include: ['test/**/*.test.ts'],
    exclude: ['test/e2e/**', '**/node_modules/**'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
})
