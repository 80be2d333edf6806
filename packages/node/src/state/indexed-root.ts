import { RLP } from '@ethereumjs/rlp'
import { bytesToHex } from '@ethereumjs/util'
import { EMPTY_ROOT, type Hash } from './account.ts'
import { trieRoot } from './trie.ts'

/** The root of the trie from RLP(index) to `values` (Yellow Paper §4.3.2). */
export function indexedRoot(values: readonly Uint8Array[]): Hash {
  if (values.length === 0) return EMPTY_ROOT
  return bytesToHex(trieRoot(values.map((value, index) => [bytesToHex(RLP.encode(index)).slice(2), value] as const)))
}
