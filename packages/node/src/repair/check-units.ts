import { decodeUnit, isDagError, type Unit } from '@zos/dag'
import { EPOCH_ROUNDS, epochOfRound } from '@zos/zpos'
import { readPrunedMark } from '../history/pruned-mark.ts'
import { unitHash } from '../ledger/unit-hash.ts'
import { roundKey } from '../ledger/unit-store.ts'
import { rangeOf } from '../store/kinds.ts'
import { type KeyValueStore, sortable } from '../store/kv.ts'
import type { Notes } from './report.ts'

type Reader = Pick<KeyValueStore, 'get' | 'keys'>

/**
 * Units of the epochs that are kept: each is what its id says, is found by it, and its parents are here. The starts of epochs: from the
 * first that is kept to the running one.
 */
export async function checkUnits(store: Reader, notes: Pick<Notes, 'add' | 'tick'>): Promise<void> {
  const { epoch: firstEpoch } = readPrunedMark(store)
  const [, end] = rangeOf('units')
  for await (const key of store.keys(roundKey(firstEpoch * EPOCH_ROUNDS + 1), end)) {
    await notes.tick()
    const bytes = store.get(key)
    if (!bytes) continue // noted before
    const unit = unitUnder(key, bytes)
    if (!unit) {
      notes.add({ kind: 'units', key, problem: 'wrong' })
      continue
    }
    const { round } = unit.header.validator!
    const index = store.get(`i${unit.id}`)
    if (!index || new TextDecoder().decode(index) !== String(round))
      notes.add({ kind: 'unit index', key: `i${unit.id}`, problem: index ? 'wrong' : 'missing' })
    // Those of an epoch's first round build on its beginning, which may be gone.
    if (round === epochOfRound(round) * EPOCH_ROUNDS + 1) continue
    for (const parent of unit.header.parents) checkParent(store, parent, notes)
  }
  await checkEpochs(store, notes)
}

function unitUnder(key: string, bytes: Uint8Array): Unit | undefined {
  try {
    const unit = decodeUnit(bytes, { hash: unitHash })
    const { validator } = unit.header
    return validator && key === roundKey(validator.round) + unit.id ? unit : undefined
  } catch (error) {
    if (isDagError(error)) return undefined
    throw error
  }
}

function checkParent(store: Reader, parent: string, notes: Pick<Notes, 'add'>): void {
  const round = store.get(`i${parent}`)
  const key = round && roundKey(Number(new TextDecoder().decode(round))) + parent
  if (!key || store.get(key) === undefined) notes.add({ kind: 'units', key: key ?? `i${parent}`, problem: 'missing' })
}

async function checkEpochs(store: Reader, notes: Pick<Notes, 'add'>): Promise<void> {
  const last = store.get('epoch')
  let expected: number | undefined
  for await (const key of store.keys(...rangeOf('epoch starts'))) {
    const number = Number(key.slice(1))
    for (; expected !== undefined && expected < number; expected++)
      notes.add({ kind: 'epoch starts', key: `E${sortable(expected)}`, problem: 'missing' })
    expected = number + 1
  }
  const newest = expected === undefined ? 0 : expected - 1
  const named = last ? Number(new TextDecoder().decode(last)) : 0
  for (let number = newest + 1; number <= named; number++)
    notes.add({ kind: 'epoch starts', key: `E${sortable(number)}`, problem: 'missing' })
  if (newest !== named) notes.add({ kind: 'records', key: 'epoch', problem: last ? 'wrong' : 'missing' })
}
