import { existsSync } from 'node:fs'
import { getPriority } from 'node:os'
import { Worker } from 'node:worker_threads'
import { expect, it } from 'vitest'

it.runIf(existsSync('/proc/thread-self'))(
  'a thread in the background lowers its own priority and no other',
  async () => {
    const module = new URL('../../src/threads/background.ts', import.meta.url).href
    const before = getPriority()
    const worker = new Worker(
      `const { getPriority } = require('node:os')
     const { parentPort } = require('node:worker_threads')
     import(${JSON.stringify(module)}).then(({ runInBackground }) => {
       const thread = runInBackground()
       parentPort.postMessage({ thread, priority: getPriority(thread) })
     })`,
      { eval: true },
    )
    const { thread, priority } = await new Promise<{ thread: number; priority: number }>((resolve, reject) => {
      worker.once('message', resolve)
      worker.once('error', reject)
    })
    await worker.terminate()
    expect(thread).not.toBe(process.pid)
    expect(priority).toBeGreaterThan(before)
    expect(getPriority()).toBe(before)
  },
)
