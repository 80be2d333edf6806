import { bytesToHex } from '@ethereumjs/util'
import { NodeError } from '../errors.ts'
import type { KeyValueStore } from './kv.ts'

/** How units and epochs lie in the store; another number means that an older or newer node wrote it. */
const STORE_LAYOUT = '2'

/** A data directory belongs to one genesis for good. Errors: `NODE_GENESIS_MISMATCH`, `NODE_DATA_DIR`. */
export async function claimStore(store: KeyValueStore, genesisHash: Uint8Array, dataDir = 'the store'): Promise<void> {
  const mine = bytesToHex(genesisHash)
  const read = (key: string) => {
    const value = store.get(key)
    return value && new TextDecoder().decode(value)
  }
  const theirs = read('genesis')
  if (theirs === undefined) {
    const claim = { genesis: mine, layout: STORE_LAYOUT }
    const changes = Object.entries(claim).map(([key, value]) => ({ key, value: new TextEncoder().encode(value) }))
    await store.batch(changes, { sync: true })
  } else if (theirs === mine && read('layout') !== STORE_LAYOUT)
    throw new NodeError(
      'NODE_DATA_DIR',
      `${dataDir} was written by another version of the node; take another --data-dir, or that version`,
      { dataDir, layout: read('layout') ?? '1', expected: STORE_LAYOUT },
    )
  else if (theirs !== mine)
    throw new NodeError(
      'NODE_GENESIS_MISMATCH',
      `${dataDir} belongs to a network with genesis ${theirs}, not ${mine}; give its genesis, or take another --data-dir`,
      { theirs, mine },
    )
}
