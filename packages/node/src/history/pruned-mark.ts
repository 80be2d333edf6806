import type { KeyValueStore, StoreChange } from '../store/kv.ts'

const MARK_KEY = 'pruned'

/** What a node no longer has. */
export interface PrunedMark {
  /** The first epoch whose units are all here. */
  readonly epoch: number
  /** The first block that is here. */
  readonly block: number
}

/** What is pruned, or going to be after a crash in the middle. */
export function readPrunedMark(store: Pick<KeyValueStore, 'get'>): PrunedMark {
  const mark = store.get(MARK_KEY)
  if (!mark) return { epoch: 0, block: 0 }
  const [epoch, block] = new TextDecoder().decode(mark).split(':').map(Number) as [number, number]
  return { epoch, block }
}

export function prunedMarkChange({ epoch, block }: PrunedMark): StoreChange {
  return { key: MARK_KEY, value: new TextEncoder().encode(`${epoch}:${block}`) }
}
