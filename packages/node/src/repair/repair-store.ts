/** Mends a database before a node starts on it: what it cannot mend from itself comes from peers once the node runs, or all of it anew. */

import { HEAD_KEY } from '../chain/chain.ts'
import type { Logger } from '../node-api.ts'
import type { KeyValueStore, StoreChange } from '../store/kv.ts'
import { checkStore } from './check-store.ts'
import { mendHistory } from './mend-history.ts'
import { mendState } from './mend-state.ts'
import type { CheckOptions, Finding } from './report.ts'

/** Whose store it is, how it is written, and what was about to be sent: none of it is part of the chain. */
const KEPT = new Set(['genesis', 'layout', 'peers', 'draft'])
const WIPE_KEY = 'wipe'
const DELETE_BATCH = 4_096

export interface RepairResult {
  /** What the first check found. */
  readonly found: readonly Finding[]
  /** What mending left: nothing, or the store has to be filled anew. */
  readonly left: readonly Finding[]
}

/** Checks `store` and mends what can be made again from what is left of it. */
export async function repairStore(
  store: KeyValueStore,
  { logger, ...options }: CheckOptions & { logger: Logger },
): Promise<RepairResult> {
  const { findings, overflow } = await checkStore(store, options)
  if (findings.length === 0) return { found: [], left: [] }
  logger.warn('the database is damaged', { findings: findings.length, first: findings[0] })
  if (overflow) return { found: findings, left: findings }
  await mendHistory(store, findings)
  await mendState(store, findings)
  const { findings: after } = await checkStore(store, options)
  return { found: findings, left: after.filter((finding) => !comesFromPeers(finding)) }
}

/** A unit that is missing is one like those that a node has not heard of yet. */
function comesFromPeers({ kind, problem }: Finding): boolean {
  return kind === 'units' && problem === 'missing'
}

/** True while a store is being emptied: {@link wipeStore} has to go on first. */
export function isWiping(store: KeyValueStore): boolean {
  return store.get(WIPE_KEY) !== undefined
}

/** Drops the chain and everything that belongs to it. A crash in the middle is noticed by {@link isWiping}. */
export async function wipeStore(store: KeyValueStore): Promise<void> {
  await store.batch([{ key: WIPE_KEY, value: Uint8Array.of(1) }, { key: HEAD_KEY }], { sync: true })
  let changes: StoreChange[] = []
  for await (const key of store.keys('', '\x7f')) {
    if (KEPT.has(key) || key === WIPE_KEY) continue
    changes.push({ key })
    if (changes.length < DELETE_BATCH) continue
    await store.batch(changes)
    changes = []
  }
  await store.batch(changes)
  await store.batch([{ key: WIPE_KEY }], { sync: true })
}
