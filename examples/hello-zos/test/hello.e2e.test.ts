import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { startDevnet } from '@zos/node/devnet'
import { expect, test } from 'vitest'

test('the example runs as the README prints it', async () => {
  const devnet = await startDevnet({ port: 0, roundIntervalMs: 100 })
  try {
    const main = new URL('../src/main.ts', import.meta.url).pathname
    const { stdout } = await promisify(execFile)('node', ['--disable-warning=ExperimentalWarning', main, devnet.rpcUrl])
    expect(stdout).toMatch(/^contract {5}0x[0-9a-fA-F]{40}$/m)
    expect(stdout).toMatch(/^greeting {5}hello from ZOS$/m)
    expect(stdout).toMatch(/^unit {9}0x[0-9a-f]{64}$/m)
    expect(Number(/^height {7}(\d+)$/m.exec(stdout)?.[1])).toBeGreaterThan(1)
    expect(Number(/^index {8}(\d+)$/m.exec(stdout)?.[1])).toBeGreaterThan(0)
    expect(Number(/^final after {2}(\d+) ms$/m.exec(stdout)?.[1])).toBeGreaterThan(0)
  } finally {
    await devnet.stop()
  }
})
