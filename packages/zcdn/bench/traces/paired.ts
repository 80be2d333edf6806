/** Blocks of a trace: so few that the next hardly knows of the last, so many that Student's t is near the normal distribution. */
export const BLOCKS = 30
/** Of Student's t with 29 degrees of freedom, 97.5 %. */
const T = 2.045

/** Adds up what happens in each block of a trace of so many requests. */
export function blockSums(requests: number): {
  readonly sums: Float64Array
  add(request: number, amount: number): void
} {
  const sums = new Float64Array(BLOCKS)
  return {
    sums,
    add(request, amount) {
      sums[Math.floor((request * BLOCKS) / requests)]! += amount
    },
  }
}

/**
 * How far one policy is ahead of another over a trace and the half width of the 95 % interval, as shares of `total`: by the differences in blocks
 * of the same requests (batch means), for what one request finds depends on those before it.
 */
export function pairedDifference(
  ours: Float64Array,
  theirs: Float64Array,
  total: number,
): { ahead: number; halfWidth: number } {
  const differences = Array.from(ours, (sum, block) => sum - theirs[block]!)
  const ahead = differences.reduce((a, b) => a + b, 0)
  const mean = ahead / BLOCKS
  const variance = differences.reduce((a, b) => a + (b - mean) ** 2, 0) / (BLOCKS - 1)
  return { ahead: ahead / total, halfWidth: (T * Math.sqrt(variance * BLOCKS)) / total }
}
