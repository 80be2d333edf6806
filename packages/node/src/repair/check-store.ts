/** Reads a whole database of a node and says what does not hold. For one that no node is running on. */
import { isNodeError } from '../errors.ts'
import { type EntryKind, kindOf } from '../store/kinds.ts'
import type { KeyValueStore } from '../store/kv.ts'
import { checkBlocks } from './check-blocks.ts'
import { checkState } from './check-state.ts'
import { checkUnits } from './check-units.ts'
import { type CheckOptions, type Finding, type KindSize, Notes } from './report.ts'

export interface StoreReport {
  /** Number of the newest block; undefined for a database without a chain. */
  readonly head: number | undefined
  readonly kinds: ReadonlyMap<EntryKind, KindSize>
  readonly findings: readonly Finding[]
  /** There is more than `findings` has room for. */
  readonly overflow: boolean
}

/**
 * Checks the checksum of every entry, then blocks, units and state against each other. Cost: reads everything, the state twice. Errors:
 * `NODE_STORE_CORRUPT` when the database's own files cannot be read; what is wrong with entries is in the report.
 */
export async function checkStore(store: KeyValueStore, options: CheckOptions = {}): Promise<StoreReport> {
  const notes = new Notes(options)
  const kinds = await walkEntries(store, notes)
  const unreadable = new Set(notes.findings.map(({ key }) => key))
  // What fails its checksum counts once; here it is as good as absent.
  const readable: Pick<KeyValueStore, 'get' | 'keys'> = {
    get: (key) => (unreadable.has(key) ? undefined : store.get(key)),
    keys: (from, to) => store.keys(from, to),
  }
  const noteOnce = {
    add(finding: Finding) {
      if (!unreadable.has(finding.key)) notes.add(finding)
    },
    tick: () => notes.tick(),
  }
  let head: number | undefined
  if (!readable.get('join')) {
    notes.begin('blocks')
    const newest = await checkBlocks(readable, noteOnce)
    head = newest?.header.number
    notes.end()
    notes.begin('units')
    await checkUnits(readable, noteOnce)
    notes.end()
    notes.begin('state')
    if (newest) await checkState(readable, newest.header.stateRoot, noteOnce)
    notes.end()
  }
  return { head, kinds, findings: notes.findings, overflow: notes.overflow }
}

/** Reads every value and counts. Also what `zos db stat` does, with findings left aside. */
export async function walkEntries(store: KeyValueStore, notes: Notes): Promise<Map<EntryKind, KindSize>> {
  const kinds = new Map<EntryKind, KindSize>()
  notes.begin('entries')
  for await (const key of store.keys('', '\x7f')) {
    await notes.tick()
    const kind = kindOf(key)
    const size = kinds.get(kind) ?? { entries: 0, bytes: 0 }
    kinds.set(kind, size)
    size.entries++
    size.bytes += key.length
    try {
      size.bytes += store.get(key)?.length ?? 0
    } catch (error) {
      if (!isNodeError(error, 'NODE_STORE_CORRUPT')) throw error
      notes.add({ kind, key, problem: 'damaged' })
    }
    if (kind === 'unknown') notes.add({ kind, key, problem: 'wrong' })
  }
  notes.end()
  return kinds
}
