import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    name: 'rain-storage',
    include: ['test/**/*.test.ts'],
    exclude: ['test/e2e/**', 'test/browser/**'],
    testTimeout: 30_000,
  },
})
