// What the TPU benches send, in flat memory: as hundreds of thousands of objects it would make this process's collector pause, and its
// pauses would be counted as the node's latency.
import { encodeFrame, FRAME_STATUS } from '@zos/pipeline/tpu'
import type { Key, Plan } from './generator.ts'

/** Items are dealt out to this many connections in turn; a sender stays on its own, so that its nonces arrive in order. */
export const CONNECTIONS = 4
export const DURABLE = FRAME_STATUS.indexOf('durable')
/** Expected of a damaged signature: any refusal. In an Ethereum transaction it names another, unfunded sender. */
export const REFUSED = 255
const NONCE_USED = FRAME_STATUS.indexOf('nonce-used')
const DUPLICATE = FRAME_STATUS.indexOf('duplicate')
const CHUNK = 4096

/** The frames of one connection. */
export interface LaneLoad {
  readonly frames: Uint8Array
  /** Where each frame ends. */
  readonly ends: Uint32Array
  /** The status that each must get: a number in FRAME_STATUS, or REFUSED. */
  readonly expected: Uint8Array
  /** 1 when it was acknowledged. */
  readonly acked: Uint8Array
}

/** By item: keys are numbers in the list of keys; what is said of refused ones has no meaning. */
export interface Load {
  readonly lanes: readonly LaneLoad[]
  readonly from: Uint32Array
  readonly to: Uint32Array
  readonly nonce: Uint32Array
  readonly amount: Uint32Array
  readonly ids: Uint8Array
}

export interface LoadOptions {
  readonly count: number
  readonly sign: (plans: readonly Plan[], firstNonce: bigint) => Uint8Array[]
  readonly idOf: (raw: Uint8Array) => Uint8Array
  /** Frames carry the sender as a hint. */
  readonly hints: boolean
}

/** 97 % good transfers; 1 % damaged signatures, 1 % used nonces, 1 % repetitions of the frame before, at drawn places. */
export function makeLoad(options: LoadOptions, keys: readonly Key[], below: (limit: number) => number): Load {
  const { count, sign, idOf, hints } = options
  const [from, to, nonce, amount] = [0, 0, 0, 0].map(() => new Uint32Array(count)) as [
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
  ]
  const ids = new Uint8Array(32 * count)
  const expected = new Uint8Array(count)
  const next = new Uint32Array(keys.length)
  const frames: Uint8Array[][] = Array.from({ length: CONNECTIONS }, () => [])
  for (let start = 0; start < count; start += CHUNK) {
    const end = Math.min(start + CHUNK, count)
    for (let i = start; i < end; i++) {
      const key = below(Math.floor(keys.length / CONNECTIONS)) * CONNECTIONS + (i % CONNECTIONS)
      const draw = below(100)
      from[i] = key
      to[i] = below(keys.length)
      amount[i] = 1 + below(1_000_000)
      if (draw === 0) expected[i] = REFUSED
      else if (draw === 1 && next[key]! > 0) expected[i] = NONCE_USED
      else if (draw === 2 && i >= CONNECTIONS && expected[i - CONNECTIONS] === DURABLE) expected[i] = DUPLICATE
      else expected[i] = DURABLE
      nonce[i] = expected[i] === NONCE_USED ? next[key]! - 1 : next[key]!
      if (expected[i] === DURABLE) next[key]!++
    }
    const plans = Array.from({ length: end - start }, (_, k): Plan => {
      const i = start + k
      return {
        from: keys[from[i]!]!,
        to: keys[to[i]!]!.address,
        nonce: BigInt(nonce[i]!),
        amount: BigInt(amount[i]!),
      }
    })
    const raws = sign(plans, 2n ** 200n + BigInt(start))
    for (const [k, raw] of raws.entries()) {
      const i = start + k
      const lane = frames[i % CONNECTIONS]!
      if (expected[i] === DUPLICATE) {
        lane.push(lane.at(-1)!)
        continue
      }
      ids.set(idOf(raw), 32 * i)
      if (expected[i] === REFUSED) raw[raw.length - 1]! ^= 1
      lane.push(encodeFrame(raw, hints ? plans[k]!.from.address : undefined))
    }
  }
  const lanes = frames.map((list, lane): LaneLoad => {
    const ends = new Uint32Array(list.length)
    let at = 0
    for (const [k, frame] of list.entries()) ends[k] = at += frame.length
    return {
      frames: Buffer.concat(list),
      ends,
      expected: expected.filter((_, i) => i % CONNECTIONS === lane),
      acked: new Uint8Array(list.length),
    }
  })
  return { lanes, from, to, nonce, amount, ids }
}
