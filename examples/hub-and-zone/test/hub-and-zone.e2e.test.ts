import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

test('a token goes to the zone and back, and one that came too late is refunded', async () => {
  const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, ['--disable-warning=ExperimentalWarning', main])
  const report = JSON.parse(stdout.slice(stdout.indexOf('{\n')))
  expect(report).toMatchObject({
    zoneTokenName: 'Mountain Tea',
    zoneTokenDecimals: 6,
    afterSending: { hub: '960000000', zone: '40000000' },
    afterReturning: { hub: '1000000000', zone: '0' },
    whileLate: { hub: '993000000', zone: '0' },
    afterRefund: { hub: '1000000000', zone: '0' },
    booked: { there: '40000000', end: '0' },
  })
  // Each network's own process carried one message after the other; nothing was refused.
  expect(stdout).not.toContain('refused')
  expect(stdout).toContain('timed out 1')
})
