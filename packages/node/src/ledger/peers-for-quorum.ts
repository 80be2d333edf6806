import type { Committee } from '@zos/zpos'

/** How many others a validator must be in step with before it makes units: with them it could be a quorum, whoever they are. */
export function peersForQuorum({ members, quorum }: Committee): number {
  const descending = members.map(({ stake }) => stake).sort((a, b) => (a > b ? -1 : 1))
  let stake = 0n
  let count = 0
  for (const next of descending) {
    if (stake >= quorum) break
    stake += next
    count++
  }
  return Math.max(0, count - 1)
}
