import { expect, it } from 'vitest'
import { defaultCrypto } from '../../src/crypto/default.ts'
import { createErasureCode } from '../../src/erasure/code.ts'
import { createErasurePool } from '../../src/platform/erasure-pool.ts'

it('a pool codes segments on threads, in shared memory, with the results of the code', async () => {
  const pool = createErasurePool(2)
  const [k, n, shardBytes] = [10, 16, 3200]
  const code = createErasureCode({ dataShards: k, totalShards: n })
  await Promise.all(
    Array.from({ length: 6 }, async () => {
      const buffer = new SharedArrayBuffer(n * shardBytes)
      const shards = Array.from({ length: n }, (_, i) => new Uint8Array(buffer, i * shardBytes, shardBytes))
      const data = defaultCrypto().randomBytes(k * shardBytes)
      for (let i = 0; i < k; i++) shards[i]!.set(data.subarray(i * shardBytes, (i + 1) * shardBytes))
      await pool.run({ dataShards: k, totalShards: n, buffer, shardBytes })
      expect(code.verify(shards)).toBe(true)
      const lost = [0, 3, 9, 11, 12, 15]
      for (const i of lost) shards[i]!.fill(0)
      await pool.run({ dataShards: k, totalShards: n, buffer, shardBytes, lost })
      expect(code.verify(shards)).toBe(true)
      expect(Buffer.compare(shards[3]!, data.subarray(3 * shardBytes, 4 * shardBytes))).toBe(0)
    }),
  )
  const buffer = new SharedArrayBuffer(3 * 32)
  await expect(pool.run({ dataShards: 2, totalShards: 3, buffer, shardBytes: 32, lost: [0, 1] })).rejects.toMatchObject(
    { code: 'STORAGE_TOO_FEW_SHARDS' },
  )
  await expect(pool.run({ dataShards: 2, totalShards: 3, buffer, shardBytes: 33 })).rejects.toMatchObject({
    code: 'STORAGE_INVALID_ARGUMENT',
  })
  await pool.close()
  await expect(pool.run({ dataShards: 2, totalShards: 3, buffer, shardBytes: 32 })).rejects.toMatchObject({
    code: 'STORAGE_CLOSED',
  })
  expect(() => createErasurePool(0)).toThrow(/thread/)
})
