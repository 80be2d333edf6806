import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: { name: 'hub-ibc', include: ['test/**/*.test.ts'], testTimeout: 30_000 },
})
