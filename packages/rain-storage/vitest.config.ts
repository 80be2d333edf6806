import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: { name: 'rain-storage', include: ['test/**/*.test.ts'], testTimeout: 30_000 },
})
