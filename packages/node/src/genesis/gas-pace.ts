/**
 * What a gas limit asks of a validator: the blocks that rounds bring have to be executed by the time that the next ones come. Nanoseconds of a
 * gas are those of docs/measurements.md, "What gas means in time" (one core of a 2 vCPU Intel Xeon).
 */
import { NodeError } from '../errors.ts'
import { ELASTICITY } from '../execution/header.ts'

/** Of what contracts usually do. */
const USUAL_NS_PER_GAS = 100n
/** Of the dearest code that is known: calls of a contract of 24 KiB that jumps. */
const WORST_NS_PER_GAS = 230n
/** Leaders are committed every other round. */
const ROUNDS_PER_BLOCK = 2n
const NS_PER_MS = 1_000_000n

/**
 * The largest gas limit of blocks that a core keeps up with at this pace, with the usual code: what it executes between two blocks, times two,
 * as the base fee (EIP-1559) holds blocks at half of their limit. 40 million at a round a second.
 */
export function gasLimitAtPace(roundIntervalMs: number): bigint {
  return (ELASTICITY * ROUNDS_PER_BLOCK * BigInt(Math.floor(roundIntervalMs)) * NS_PER_MS) / USUAL_NS_PER_GAS
}

/** `NODE_GAS_PACE` if validators that make units at this pace would have more to execute than they can; undefined if the two fit. */
export function gasPaceFault(gasLimit: bigint, roundIntervalMs: number): NodeError | undefined {
  const most = gasLimitAtPace(roundIntervalMs)
  if (gasLimit <= most) return undefined
  const needed = Number((gasLimit * USUAL_NS_PER_GAS) / (ELASTICITY * ROUNDS_PER_BLOCK * NS_PER_MS)) + 1
  const worstSeconds = Number((gasLimit * WORST_NS_PER_GAS) / NS_PER_MS) / 1_000
  return new NodeError(
    'NODE_GAS_PACE',
    `blocks of ${gasLimit} gas are more than a core executes at rounds of ${roundIntervalMs} ms: ${most} gas, or rounds of ${needed} ms, would fit`,
    { gasLimit: gasLimit.toString(), roundIntervalMs, most: most.toString(), neededRoundMs: needed, worstSeconds },
  )
}
