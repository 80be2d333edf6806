import { readlinkSync } from 'node:fs'
import { getPriority, setPriority } from 'node:os'

/** About a quarter of a core where consensus wants it too; all of it where nobody does. */
const NICENESS = 5
const LOWEST = 19

/**
 * Lets consensus go first: lowers the priority of the thread that calls it, where the system has one for each thread (Linux). Elsewhere
 * nothing changes. Returns the id of the thread as the system knows it, undefined where it has none.
 */
export function runInBackground(): number | undefined {
  try {
    const thread = Number(readlinkSync('/proc/thread-self').split('/').at(-1))
    setPriority(thread, Math.min(LOWEST, getPriority(thread) + NICENESS))
    return thread
  } catch {
    return undefined
  }
}
