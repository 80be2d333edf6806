import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { Lifecycle } from '../src/lifecycle.ts'
import { openLevelStore } from '../src/store/level.ts'

const quiet = () => {}
const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet }
const folder = mkdtempSync(join(tmpdir(), 'zos-test-'))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** What a real store says to a write that comes after its end. */
async function lateWrite(): Promise<unknown> {
  const store = await openLevelStore(folder)
  await store.close()
  return store.batch([{ key: 'k', value: new Uint8Array(1) }]).then(
    () => undefined,
    (error) => error,
  )
}

test('a write that comes to a closed store is a fault of a node that runs, and none of one that closes', async () => {
  const error = await lateWrite()
  expect(error).toBeInstanceOf(Error)
  const faults: unknown[] = []
  const start = () => new Lifecycle({ dataDir: undefined, logger, onFault: (fault) => faults.push(fault) })
  const closing = start()
  await closing.close()
  closing.onFault(error)
  expect(faults).toEqual([])
  closing.onFault(new Error('something else'))
  expect(faults).toHaveLength(1)
  start().onFault(error)
  expect(faults).toHaveLength(2)
})
