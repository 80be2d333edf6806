import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: { name: 'pq-isogeny', include: ['test/**/*.test.ts'], testTimeout: 30_000 },
})
