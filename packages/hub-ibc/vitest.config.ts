import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: { name: 'hub-ibc', include: ['test/**/*.test.ts'], exclude: ['test/e2e/**'], testTimeout: 60_000 },
})
