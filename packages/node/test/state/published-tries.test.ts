/** The tries with hashed keys of github.com/ethereum/tests at 4c87ebb (MIT): what is written in turn, null for a deletion, and the root in the end. */
import { readFileSync } from 'node:fs'
import { bytesToHex, hexToBytes, utf8ToBytes } from '@ethereumjs/util'
import { keccak256 } from '@zos/pipeline/hash'
import { expect, test } from 'vitest'
import { commitTrie, EMPTY_TRIE_ROOT } from '../../src/state/trie.ts'

interface PublishedTrie {
  readonly name: string
  readonly entries: readonly (readonly [key: string, value: string | null])[]
  readonly root: string
}

const tries: PublishedTrie[] = JSON.parse(readFileSync(new URL('vectors/secure-tries.json', import.meta.url), 'utf8'))
const bytesOf = (text: string) => (text.startsWith('0x') ? hexToBytes(text as `0x${string}`) : utf8ToBytes(text))

test.each(tries)('$name has the published root', ({ entries, root }) => {
  const nodes = new Map<string, Uint8Array>()
  let reached = EMPTY_TRIE_ROOT
  for (const [key, value] of entries) {
    const path = bytesToHex(keccak256(bytesOf(key))).slice(2)
    const commit = commitTrie((at) => nodes.get(at), [[path, value === null ? undefined : bytesOf(value)]])
    for (const [at, rlp] of commit.nodes) {
      if (rlp) nodes.set(at, rlp)
      else nodes.delete(at)
    }
    reached = commit.root
  }
  expect(bytesToHex(reached)).toBe(root)
})
