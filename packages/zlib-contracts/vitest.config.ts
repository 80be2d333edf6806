import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: { name: 'zlib-contracts', include: ['test/**/*.test.ts'], testTimeout: 30_000 },
})
