import { createErasureCode, encodeSegment } from '@zos/rain-storage'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { portableHasher, SHA2_256 } from '../../src/content/hasher.ts'
import type { RangeRequest } from '../../src/download/source.ts'
import { CdnError } from '../../src/errors.ts'
import type { CodedSegment, SegmentPlan, ShardSource } from '../../src/shards/segment-plan.ts'
import { seeded } from '../seeded.ts'
import { type SimulatedLink, simulatedSource } from './simulated-source.ts'
import type { VirtualClock } from './virtual-clock.ts'

/** Random bytes from a seed, coded by rain storage's code. */
export interface CodedContent {
  content: Uint8Array
  plan: SegmentPlan
  /** By segment and slot. */
  shards: Uint8Array[][]
}

/** Codes `bytes` of random data as k of n in segments of `segmentBytes`. */
export function codedContent(options: {
  bytes: number
  segmentBytes: number
  dataShards: number
  totalShards: number
  seed?: number
}): CodedContent {
  const { bytes, segmentBytes, dataShards, totalShards } = options
  const random = seeded(options.seed ?? 1)
  const words = new Uint32Array(Math.ceil(bytes / 4))
  for (let i = 0; i < words.length; i++) words[i] = random() * 2 ** 32
  const content = new Uint8Array(words.buffer, 0, bytes)
  const code = createErasureCode({ dataShards, totalShards })
  const shards: Uint8Array[][] = []
  const segments: CodedSegment[] = []
  for (let at = 0; at < bytes; at += segmentBytes) {
    const coded = encodeSegment(code, content.slice(at, at + segmentBytes))
    shards.push(coded.shards)
    segments.push({
      length: coded.length,
      shardBytes: coded.shards[0]!.length,
      shards: coded.shards.map((shard) =>
        CID.createV1(0x55, createDigest(SHA2_256, portableHasher(SHA2_256, shard) as Uint8Array)),
      ),
    })
  }
  return { content, plan: { dataShards, alignBytes: 128, segments, code }, shards }
}

/** A holder of one slot of every segment, behind a simulated link; `has`: what it really has, if not just that. */
export function simulatedHolder(
  clock: VirtualClock,
  { shards }: CodedContent,
  link: SimulatedLink,
  options: {
    slot: number
    wholeOnly?: boolean
    has?: (segment: number, slot: number) => boolean
  },
): ShardSource & { sent: number } {
  const { has = (_segment, slot) => slot === options.slot } = options
  // One link for all its shards: they lie one after another in what the link serves.
  const starts = [0]
  for (const row of shards) starts.push(starts.at(-1)! + row.length * row[0]!.length)
  const all = new Uint8Array(starts.at(-1)!)
  shards.forEach((row, segment) => {
    row.forEach((shard, slot) => {
      all.set(shard, starts[segment]! + slot * shard.length)
    })
  })
  const source = simulatedSource(clock, all, link)
  return {
    id: link.id,
    ...(link.parallel ? { parallel: link.parallel } : {}),
    ...(options.wholeOnly ? { wholeOnly: true } : {}),
    get sent() {
      return source.sent
    },
    slots: () => [options.slot],
    read({ segment, slot, start, end, shardBytes }, { signal }) {
      if (!has(segment, slot)) throw new CdnError('CDN_NOT_HERE', `${link.id} does not have it`)
      const base = starts[segment]! + slot * shardBytes
      return source.read({ start: base + start, end: base + end } as RangeRequest, { signal })
    },
  }
}
