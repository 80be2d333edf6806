/// <reference types="node" />
/** The thread of an erasure pool: encodes and rebuilds segments whose shards lie in one shared buffer. */
import { parentPort } from 'node:worker_threads'
import { createErasureCode, type ErasureCode } from '../erasure/code.ts'
import type { PoolTask } from './erasure-pool.ts'

const codes = new Map<string, ErasureCode>()

parentPort!.on('message', ({ id, dataShards, totalShards, buffer, shardBytes, lost }: PoolTask & { id: number }) => {
  try {
    const name = `${dataShards}/${totalShards}`
    const code = codes.get(name) ?? createErasureCode({ dataShards, totalShards })
    codes.set(name, code)
    const shards = Array.from({ length: totalShards }, (_, i) => new Uint8Array(buffer, i * shardBytes, shardBytes))
    if (lost === undefined) {
      code.encode(shards.slice(0, dataShards), shards.slice(dataShards))
    } else {
      const gone = new Set(lost)
      const left = shards.map((shard, i) => (gone.has(i) ? undefined : shard))
      code.reconstruct(left, lost, (i) => shards[i]!)
    }
    parentPort!.postMessage({ id })
  } catch (error) {
    parentPort!.postMessage({ id, error: (error as Error).message, code: (error as { code?: string }).code })
  }
})
