import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    name: 'pipeline',
    include: ['test/**/*.test.ts'],
    exclude: ['test/e2e/**', '**/node_modules/**'],
    testTimeout: 30_000,
  },
})
