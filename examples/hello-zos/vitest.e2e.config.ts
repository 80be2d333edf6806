import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: { name: 'hello-zos:e2e', include: ['test/**/*.e2e.test.ts'], testTimeout: 120_000 },
})
