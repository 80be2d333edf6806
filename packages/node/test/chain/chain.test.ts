import { describe, expect, test } from 'vitest'
import type { StoredBlock } from '../../src/chain/block-codec.ts'
import { Chain } from '../../src/chain/chain.ts'
import { headerHash } from '../../src/execution/header.ts'
import { prunedMarkChange } from '../../src/history/pruned-mark.ts'
import type { Hash } from '../../src/state/account.ts'
import { createMemoryStore, sortable } from '../../src/store/kv.ts'

const word = (value: number): Hash => `0x${value.toString(16).padStart(64, '0')}`

function blockOf(number: number, timestamp = number): StoredBlock {
  const header = {
    parentHash: word(0),
    beneficiary: `0x${'0e'.repeat(20)}` as const,
    stateRoot: word(1),
    transactionsRoot: word(2),
    receiptsRoot: word(3),
    logsBloom: new Uint8Array(256),
    number,
    gasLimit: 30_000_000n,
    gasUsed: 0n,
    timestamp,
    extraData: word(4),
    mixHash: word(5),
    baseFeePerGas: 7n,
    parentBeaconBlockRoot: word(6),
  }
  return { header, hash: headerHash(header), leader: word(7), round: number, units: [], transactions: [], size: 500 }
}

/** A store that counts how often blocks are read from it. */
function counted() {
  const store = createMemoryStore()
  const reads = { blocks: 0 }
  const get = (key: string) => {
    if (key[0] === 'b') reads.blocks++
    return store.get(key)
  }
  return { store: { ...store, get }, reads }
}

describe('a chain', () => {
  const append = (chain: Chain, block: StoredBlock) => chain.append({ block, transactions: [], skipped: [] }, [])

  test('has its recent blocks in memory, and the others in the store', async () => {
    const { store, reads } = counted()
    const chain = new Chain(store)
    for (let number = 0; number < 600; number++) await append(chain, blockOf(number))
    expect(chain.block(599)).toEqual(blockOf(599))
    expect(chain.block(88)).toEqual(blockOf(88))
    expect(reads.blocks).toBe(0)
    expect(chain.block(87)).toEqual(blockOf(87))
    expect(reads.blocks).toBe(1)
  })

  test('keeps fewer in memory when they name many transactions', async () => {
    const { store, reads } = counted()
    const chain = new Chain(store)
    const large = (number: number): StoredBlock => ({
      ...blockOf(number),
      transactions: Array.from({ length: 20_000 }, (_, index) => word(number * 20_000 + index)),
    })
    for (let number = 0; number < 5; number++) await append(chain, large(number))
    for (let number = 2; number < 5; number++) expect(chain.block(number)!.transactions.length).toBe(20_000)
    expect(reads.blocks).toBe(0)
    expect(chain.block(1)!.transactions.length).toBe(20_000)
    expect(reads.blocks).toBe(1)
    // One that alone is more than that stays while it is the newest.
    await append(chain, { ...blockOf(5), transactions: Array.from({ length: 70_000 }, (_, index) => word(index)) })
    expect(chain.block(5)!.transactions.length).toBe(70_000)
    expect(reads.blocks).toBe(1)
  })

  test('does not give another block for the hash of one that was undone', async () => {
    const chain = new Chain(createMemoryStore())
    const undone = blockOf(1, 100)
    await append(chain, blockOf(0))
    await append(chain, undone)
    expect(chain.blockByHash(undone.hash)).toEqual(undone)
    const instead = blockOf(1, 200)
    await append(chain, instead)
    expect(chain.block(1)).toEqual(instead)
    expect(chain.blockByHash(instead.hash)).toEqual(instead)
    expect(chain.blockByHash(undone.hash)).toBeUndefined()
  })

  test('knows no block that is pruned, also of those in memory', async () => {
    const { store } = counted()
    const chain = new Chain(store)
    for (let number = 0; number < 10; number++) await append(chain, blockOf(number))
    expect(chain.firstBlock).toBe(0)
    await store.batch([prunedMarkChange({ epoch: 1, block: 6 })])
    chain.dropBefore(6)
    await store.batch([1, 2, 3, 4, 5].map((number) => ({ key: `b${sortable(number)}` })))
    expect(chain.firstBlock).toBe(6)
    expect(chain.block(5)).toBeUndefined()
    expect(chain.block(6)).toEqual(blockOf(6))
    expect(new Chain(store).firstBlock).toBe(6)
  })
})
