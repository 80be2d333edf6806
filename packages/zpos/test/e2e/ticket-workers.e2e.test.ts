import { createCryptonight, createCryptonightPool } from '@zos/zpos/cryptonight'
import { spawnTicketWorker } from '@zos/zpos/node'
import { expect, test } from 'vitest'
import { type Address, searchTicket } from '../../src/index.ts'

test('worker threads of the built package find the ticket that one thread would', async () => {
  const wanted = {
    seed: new Uint8Array(32).fill(9),
    term: 2,
    candidate: `0x${'34'.repeat(20)}` as Address,
    start: 5n,
    count: 40,
  }
  const { hash } = await createCryptonight()
  const pool = createCryptonightPool({ size: 2, spawn: spawnTicketWorker })
  try {
    expect(await pool.search(wanted)).toEqual(searchTicket({ ...wanted, hash }))
  } finally {
    pool.close()
  }
})
